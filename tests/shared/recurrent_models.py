"""Keras models with recurrent layers. Saved in the child process that has TensorFlow."""

from __future__ import annotations

from typing import Any

STEPS, FEATURES = 4, 3
NAMES = (
    "all", "lstm", "unrolled lstm", "gru", "gru before", "simple", "backwards", "bidirectional",
    "added", "sequence",
)  # fmt: skip
SIDE_BY_SIDE = "side by side"


def save(name: str, file: str, on_progress: Any) -> None:
    """Write the model of that name; all of them with one input where it is `SIDE_BY_SIDE`."""
    del on_progress
    import keras

    keras.utils.set_random_seed(1)
    x = keras.Input((STEPS, FEATURES), name="x")
    names = NAMES if name == SIDE_BY_SIDE else (name,)
    ends = [keras.layers.Dense(2)(_recurrent(each, x)) for each in names]
    keras.Model(x, keras.layers.Concatenate()(ends) if len(ends) > 1 else ends[0]).save(file)


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
