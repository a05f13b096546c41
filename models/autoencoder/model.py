# SPDX-License-Identifier: Apache-2.0
"""The convolutional, undercomplete autoencoder."""

from __future__ import annotations

import keras
from keras import layers

SIDE = 32
LATENT_CHANNELS = 8


def build(batch_size: int | None = 1) -> keras.Model:
    """An untrained autoencoder: float32 [1, 32, 32, 1] -> [1, 32, 32, 1], in 0 ... 1.

    The bottleneck is [1, 4, 4, 8]: 128 values for 1024 pixels. The batch size of the deployed
    model is 1, so that the converter writes static shapes; None lets it train on any.
    """
    image = keras.Input((SIDE, SIDE, 1), batch_size=batch_size, name="image")
    x = _encode(image, 16, "encode_16x16")
    x = _encode(x, 32, "encode_8x8")
    x = _encode(x, LATENT_CHANNELS, "bottleneck")
    x = _decode(x, 32, "decode_8x8")
    x = _decode(x, 16, "decode_16x16")
    x = _decode(x, 16, "decode_32x32")
    x = layers.Conv2D(1, 3, padding="same", activation="sigmoid", name="reconstruction")(x)
    return keras.Model(image, x, name="autoencoder")


def _encode(x: keras.KerasTensor, channels: int, name: str) -> keras.KerasTensor:
    return layers.Conv2D(channels, 3, 2, padding="same", activation="relu", name=name)(x)


def _decode(x: keras.KerasTensor, channels: int, name: str) -> keras.KerasTensor:
    return layers.Conv2DTranspose(channels, 3, 2, padding="same", activation="relu", name=name)(x)
