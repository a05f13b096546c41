"""A Keras model of layers that reduce, compare and multiply. Runs in TensorFlow's process."""

from __future__ import annotations

from typing import Any

INPUT = (8, 8, 4)


def save(name: str, file: str, on_progress: Any) -> None:
    """Write the model, whose parts no converter may leave out."""
    del name, on_progress
    import keras
    from keras import layers, ops

    keras.utils.set_random_seed(1)
    image = keras.Input(INPUT)
    x, y = (layers.Conv2D(6, 3)(image) for _ in range(2))
    grouped = layers.Conv2D(8, 3, groups=2, padding="same")(image)
    grown = layers.Conv2DTranspose(3, 3, strides=2, padding="valid")(grouped)
    tokens = layers.Reshape((36, 6))(y)
    parts = [
        layers.GlobalMaxPooling2D()(x),
        ops.min(x, axis=-1),
        ops.sum(y, axis=(1, 2)),
        layers.Minimum()([x, y]),
        layers.Maximum()([x, y]),
        layers.ReLU(max_value=1 / 3)(y),
        ops.square(x - ops.mean(x, axis=-1, keepdims=True)),
        layers.Attention()([tokens, layers.Dense(6)(tokens)])
        + layers.MultiHeadAttention(2, 3)(tokens, tokens),
        ops.matmul(tokens, layers.Dense(6, use_bias=False)(tokens[:, :6])),
        layers.GlobalAveragePooling2D()(grown),
    ]
    flat = layers.Concatenate()([layers.Flatten()(part) for part in parts])
    keras.Model(image, layers.Dense(5)(flat)).save(file)
