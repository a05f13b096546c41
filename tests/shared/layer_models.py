"""Keras models with activations and normalisations. Saved in the child that has TensorFlow."""

from __future__ import annotations

from typing import Any

SHAPE = (6, 6, 4)
NAMES = (
    "all", "elu", "exponential", "gelu", "group", "hard_sigmoid", "hard_swish", "layer",
    "leaky", "log_softmax", "mish", "prelu", "prelu everywhere", "relu1", "selu", "softplus",
    "softsign", "swish", "unit",
)  # fmt: skip
SIDE_BY_SIDE = "side by side"
IN_A_ROW = ("prelu", "layer", "gelu", "group", "elu", "hard_swish")


def save(name: str, file: str, on_progress: Any) -> None:
    """Write the model of that name; all of them with one input where it is `SIDE_BY_SIDE`."""
    del on_progress
    import keras

    keras.utils.set_random_seed(1)
    x = keras.Input(SHAPE, name="x")
    y = _side_by_side(x) if name == SIDE_BY_SIDE else _named(name, x)
    model = keras.Model(x, y)
    for weight in model.weights:
        noise = keras.random.normal(weight.shape, stddev=0.3, seed=len(weight.path))
        weight.assign(weight + noise)
    model.save(file)


def _side_by_side(x: Any) -> Any:
    """A Dense after each: a CONCATENATION would give all of them the scale of the largest."""
    from keras.layers import Concatenate, Dense, Flatten

    return Concatenate()([Dense(3)(Flatten()(_named(name, x))) for name in NAMES])


def _named(name: str, x: Any) -> Any:
    from keras.layers import Conv2D

    y = Conv2D(4, 3, padding="same")(x)
    for each in IN_A_ROW if name == "all" else (name,):
        y = _layer(each)(y)
    return y


def _layer(name: str) -> Any:
    from keras import layers

    made = {
        "group": lambda: layers.GroupNormalization(groups=2),
        "layer": layers.LayerNormalization,
        "leaky": layers.LeakyReLU,
        "prelu": lambda: layers.PReLU(shared_axes=[1, 2]),
        "prelu everywhere": layers.PReLU,
        "relu1": lambda: layers.ReLU(max_value=1.0),
        "unit": layers.UnitNormalization,
    }
    return made[name]() if name in made else layers.Activation(name)
