# SPDX-License-Identifier: Apache-2.0
"""The denoising autoencoder."""

from __future__ import annotations

import keras
from keras import layers

SIDE = 32


def build(batch_size: int | None = 1) -> keras.Model:
    """An untrained autoencoder: float32 [1, 32, 32, 1] with noise -> [1, 32, 32, 1] without.

    Noise keeps it from learning the identity, so that its code [1, 16, 16, 32] may hold more values
    than the picture. The output is linear: unlike a sigmoid's input it needs no tails for black and
    white, which an int8 range would have to cover. The batch size of the deployed model is 1, so
    that the converter writes static shapes; None lets it train on any.
    """
    image = keras.Input((SIDE, SIDE, 1), batch_size=batch_size, name="image")
    x = _conv(image, 16, "encode_32x32")
    x = _conv(x, 32, "encode_16x16", stride=2)
    x = _conv(x, 32, "smooth")
    x = _conv(x, 32, "code")
    x = layers.Conv2DTranspose(16, 3, 2, padding="same", activation="relu", name="decode_32x32")(x)
    x = layers.Conv2D(1, 3, padding="same", name="denoised")(x)
    return keras.Model(image, x, name="denoising_autoencoder")


def _conv(x: keras.KerasTensor, channels: int, name: str, stride: int = 1) -> keras.KerasTensor:
    return layers.Conv2D(channels, 3, stride, padding="same", activation="relu", name=name)(x)
