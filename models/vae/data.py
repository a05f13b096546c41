# SPDX-License-Identifier: Apache-2.0
"""scikit-learn's handwritten digits: real ones, 8 x 8 pixels, that come with the package.

E. Alpaydin and C. Kaynak, Optical Recognition of Handwritten Digits, UCI Machine Learning
Repository (1998).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.datasets import load_digits

Array = npt.NDArray[Any]

HELD_OUT = 360  # of 1797
CALIBRATION = 128
WHITE = 16.0


@dataclass(frozen=True, eq=False)
class Digits:
    """Images float32 [N, 8, 8, 1] in 0 ... 1, and what they show, uint8 [N]."""

    images: Array
    labels: Array


def digits(seed: int) -> tuple[Digits, Digits]:
    """The digits to train on, and those held out; which are which depends on the seed alone."""
    content = load_digits()
    images = (content.images / WHITE).astype(np.float32)[..., np.newaxis]
    labels = content.target.astype(np.uint8)
    order = np.random.default_rng(seed).permutation(len(images))
    held_out, training = order[:HELD_OUT], order[HELD_OUT:]
    return Digits(images[training], labels[training]), Digits(images[held_out], labels[held_out])


def calibration(seed: int) -> dict[str, Array]:
    """`images`: digits that were trained on, float32 [128, 8, 8, 1]."""
    return {"images": digits(seed)[0].images[:CALIBRATION]}


def golden(seed: int) -> dict[str, Array]:
    """`targets`: the held-out digits, float32 [360, 8, 8, 1]; `labels`: what they show."""
    held_out = digits(seed)[1]
    return {"targets": held_out.images, "labels": held_out.labels}
