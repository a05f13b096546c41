# SPDX-License-Identifier: Apache-2.0
"""The classifier of log-mel spectra."""

from __future__ import annotations

import chirps_tables as tables
import keras
from keras import layers


def build(classes: int, batch_size: int | None = 1) -> keras.Model:
    """An untrained classifier: float32 [1, 15, 16, 1] -> probabilities [1, classes].

    The batch size of the deployed model is 1, so that the converter writes static shapes.
    """
    shape = (tables.FRAMES, tables.BANDS, 1)
    spectrum = keras.Input(shape, batch_size=batch_size, name="spectrum")
    x = layers.Conv2D(8, 3, padding="same", activation="relu", name="edges")(spectrum)
    x = layers.Conv2D(16, 3, 2, padding="same", activation="relu", name="slopes")(x)
    x = layers.Conv2D(16, 3, 2, padding="same", activation="relu", name="shapes")(x)
    x = layers.Flatten(name="flat")(x)
    x = layers.Dense(classes, activation="softmax", name="movement")(x)
    return keras.Model(spectrum, x, name="chirps")
