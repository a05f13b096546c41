# Run in a process of its own: `python clamping_model.py FILE.keras`.
"""A Keras model with a ReLU6 of its own wherever TensorFlow's converter leaves one."""

from __future__ import annotations

import sys
from typing import Any

SHAPE = (8, 8, 3)


def save(file: str) -> None:
    """Write the model: four situations, one after the other."""
    import keras
    from keras import layers

    keras.utils.set_random_seed(5)
    wide = keras.initializers.RandomNormal(stddev=0.6)

    def conv(x: Any) -> Any:
        return layers.Conv2D(4, 3, padding="same", kernel_initializer=wide)(x)

    def clamp(x: Any) -> Any:
        return layers.ReLU(max_value=6.0)(x)

    image = keras.Input(SHAPE, batch_size=1, name="image")
    x = conv(clamp(image))
    x = conv(clamp(layers.UpSampling2D(2, interpolation="bilinear")(x)))
    grow = layers.Conv2DTranspose(4, 3, 2, use_bias=False, kernel_initializer=wide)
    x = clamp(grow(x))
    x = clamp(layers.Concatenate()([conv(x), conv(x)]))
    keras.Model(image, conv(x)).save(file)


if __name__ == "__main__":
    save(sys.argv[1])
