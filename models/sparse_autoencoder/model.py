# SPDX-License-Identifier: Apache-2.0
"""The convolutional, sparse autoencoder."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

import keras
from keras import layers
from msgspec import Meta

SIDE = 32

Activation = Literal["relu", "relu6"]  # a code of others has no zeros


@dataclass(frozen=True)
class Architecture:
    """The options that make the network: see MODEL.md."""

    width: Annotated[int, Meta(ge=2, le=64)] = 16
    code_channels: Annotated[int, Meta(ge=1, le=64)] = 16
    separable: bool = False
    activation: Activation = "relu"
    sparsity: Annotated[float, Meta(ge=0, le=0.001)] = 1e-6
    dropout: Annotated[float, Meta(ge=0, le=0.9)] = 0.1

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
    """An untrained autoencoder: float32 [1, 32, 32, 1] -> the same, and its code [1, 8, 8, C].

    With 16 channels the code is as large as the picture. What keeps the model from copying is that
    active units cost (L1 activity regularisation: `sparsity` times the sum of all activations of
    the code in a batch, beside the MSE) and that none can be relied upon (`dropout`: the share of
    units that are left out in a training step). The code is the second output. The batch size of
    the deployed model is 1, so that the converter writes static shapes; None lets it train on any.
    """
    image = keras.Input((SIDE, SIDE, 1), batch_size=batch_size, name="image")
    x = chosen.conv(image, chosen.width, "encode_16x16", stride=2)
    x = chosen.conv(x, 2 * chosen.width, "encode_8x8", stride=2)
    code = layers.Conv2D(
        chosen.code_channels,
        3,
        padding="same",
        activation=chosen.activation,
        activity_regularizer=keras.regularizers.L1(chosen.sparsity),
        name="code",
    )(x)
    x = layers.Dropout(chosen.dropout, name="drop")(code)
    x = chosen.conv(x, 2 * chosen.width, "decode_8x8")
    x = chosen.enlarge(x, chosen.width, "decode_16x16")
    x = chosen.enlarge(x, chosen.width, "decode_32x32")
    x = layers.Conv2D(1, 3, padding="same", activation="sigmoid", name="reconstruction")(x)
    return keras.Model(image, [x, code], name="sparse_autoencoder")
