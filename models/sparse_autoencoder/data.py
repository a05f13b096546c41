# SPDX-License-Identifier: Apache-2.0
"""The data of the undercomplete autoencoder, so that the two can be compared."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import numpy.typing as npt

_SOURCE = Path(__file__).parents[1] / "autoencoder" / "data.py"

Array = npt.NDArray[Any]


def training(seed: int, share: float = 1.0) -> Array:
    """Normal patches, float32 [6144, 32, 32, 1] in 0 ... 1, or the first `share` of them."""
    patches: Array = _shared().training(seed, share)
    return patches


def calibration(seed: int) -> dict[str, Array]:
    """`inputs`: normal patches, a black and a white one, float32 [128, 32, 32, 1]."""
    arrays: dict[str, Array] = _shared().calibration(seed)
    return arrays


def golden(seed: int) -> dict[str, Array]:
    """`inputs`: float32 [256, 32, 32, 1], normal and anomalous in turn; `labels`: 1 = anomalous."""
    arrays: dict[str, Array] = _shared().golden(seed)
    return arrays


def _shared() -> Any:
    """models/autoencoder/data.py under a name of its own: this file is `data` already."""
    spec = importlib.util.spec_from_file_location("autoencoder_data", _SOURCE)
    if spec is None or spec.loader is None:
        raise ImportError(f"{_SOURCE}: not a Python script")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
