# SPDX-License-Identifier: Apache-2.0
"""Photographed textures that ship with scikit-image: bricks are normal, what else is there is not.

The left two thirds of the brick wall train and calibrate, its right third is held out. Anomalies
are held-out bricks with a spot of grass or gravel on them, and patches of grass and gravel; none
is ever trained on. Everything is offline and the same for the same seed.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from skimage import data

SIDE = 32
TRAINING_SAMPLES = 6144
CALIBRATION_SAMPLES = 128
GOLDEN_SAMPLES = 256
ANOMALIES = (data.grass, data.gravel)

Array = npt.NDArray[Any]


def training(seed: int, share: float = 1.0) -> Array:
    """Normal patches, float32 [6144, 32, 32, 1] in 0 ... 1, or the first `share` of them."""
    rng = np.random.default_rng(seed)
    patches = _patches(_wall("training"), TRAINING_SAMPLES, rng)
    mirrored = rng.random(len(patches)) < 0.5
    patches[mirrored] = patches[mirrored, :, ::-1]
    return to_input(patches[: max(1, round(len(patches) * share))])


def calibration(seed: int) -> dict[str, Array]:
    """`inputs`: normal patches of the training part, float32 [128, 32, 32, 1].

    The first two are all black and all white: the input's scale then covers every pixel value,
    so that an anomaly brighter than any brick is not clipped before the model sees it.
    """
    patches = _patches(_wall("training"), CALIBRATION_SAMPLES, np.random.default_rng(seed + 1))
    patches[0], patches[1] = 0, 255
    return {"inputs": to_input(patches)}


def golden(seed: int) -> dict[str, Array]:
    """`inputs`: float32 [256, 32, 32, 1], normal and anomalous in turn; `labels`: 1 = anomalous."""
    rng = np.random.default_rng(seed + 2)
    inputs = _patches(_wall("held out"), GOLDEN_SAMPLES, rng)
    labels = np.arange(GOLDEN_SAMPLES, dtype=np.uint8) % 2
    for number in np.flatnonzero(labels):
        texture = _photograph(ANOMALIES[int(rng.integers(len(ANOMALIES)))])
        other = _patches(texture, 1, rng)[0]
        whole = number % 4 == 1
        inputs[number] = other if whole else _with_spot(inputs[number], other, rng)
    return {"inputs": to_input(inputs), "labels": labels}


def to_input(pixels: Array) -> Array:
    """uint8 pixels as the model takes them: float32 pixel / 256, which is exact."""
    return np.asarray(pixels, np.float32) / np.float32(256)


def _photograph(load: Any) -> Array:
    """A photograph at half its size (means of 2 x 2), uint8 [256, 256]: a patch shows a brick."""
    image = load().astype(np.float64)
    height, width = image.shape[0] // 2, image.shape[1] // 2
    means = image[: 2 * height, : 2 * width].reshape(height, 2, width, 2).mean(axis=(1, 3))
    return np.asarray(np.round(means), np.uint8)


def _wall(part: str) -> Array:
    image = _photograph(data.brick)
    border = image.shape[1] * 2 // 3
    return image[:, :border] if part == "training" else image[:, border:]


def _patches(image: Array, count: int, rng: np.random.Generator) -> Array:
    """Random crops, uint8 [count, 32, 32, 1]."""
    rows = rng.integers(0, image.shape[0] - SIDE + 1, count)
    columns = rng.integers(0, image.shape[1] - SIDE + 1, count)
    crops = [image[r : r + SIDE, c : c + SIDE] for r, c in zip(rows, columns, strict=True)]
    return np.stack(crops)[..., np.newaxis]


def _with_spot(patch: Array, other: Array, rng: np.random.Generator) -> Array:
    """The patch with a soft-edged disc of the other texture, 4 to 8 pixels in radius."""
    radius = rng.uniform(4, 8)
    row, column = rng.uniform(radius, SIDE - radius, 2)
    y, x = np.mgrid[:SIDE, :SIDE]
    distance = np.hypot(y - row, x - column)[..., np.newaxis]
    cover = np.clip(radius + 0.5 - distance, 0.0, 1.0)
    return np.asarray(np.round(patch * (1 - cover) + other * cover), np.uint8)
