# SPDX-License-Identifier: Apache-2.0
"""The U-Net: an encoder, a decoder that sees it through skip connections, a softmax a pixel."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

import keras
from keras import layers
from msgspec import Meta

SIDE = 48
CLASSES = 2  # background, digit

Activation = Literal["relu", "relu6", "leaky_relu", "tanh"]


@dataclass(frozen=True)
class Architecture:
    """The options that make the network: see MODEL.md."""

    levels: Annotated[int, Meta(ge=2, le=5)] = 3
    convolutions: Annotated[int, Meta(ge=1, le=3)] = 2
    width: Annotated[int, Meta(ge=2, le=64)] = 8
    skip_connections: bool = True
    separable: bool = False
    activation: Activation = "relu"

    def convs(self, x: keras.KerasTensor, channels: int, name: str) -> keras.KerasTensor:
        """The 3 x 3 convolutions of a level; separable ones are depthwise, then 1 x 1."""
        kind = layers.SeparableConv2D if self.separable else layers.Conv2D
        for letter in "abc"[: self.convolutions]:
            x = kind(
                channels, 3, padding="same", activation=self.activation, name=f"{name}_{letter}"
            )(x)
        return x


def build(chosen: Architecture, batch_size: int | None = 1) -> keras.Model:
    """An untrained U-Net: float32 [1, 48, 48, 1] in 0 ... 1 -> class probabilities [1, 48, 48, 2].

    The decoder enlarges with `UpSampling2D` (nearest). The batch size of the deployed model is 1,
    so that the converter writes static shapes; None lets it train on any. Without
    `skip_connections` the decoder sees only what comes from below.
    """
    x = image = keras.Input((SIDE, SIDE, 1), batch_size=batch_size, name="image")
    sizes = [f"{SIDE >> level}x{SIDE >> level}" for level in range(chosen.levels)]
    upper, bottom = range(chosen.levels - 1), chosen.levels - 1
    seen = []
    for level in upper:
        x = chosen.convs(x, chosen.width << level, f"encode_{sizes[level]}")
        seen.append(x)
        x = layers.MaxPooling2D(name=f"shrink_{sizes[level + 1]}")(x)
    x = chosen.convs(x, chosen.width << bottom, f"bottom_{sizes[bottom]}")
    for level in reversed(upper):
        x = layers.UpSampling2D(interpolation="nearest", name=f"enlarge_{sizes[level]}")(x)
        if chosen.skip_connections:
            x = layers.Concatenate(name=f"join_{sizes[level]}")([seen[level], x])
        x = chosen.convs(x, chosen.width << level, f"decode_{sizes[level]}")
    x = layers.Conv2D(CLASSES, 1, activation="softmax", name="classes")(x)
    return keras.Model(image, x, name="unet")
