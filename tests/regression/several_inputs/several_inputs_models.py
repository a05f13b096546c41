# Run in a process of its own: `python several_inputs_models.py FOLDER` saves the models.
"""Keras models whose inputs and outputs the converter orders otherwise than Keras."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any


def save_all(folder: Path) -> None:
    """Write every model to `<folder>/<name>.keras`."""
    import keras
    from keras import layers

    keras.utils.set_random_seed(9)

    def inputs(batch: int | None = None) -> tuple[Any, Any]:
        image = keras.Input((4, 4, 2), batch_size=batch, name="zebra image")
        vector = keras.Input((5,), batch_size=batch, name="apple")
        return image, vector

    def scores(image: Any, vector: Any) -> tuple[Any, Any]:
        x = layers.Conv2D(3, 3, activation="relu", name="look")(image)
        x = layers.Concatenate(name="join")([layers.Flatten()(x), vector])
        return layers.Dense(4, name="scores")(x), layers.Dense(2, name="boxes")(x)

    image, vector = inputs()
    first, second = scores(image, vector)
    keras.Model([image, vector], [first, second]).save(folder / "lists.keras")

    image, vector = inputs(1)
    first, second = scores(image, vector)
    nested = {"picture": image, "meta": [vector]}
    outputs = {"z": second, "a": {"inner": first}, "apple": layers.ReLU(name="cut")(first)}
    keras.Model(nested, outputs).save(folder / "dicts.keras")

    image, vector = inputs(1)
    first, second = scores(image, vector)
    unread = keras.Input((3,), batch_size=1, name="nobody")
    constant = keras.ops.zeros_like(first) + 3.0
    odd = [second, first, second, vector, layers.Add(name="sum")([first, constant]), constant]
    keras.Model([unread, image, vector], odd).save(folder / "odd.keras")

    many = [keras.Input((n + 1,), name=f"in_{n}") for n in range(12)]
    sums = [layers.Dense(n + 1, name=f"out_{n}")(x) for n, x in enumerate(many)]
    keras.Model(many, sums).save(folder / "many.keras")


if __name__ == "__main__":
    save_all(Path(sys.argv[1]))
