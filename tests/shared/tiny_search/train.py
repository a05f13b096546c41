"""Trains a convolution and a dense layer on a few small pictures, in a second."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import numpy as np

Array = np.ndarray[Any, Any]
SIDE, SAMPLES, GOLDEN = 6, 96, 24


def train(
    seed: int,
    epochs: int,
    on_progress: Callable[..., None],
    width: int = 4,
    rate: float = 0.01,
) -> tuple[keras.Model, dict[str, Array], dict[str, Array]]:
    """The trained model, the calibration arrays and the golden arrays."""
    rng = np.random.default_rng(seed)
    inputs, labels = drawn(rng, SAMPLES)
    held, truth = drawn(rng, GOLDEN)
    model = untrained(width)
    # eagerly: to make a graph of so few steps takes longer than the steps
    model.compile(keras.optimizers.Adam(rate), "sparse_categorical_crossentropy", run_eagerly=True)
    for epoch in range(1, epochs + 1):
        for at in range(0, SAMPLES, 24):
            model.train_on_batch(inputs[at : at + 24], labels[at : at + 24])
        right = np.argmax(model(held), axis=1) == truth
        on_progress(epoch, epochs, float(right.mean()))
    return model, {"inputs": inputs[:16]}, {"inputs": held, "labels": truth}


def untrained(width: int = 4) -> keras.Model:
    """The same model before it learns."""
    image = keras.Input((SIDE, SIDE, 1), batch_size=1, name="image")
    x = keras.layers.Conv2D(width, 3, activation="relu", name="only")(image)
    x = keras.layers.Flatten()(keras.layers.MaxPooling2D(2, name="most")(x))
    return keras.Model(image, keras.layers.Dense(2, activation="softmax", name="kinds")(x))


def drawn(rng: np.random.Generator, count: int) -> tuple[Array, Array]:
    """Pictures of noise with a stripe, float32 [N, SIDE, SIDE, 1], and whether it stands."""
    labels = (np.arange(count) % 2).astype(np.uint8)
    inputs = rng.normal(0, 0.3, (count, SIDE, SIDE))
    for picture, stands, at in zip(inputs, labels, rng.integers(SIDE, size=count), strict=True):
        stripe = picture[:, at] if stands else picture[at]
        stripe += 1
    return inputs[..., None].astype(np.float32), labels
