"""Keras models with recurrent layers. Saved in the child process that has TensorFlow."""

from __future__ import annotations

from typing import Any

STEPS, FEATURES = 4, 3
NAMES = (
    "all", "lstm", "unrolled lstm", "gru", "gru before", "simple", "backwards", "bidirectional",
    "added", "sequence",
)  # fmt: skip


def save(name: str, file: str, on_progress: Any) -> None:
    """Write the model of that name."""
    del on_progress
    import keras

    keras.utils.set_random_seed(1)
    x = keras.Input((STEPS, FEATURES), name="x")
    keras.Model(x, keras.layers.Dense(2)(_recurrent(name, x))).save(file)


def _recurrent(name: str, x: Any) -> Any:
    from keras.layers import GRU, LSTM, Bidirectional, Flatten, SimpleRNN

    if name == "all":
        return Bidirectional(GRU(3))(LSTM(4, return_sequences=True)(x))
    if name == "sequence":
        return Flatten()(Bidirectional(GRU(3, return_sequences=True))(x))
    layers = {
        "lstm": lambda: LSTM(5),
        "unrolled lstm": lambda: LSTM(5, unroll=True),
        "gru": lambda: GRU(5),
        "gru before": lambda: GRU(5, reset_after=False),
        "simple": lambda: SimpleRNN(5),
        "backwards": lambda: LSTM(5, go_backwards=True),
        "bidirectional": lambda: Bidirectional(LSTM(5)),
        "added": lambda: Bidirectional(LSTM(5), merge_mode="sum"),
    }
    return layers[name]()(x)
