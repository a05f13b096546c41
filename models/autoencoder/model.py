# SPDX-License-Identifier: Apache-2.0
"""The convolutional autoencoder, and what may be chosen about it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

import keras
from keras import layers
from msgspec import Meta

SIDE = 32

Activation = Literal["relu", "relu6", "leaky_relu", "tanh"]
Bottleneck = Literal["convolutional", "dense"]


@dataclass(frozen=True)
class Architecture:
    """The options that make the network: see MODEL.md."""

    depth: Annotated[int, Meta(ge=1, le=4)] = 3
    convolutions: Annotated[int, Meta(ge=1, le=3)] = 1
    width: Annotated[int, Meta(ge=2, le=64)] = 16
    code: Annotated[int, Meta(ge=1, le=1024)] = 128
    bottleneck: Bottleneck = "convolutional"
    skip_connections: bool = False
    separable: bool = False
    activation: Activation = "relu"
    sparsity: Annotated[float, Meta(ge=0, le=0.001)] = 0.0

    @property
    def bottom(self) -> int:
        """Height and width at the bottleneck."""
        return SIDE >> self.depth

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

    def more(self, x: keras.KerasTensor, name: str) -> keras.KerasTensor:
        """The convolutions of a level after its first."""
        for number in range(2, self.convolutions + 1):
            x = self.conv(x, x.shape[-1], f"{name}_{number}")
        return x


def build(chosen: Architecture, batch_size: int | None = 1) -> keras.Model:
    """An untrained autoencoder: float32 [1, 32, 32, 1] -> [1, 32, 32, 1], in 0 ... 1.

    The batch size of the deployed model is 1, so that the converter writes static shapes; None
    lets it train on any.
    """
    image = keras.Input((SIDE, SIDE, 1), batch_size=batch_size, name="image")
    x, encoded = image, []
    for level in range(chosen.depth - 1):
        side = SIDE >> (level + 1)
        x = chosen.conv(x, chosen.width << level, f"encode_{side}x{side}", stride=2)
        x = chosen.more(x, f"encode_{side}x{side}")
        encoded.append(x)
    x = _bottleneck(chosen, x)
    for skip in reversed(encoded):
        side, channels = skip.shape[1], skip.shape[-1]
        x = chosen.enlarge(x, channels, f"decode_{side}x{side}")
        if chosen.skip_connections:
            x = layers.Concatenate(name=f"join_{side}x{side}")([skip, x])
        x = chosen.more(x, f"decode_{side}x{side}")
    x = chosen.enlarge(x, chosen.width, f"decode_{SIDE}x{SIDE}")
    x = layers.Conv2D(1, 3, padding="same", activation="sigmoid", name="reconstruction")(x)
    return keras.Model(image, x, name="autoencoder")


def _bottleneck(chosen: Architecture, x: keras.KerasTensor) -> keras.KerasTensor:
    """The code for the 1024 pixels: whole channels at each place, or a vector."""
    side, name = chosen.bottom, "bottleneck"
    if chosen.bottleneck == "convolutional":
        x = chosen.conv(x, -(-chosen.code // side**2), name, stride=2)
        return _sparse(chosen, x)
    channels = chosen.width << (chosen.depth - 1)
    x = chosen.conv(x, channels, f"encode_{side}x{side}", stride=2)
    x = layers.Flatten(name="flat")(x)
    x = _sparse(chosen, layers.Dense(chosen.code, activation=chosen.activation, name=name)(x))
    x = layers.Dense(side**2 * channels, activation=chosen.activation, name="spread")(x)
    return layers.Reshape((side, side, channels), name=f"spread_{side}x{side}")(x)


def _sparse(chosen: Architecture, code: keras.KerasTensor) -> keras.KerasTensor:
    """L1 activity regularisation: the sum of all activations of the code in a batch costs."""
    if not chosen.sparsity:
        return code
    return layers.ActivityRegularization(l1=chosen.sparsity, name="sparse")(code)
