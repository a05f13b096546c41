"""Small Keras models, each with one thing that conversion must handle or refuse."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import in_tensorflow
import pytest
from made_once import made_once

SHAPE = (8, 6, 2)


def saved(factory: pytest.TempPathFactory) -> Path:
    """The folder with `<name>.keras` of every model."""

    def make(folder: Path) -> None:
        folder.mkdir()
        in_tensorflow.call("keras_models:save_all", {"folder": str(folder)})

    return made_once(factory, "keras-models", make)


def save_all(folder: str, on_progress: Callable[[int, int], None]) -> None:
    """In a child with TensorFlow: write every model to `<folder>/<name>.keras`."""
    import keras
    from keras import layers

    del on_progress
    keras.utils.set_random_seed(5)

    def save(name: str, inputs: Any, output: Any) -> None:
        keras.Model(inputs, output, name="tiny").save(Path(folder, f"{name}.keras"))

    def conv(x: Any, name: str) -> Any:
        return layers.Conv2D(3, 3, padding="same", activation="relu", name=name)(x)

    image = keras.Input(SHAPE, name="image")  # the batch size is open
    x = layers.UpSampling2D((2, 3), name="enlarge")(conv(image, "front"))
    x = layers.Conv2DTranspose(2, 3, 2, bias_initializer="ones", name="grow")(x)
    save("good", image, layers.Softmax(name="classes")(x))

    image = keras.Input(SHAPE, batch_size=1, name="image")
    middle = conv(image, "middle")
    save("two_outputs", image, [layers.AveragePooling2D(2, name="pool")(middle), middle])

    image = keras.Input(SHAPE, batch_size=1, name="image")
    x = keras.ops.power(conv(image, "front"), 1.5)
    save("float_op", image, conv(x, "back"))
    save("unknown_op", image, keras.ops.erf(conv(image, "front")))

    rows = keras.Input((129, 4), batch_size=1, name="rows")
    save("recurrent", rows, layers.LSTM(3, name="memory")(rows))

    front = keras.Sequential([layers.Conv2D(3, 3, name="my conv"), layers.Dropout(0.2)])
    back = [layers.Flatten(), layers.Dense(4, activation="softmax", name="à la fin")]
    keras.Sequential([keras.Input(SHAPE), front, *back]).save(Path(folder, "sequential.keras"))
    lazy = keras.Sequential([layers.Conv2D(3, 3), layers.BatchNormalization()])
    lazy.build((None, *SHAPE))
    lazy.save(Path(folder, "lazy.keras"))
    image = keras.Input(SHAPE, batch_size=1, name="an image")
    save("odd_name", image, conv(image, "front"))
