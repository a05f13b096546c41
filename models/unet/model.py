# SPDX-License-Identifier: Apache-2.0
"""The U-Net: three levels, skip connections, a softmax for every pixel."""

from __future__ import annotations

import keras
from keras import layers

SIDE = 48
BASE_CHANNELS = 8
CLASSES = 2  # background, digit


def build(batch_size: int | None = 1, skip_connections: bool = True) -> keras.Model:
    """An untrained U-Net: float32 [1, 48, 48, 1] in 0 ... 1 -> class probabilities [1, 48, 48, 2].

    The decoder enlarges with `UpSampling2D` (nearest). The batch size of the deployed model is 1,
    so that the converter writes static shapes; None lets it train on any. Without
    `skip_connections` the decoder sees only what comes from below.
    """
    image = keras.Input((SIDE, SIDE, 1), batch_size=batch_size, name="image")
    skip_48 = _double_conv(image, BASE_CHANNELS, "encode_48x48")
    x = layers.MaxPooling2D(name="shrink_24x24")(skip_48)
    skip_24 = _double_conv(x, 2 * BASE_CHANNELS, "encode_24x24")
    x = layers.MaxPooling2D(name="shrink_12x12")(skip_24)
    x = _double_conv(x, 4 * BASE_CHANNELS, "bottom_12x12")
    x = _enlarge(x, skip_24 if skip_connections else None, "24x24")
    x = _double_conv(x, 2 * BASE_CHANNELS, "decode_24x24")
    x = _enlarge(x, skip_48 if skip_connections else None, "48x48")
    x = _double_conv(x, BASE_CHANNELS, "decode_48x48")
    x = layers.Conv2D(CLASSES, 1, activation="softmax", name="classes")(x)
    return keras.Model(image, x, name="unet")


def _double_conv(x: keras.KerasTensor, channels: int, name: str) -> keras.KerasTensor:
    x = layers.Conv2D(channels, 3, padding="same", activation="relu", name=f"{name}_a")(x)
    return layers.Conv2D(channels, 3, padding="same", activation="relu", name=f"{name}_b")(x)


def _enlarge(x: keras.KerasTensor, skip: keras.KerasTensor | None, size: str) -> keras.KerasTensor:
    x = layers.UpSampling2D(interpolation="nearest", name=f"enlarge_{size}")(x)
    return x if skip is None else layers.Concatenate(name=f"join_{size}")([skip, x])
