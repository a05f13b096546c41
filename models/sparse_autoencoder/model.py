# SPDX-License-Identifier: Apache-2.0
"""The convolutional, sparse autoencoder."""

from __future__ import annotations

import keras
from keras import layers

SIDE = 32
CODE_CHANNELS = 16  # 8 x 8 x 16 = 1024 values, as many as the picture has
ACTIVITY = 1e-6  # of the sum of all activations of the code in a batch, beside the MSE
DROPPED = 0.1  # share of the code's units that are left out in a training step


def build(batch_size: int | None = 1) -> keras.Model:
    """An untrained autoencoder: float32 [1, 32, 32, 1] -> the same, and its code [1, 8, 8, 16].

    The code is as large as the picture; what keeps the model from copying is that active units
    cost (L1 activity regularisation) and that none can be relied upon (dropout). It is the second
    output. The batch size of the deployed model is 1, so that the converter writes static shapes;
    None lets it train on any.
    """
    image = keras.Input((SIDE, SIDE, 1), batch_size=batch_size, name="image")
    x = _conv(image, 16, "encode_16x16", stride=2)
    x = _conv(x, 32, "encode_8x8", stride=2)
    code = layers.Conv2D(
        CODE_CHANNELS,
        3,
        padding="same",
        activation="relu",
        activity_regularizer=keras.regularizers.L1(ACTIVITY),
        name="code",
    )(x)
    x = layers.Dropout(DROPPED, name="drop")(code)
    x = _conv(x, 32, "decode_8x8")
    x = _enlarge(x, 16, "decode_16x16")
    x = _enlarge(x, 16, "decode_32x32")
    x = layers.Conv2D(1, 3, padding="same", activation="sigmoid", name="reconstruction")(x)
    return keras.Model(image, [x, code], name="sparse_autoencoder")


def _conv(x: keras.KerasTensor, channels: int, name: str, stride: int = 1) -> keras.KerasTensor:
    return layers.Conv2D(channels, 3, stride, padding="same", activation="relu", name=name)(x)


def _enlarge(x: keras.KerasTensor, channels: int, name: str) -> keras.KerasTensor:
    return layers.Conv2DTranspose(channels, 3, 2, padding="same", activation="relu", name=name)(x)
