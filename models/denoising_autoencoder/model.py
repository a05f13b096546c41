# SPDX-License-Identifier: Apache-2.0
"""The denoising autoencoder."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

import keras
from keras import layers
from msgspec import Meta

SIDE = 32

Activation = Literal["relu", "relu6", "leaky_relu", "tanh"]


@dataclass(frozen=True)
class Architecture:
    """The options that make the network: see MODEL.md."""

    width: Annotated[int, Meta(ge=2, le=64)] = 16
    smoothings: Annotated[int, Meta(ge=0, le=3)] = 1
    separable: bool = False
    activation: Activation = "relu"

    def conv(
        self, x: keras.KerasTensor, channels: int, name: str, stride: int = 1
    ) -> keras.KerasTensor:
        """A 3 x 3 convolution; a separable one is depthwise, then 1 x 1."""
        kind = layers.SeparableConv2D if self.separable else layers.Conv2D
        activation = self.activation
        return kind(channels, 3, stride, padding="same", activation=activation, name=name)(x)

    def enlarge(self, x: keras.KerasTensor, channels: int, name: str) -> keras.KerasTensor:
        """Twice the height and width. Separable ones repeat pixels: Keras transposes none."""
        if self.separable:
            x = layers.UpSampling2D(interpolation="nearest", name=f"{name}_repeat")(x)
            return self.conv(x, channels, name)
        activation = self.activation
        return layers.Conv2DTranspose(
            channels, 3, 2, padding="same", activation=activation, name=name
        )(x)


def build(chosen: Architecture, batch_size: int | None = 1) -> keras.Model:
    """An untrained autoencoder: float32 [1, 32, 32, 1] with noise -> [1, 32, 32, 1] without.

    Noise keeps it from learning the identity, so that its code [1, 16, 16, 32] may hold more values
    than the picture. The output is linear: unlike a sigmoid's input it needs no tails for black and
    white, which an int8 range would have to cover. The batch size of the deployed model is 1, so
    that the converter writes static shapes; None lets it train on any.
    """
    image = keras.Input((SIDE, SIDE, 1), batch_size=batch_size, name="image")
    x = chosen.conv(image, chosen.width, "encode_32x32")
    x = chosen.conv(x, 2 * chosen.width, "encode_16x16", stride=2)
    for name in ["smooth", "smooth_2", "smooth_3"][: chosen.smoothings]:
        x = chosen.conv(x, 2 * chosen.width, name)
    x = chosen.conv(x, 2 * chosen.width, "code")
    x = chosen.enlarge(x, chosen.width, "decode_32x32")
    x = layers.Conv2D(1, 3, padding="same", name="denoised")(x)
    return keras.Model(image, x, name="denoising_autoencoder")
