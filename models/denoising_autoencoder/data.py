# SPDX-License-Identifier: Apache-2.0
"""Photographs that ship with scikit-image, as grey patches with and without noise.

Six photographs train and calibrate; two others, never trained on, are held out. Everything is
offline and the same for the same seed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from skimage import data

SIDE = 32
TRAINING_SAMPLES = 8192
CALIBRATION_SAMPLES = 128
GOLDEN_SAMPLES = 128
NOISE = 25.0  # standard deviation, in grey levels of 256
# the contrast by which patches are stretched, and their new mean grey level, at random from ... to
TRAINING_LIGHT = (0.7, 1.6), (32, 224)
CALIBRATION_LIGHT = (1.0, 2.5), (0, 255)
LUMA = (0.299, 0.587, 0.114)  # ITU-R BT.601
TRAINING = (data.brick, data.camera, data.chelsea, data.coins, data.grass, data.gravel)
HELD_OUT = (data.astronaut, data.coffee)

Array = npt.NDArray[Any]
Range = tuple[float, float]


def training(seed: int, share: float = 1.0) -> Array:
    """Clean patches, float32 [8192, 32, 32, 1] in 0 ... 1, in other light, turned and mirrored.

    Or the first `share` of them.
    """
    rng = np.random.default_rng(seed)
    patches = _in_other_light(_patches(TRAINING, TRAINING_SAMPLES, rng), TRAINING_LIGHT, rng)
    turned = [np.rot90(p, int(rng.integers(4))) for p in patches]
    mirrored = [p[:, ::-1] if rng.random() < 0.5 else p for p in turned]
    return to_input(np.stack(mirrored[: max(1, round(len(mirrored) * share))]))


def calibration(seed: int) -> dict[str, Array]:
    """`inputs`: noisy patches of the training photographs, float32 [128, 32, 32, 1].

    In harsher light than in training, so that many values are near black or white. The first two
    patches are all black and all white, as the noise leaves them: the input's scale then covers
    every pixel value.
    """
    rng = np.random.default_rng(seed + 1)
    patches = _in_other_light(_patches(TRAINING, CALIBRATION_SAMPLES, rng), CALIBRATION_LIGHT, rng)
    patches[0], patches[1] = 0, 255
    return {"inputs": to_input(with_noise(patches, rng))}


def golden(seed: int) -> dict[str, Array]:
    """`inputs`: noisy, `clean`: without noise; both float32 [128, 32, 32, 1], held out."""
    rng = np.random.default_rng(seed + 2)
    patches = _patches(HELD_OUT, GOLDEN_SAMPLES, rng)
    return {"inputs": to_input(with_noise(patches, rng)), "clean": to_input(patches)}


def with_noise(pixels: Array, rng: np.random.Generator, deviation: float = NOISE) -> Array:
    """uint8 pixels with Gaussian noise, rounded and clipped, as a sensor would deliver them."""
    noisy = pixels + rng.normal(0.0, deviation, pixels.shape)
    return np.asarray(np.clip(np.round(noisy), 0, 255), np.uint8)


def to_input(pixels: Array) -> Array:
    """uint8 pixels as the model takes them: float32 pixel / 256, which is exact."""
    return np.asarray(pixels, np.float32) / np.float32(256)


def _patches(
    photographs: Sequence[Callable[[], Array]], count: int, rng: np.random.Generator
) -> Array:
    """Random crops, as many of each photograph, uint8 [count, 32, 32, 1]."""
    images = [_grey(load()) for load in photographs]
    crops = []
    for number in range(count):
        image = images[number % len(images)]
        row, column = (int(rng.integers(0, size - SIDE + 1)) for size in image.shape)
        crops.append(image[row : row + SIDE, column : column + SIDE])
    return np.stack(crops)[..., np.newaxis]


def _in_other_light(patches: Array, light: tuple[Range, Range], rng: np.random.Generator) -> Array:
    """Each patch with another contrast and brightness, clipped as in an overexposed photograph.

    The six photographs hold few pixels near black and white. Others do, and the ranges of the int8
    values must cover them, even where the outermost thousandth is cut off.
    """
    shape = (len(patches), 1, 1, 1)
    contrast, brightness = (rng.uniform(*span, shape) for span in light)
    means = patches.mean(axis=(1, 2, 3), keepdims=True)
    stretched = (patches - means) * contrast + brightness
    return np.asarray(np.clip(np.round(stretched), 0, 255), np.uint8)


def _grey(image: Array) -> Array:
    """A photograph as uint8 [H, W]."""
    if image.ndim == 2:
        return image
    return np.asarray(np.round(image[..., :3] @ np.array(LUMA)), np.uint8)
