# SPDX-License-Identifier: Apache-2.0
"""Handwritten digits (scikit-learn, real) drawn on photographed textures (scikit-image).

A picture shows one to three digits as translucent ink, darker or brighter than the texture below;
the mask says which pixels are ink. The first 1300 digits and the left halves of the photographs
train and calibrate, the others are held out. Everything is offline and the same for the same seed.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from skimage import data
from skimage.transform import resize
from sklearn.datasets import load_digits

SIDE = 48
TRAINING_SAMPLES = 4096
CALIBRATION_SAMPLES = 100
GOLDEN_SAMPLES = 128
TRAINING_DIGITS = 1300
TEXTURES = (data.brick, data.camera, data.grass, data.gravel)
INK_FROM = 0.4  # of a digit's full ink: fainter pixels count as background

Array = npt.NDArray[Any]


def training(seed: int, share: float = 1.0) -> tuple[Array, Array]:
    """Inputs float32 [4096, 48, 48, 1] in 0 ... 1 and classes uint8 [4096, 48, 48].

    Or the first `share` of them.
    """
    return _pictures("training", max(1, round(TRAINING_SAMPLES * share)), seed)


def calibration(seed: int) -> dict[str, Array]:
    """`inputs`: float32 [100, 48, 48, 1], from the training part."""
    return {"inputs": _pictures("training", CALIBRATION_SAMPLES, seed + 1)[0]}


def golden(seed: int) -> dict[str, Array]:
    """`inputs`: float32 [128, 48, 48, 1], held out; `masks`: uint8 [128, 48, 48], 1 = ink."""
    inputs, masks = _pictures("held out", GOLDEN_SAMPLES, seed + 2)
    return {"inputs": inputs, "masks": masks}


def to_input(pixels: Array) -> Array:
    """uint8 pixels as the model takes them: float32 pixel / 256, which is exact."""
    return np.asarray(pixels, np.float32) / np.float32(256)


def _pictures(part: str, count: int, seed: int) -> tuple[Array, Array]:
    rng = np.random.default_rng(seed)
    digits, photographs = _digits(part), _photographs(part)
    pixels = np.empty((count, SIDE, SIDE, 1), np.uint8)
    masks = np.zeros((count, SIDE, SIDE), np.uint8)
    for number in range(count):
        picture = _background(photographs, rng)
        for _ in range(rng.integers(1, 4)):
            _draw(picture, masks[number], digits[rng.integers(len(digits))], rng)
        pixels[number, :, :, 0] = np.round(picture)
    return to_input(pixels), masks


def _digits(part: str) -> Array:
    """Digits of 8 x 8 pixels as ink, 0 ... 1."""
    images: Array = load_digits().images / 16.0
    return images[:TRAINING_DIGITS] if part == "training" else images[TRAINING_DIGITS:]


def _photographs(part: str) -> list[Array]:
    images = [load().astype(np.float64) for load in TEXTURES]
    return [i[:, : SIDE * 5] if part == "training" else i[:, -SIDE * 5 :] for i in images]


def _background(photographs: list[Array], rng: np.random.Generator) -> Array:
    """A crop of a photograph, 0 ... 255."""
    photograph = photographs[rng.integers(len(photographs))]
    row, column = (int(rng.integers(0, size - SIDE + 1)) for size in photograph.shape)
    return np.array(photograph[row : row + SIDE, column : column + SIDE])


def _draw(picture: Array, mask: Array, digit: Array, rng: np.random.Generator) -> None:
    """Draw a digit of 16 to 28 pixels somewhere, as ink that covers 70 to 95 percent."""
    size = int(rng.integers(16, 29))
    ink = resize(digit, (size, size), order=1)
    row, column = rng.integers(0, SIDE - size + 1, 2)
    area = np.s_[row : row + size, column : column + size]
    shade = rng.uniform(0, 30) if rng.random() < 0.5 else rng.uniform(225, 255)
    cover = np.clip(ink * 1.6, 0, 1) * rng.uniform(0.7, 0.95)
    picture[area] = picture[area] * (1 - cover) + shade * cover
    mask[area] |= (ink > INK_FROM).astype(np.uint8)
