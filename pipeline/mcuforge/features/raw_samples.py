"""Raw samples: the golden ones, and those at the ends of what a sensor can say."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from mcuforge.errors import ForgeError, UsageError
from mcuforge.recipe.features import Features
from mcuforge.samples import array_files

ARRAY = "raw"  # of golden samples
_SEED = 20
_ODD = 2  # samples that differ from number to number, of each kind

Array = npt.NDArray[Any]


def golden(features: Features, path: Any, count: int | None = None) -> Array:
    """The first `count` golden raw samples, [N, ...].

    Raises `UsageError` where the file holds none of the recipe's type and shape.
    """
    try:
        raw = array_files.read_array(path, ARRAY)
    except ForgeError as error:
        raise UsageError(
            f"{error.message} The recipe has [features]: '{ARRAY}' holds the golden samples before "
            f"them, {features.raw_dtype}[N, {', '.join(map(str, features.raw_shape))}]."
        ) from error
    if raw.dtype != np.dtype(features.raw_dtype) or raw.shape[1:] != features.raw_shape:
        raise UsageError(
            f"{path}: '{ARRAY}' is {raw.dtype}{list(raw.shape)}; the recipe's features.raw says "
            f"{features.raw_text} a sample."
        )
    return raw[:count]


def at_the_ends(features: Features) -> Array:
    """Samples that are hard on arithmetic: silence, full scale, its alternation, noise, a step.

    The same every time.
    """
    rng, limits = np.random.default_rng(_SEED), np.iinfo(features.raw_dtype)
    shape, middle = features.raw_shape, (int(limits.min) + int(limits.max) + 1) // 2
    turns = np.arange(features.raw_elements).reshape(shape) % 2 == 0
    first_half = np.arange(features.raw_elements).reshape(shape) < features.raw_elements // 2
    low, high = limits.min, limits.max
    samples = [
        np.full(shape, middle),
        np.full(shape, low),
        np.full(shape, high),
        np.where(turns, low, high),
        np.where(turns, middle, middle + 1),
        np.where(first_half, low, high),
        *(rng.integers(low, high, shape, np.int64, endpoint=True) for _ in range(_ODD)),
        *(middle + rng.integers(-2, 3, shape, np.int64) for _ in range(_ODD)),
    ]
    return np.stack(samples).astype(features.raw_dtype)


def random(features: Features, count: int) -> Array:
    """`count` samples over the whole range; the same every time."""
    rng, limits = np.random.default_rng(_SEED + 1), np.iinfo(features.raw_dtype)
    shape = (count, *features.raw_shape)
    return rng.integers(limits.min, limits.max, shape, np.int64, endpoint=True).astype(
        features.raw_dtype
    )
