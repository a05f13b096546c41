# Run in a process of its own: `python fresh_models.py FOLDER` trains the models of a new user.
"""Small Keras models of four kinds, trained in a few lines, with samples and labels as saved."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np

SAMPLES = 300


def main(folder: Path) -> None:
    """Write `<kind>.keras` and `<kind>.npz` of each kind."""
    import keras
    from keras import layers

    keras.utils.set_random_seed(4)
    rng = np.random.default_rng(4)

    def save(
        kind: str, model: Any, loss: str, x: Any, y: Any, epochs: int, /, **arrays: Any
    ) -> None:
        model.compile(keras.optimizers.Adam(0.01), loss)
        model.fit(x, y, epochs=epochs, verbose=0)
        model.save(folder / f"{kind}.keras")
        np.savez(folder / f"{kind}.npz", **arrays)

    labels = rng.integers(0, 3, SAMPLES)
    x = (rng.normal(size=(SAMPLES, 6)) + 3 * np.eye(6)[labels]).astype(np.float32)
    model = keras.Sequential([keras.Input((6,)), layers.Dense(3, activation="softmax")])
    names = np.array(["left", "right", "up"])[labels]
    save("classes", model, "sparse_categorical_crossentropy", x, labels, 20, x=x, y=names)

    x = rng.uniform(-2, 2, (SAMPLES, 1)).astype(np.float32)
    model = keras.Sequential(
        [keras.Input((1,)), layers.Dense(16, activation="relu"), layers.Dense(1)]
    )
    save("numbers", model, "mse", x, np.sin(x), 60, inputs=x, targets=np.sin(x))

    phase = rng.uniform(0, 6.28, (SAMPLES, 1))
    x = np.sin(np.arange(24) * 0.4 + phase).astype(np.float32)
    model = keras.Sequential(
        [keras.Input((24,)), layers.Dense(6, activation="relu"), layers.Dense(24)]
    )
    save("waves", model, "mse", x, x, 60, inputs=x)

    x = rng.uniform(0, 0.4, (SAMPLES, 8, 8, 1)).astype(np.float32)
    masks = np.zeros((SAMPLES, 8, 8), np.uint8)
    for number, (row, column) in enumerate(rng.integers(0, 5, (SAMPLES, 2))):
        masks[number, row : row + 3, column : column + 3] = 255
    x[masks == 255] += 0.5
    model = keras.Sequential(
        [keras.Input((8, 8, 1)), layers.Conv2D(1, 3, padding="same", activation="sigmoid")]
    )
    true = masks[..., np.newaxis] / 255
    save("squares", model, "binary_crossentropy", x, true, 40, x=x[..., 0], masks=masks)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
