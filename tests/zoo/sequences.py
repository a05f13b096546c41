"""Architectures for sequences and vectors: recurrent, streaming, convolutional, attention.

Recurrent layers are unrolled: TensorFlow's int8 converter segfaults on those that are loops.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
from keras import Input, Model, layers, ops

Tensor = Any  # Keras's symbolic tensor


def autoencoder() -> Model:
    """Anomaly detection of MLPerf Tiny, narrower: fully connected layers and nothing else."""
    x = window = Input((128,))
    for units in (32, 32, 8, 32, 32):
        x = layers.Activation("relu")(layers.BatchNormalization()(layers.Dense(units)(x)))
    return Model(window, layers.Dense(128)(x))


def tcn() -> Model:
    """Dilated causal convolutions with residuals."""
    signal = Input((40, 6))
    x = layers.Conv1D(12, 1)(signal)
    for dilation in (1, 2, 4):
        y = layers.Conv1D(12, 3, dilation_rate=dilation, padding="causal", activation="relu")(x)
        y = layers.Conv1D(12, 3, dilation_rate=dilation, padding="causal", activation="relu")(y)
        x = layers.Add()([x, y])
    return Model(signal, layers.Dense(4)(layers.GlobalAveragePooling1D()(x)))


def lstm_unrolled() -> Model:
    """An LSTM whose steps are ops of the graph."""
    signal = Input((6, 5))
    x = layers.LSTM(8, unroll=True)(signal)
    return Model(signal, layers.Dense(3, activation="softmax")(x))


def gru_unrolled() -> Model:
    """A GRU whose steps are ops of the graph."""
    signal = Input((5, 5))
    x = layers.GRU(8, unroll=True, reset_after=True)(signal)
    return Model(signal, layers.Dense(3, activation="softmax")(x))


def bidirectional() -> Model:
    """A small recurrent layer in both directions: the sequence is reversed."""
    signal = Input((4, 5))
    x = layers.Bidirectional(layers.SimpleRNN(6, unroll=True))(signal)
    return Model(signal, layers.Dense(3)(x))


def svdf_streaming() -> Model:
    """Two SVDF layers, a frame at a time: each keeps what the caller hands back with the next."""
    x = frame = Input((16,))
    states, kept = [], []
    for units, memory in ((12, 8), (10, 6)):
        state = Input((memory - 1, units))
        feature = layers.Dense(units, use_bias=False)(x)
        window = layers.Concatenate(axis=1)([state, layers.Reshape((1, units))(feature)])
        picture = layers.Reshape((memory, 1, units))(window)
        x = layers.DepthwiseConv2D((memory, 1), activation="relu")(picture)
        x = layers.Reshape((units,))(x)
        states.append(state)
        kept.append(window[:, 1:, :])
    return Model([frame, *states], [layers.Dense(4, activation="softmax")(x), *kept])


def attention_block() -> Model:
    """One encoder block of a transformer: attention of two heads, feed-forward, residuals."""
    width, heads, steps = 16, 2, 12
    tokens = Input((steps, width))

    def split(x: Tensor) -> Tensor:
        x = layers.Reshape((steps, heads, width // heads))(layers.Dense(width)(x))
        return layers.Permute((2, 1, 3))(x)

    query, key, value = split(tokens), split(tokens), split(tokens)
    scores = ops.matmul(query, ops.transpose(key, (0, 1, 3, 2))) * (width // heads) ** -0.5
    mixed = ops.matmul(layers.Softmax()(scores), value)
    mixed = layers.Reshape((steps, width))(layers.Permute((2, 1, 3))(mixed))
    x = layers.Add()([tokens, layers.Dense(width)(mixed)])
    y = layers.Dense(width)(layers.Dense(32, activation="relu")(x))
    return Model(tokens, layers.Add()([x, y]))


def layer_norm_mixer() -> Model:
    """An MLP mixer's block: layer normalisation, and dense layers over either axis."""
    tokens = Input((8, 12))
    x = layers.LayerNormalization()(tokens)
    x = layers.Permute((2, 1))(x)
    x = layers.Permute((2, 1))(layers.Dense(8, activation="relu")(x))
    x = layers.Add()([tokens, x])
    y = layers.Dense(12, activation="gelu")(layers.LayerNormalization()(x))
    return Model(tokens, layers.Dense(3)(layers.GlobalAveragePooling1D()(layers.Add()([x, y]))))


def wake_word() -> Model:
    """Spectrogram frames through convolutions in time, maximum over time."""
    frames = Input((30, 20))
    x = layers.Conv1D(16, 5, 2, activation="relu", padding="same")(frames)
    x = layers.SeparableConv1D(24, 3, activation="relu", padding="same")(x)
    x = layers.GlobalMaxPooling1D()(x)
    return Model(frames, layers.Dense(2, activation="sigmoid")(x))


@keras.saving.register_keras_serializable("zoo")
class Delay(layers.Layer):
    """Keeps the last frames between calls, in a variable of the model."""

    def __init__(self, frames: int, width: int) -> None:
        super().__init__()
        self.kept = self.add_weight(
            shape=(1, frames, width), initializer="zeros", trainable=False, name="kept"
        )

    def call(self, frame: Tensor) -> Tensor:
        """[1, 1, width] -> the last frames, [1, frames, width]."""
        window = ops.concatenate([self.kept.value[:, 1:, :], frame], axis=1)
        self.kept.assign(window)
        return window


def wake_word_variables() -> Model:
    """The same, a frame at a time: past frames are variables of the model."""
    frame = Input((1, 20), batch_size=1)
    x = layers.Conv1D(16, 5, activation="relu")(Delay(5, 20)(frame))
    x = layers.Conv1D(24, 6, activation="relu")(Delay(6, 16)(x))
    return Model(frame, layers.Dense(2, activation="sigmoid")(layers.Flatten()(x)))


SEQUENCES: dict[str, Callable[[], Model]] = {
    f.__name__: f
    for f in (
        autoencoder, tcn, lstm_unrolled, gru_unrolled, bidirectional, svdf_streaming,
        attention_block, layer_norm_mixer, wake_word, wake_word_variables,
    )
}  # fmt: skip
