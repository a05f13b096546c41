"""Samples parted into those that calibrate and those that judge: seeded, in fair shares, disjoint.

Golden samples are drawn first, in an order in which every kind has its share from the beginning on:
the first few of them are a fair choice as well.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from mcuforge.errors import UsageError

Array = npt.NDArray[Any]
Numbers = npt.NDArray[np.int64]

CALIBRATION, GOLDEN = 100, 256  # samples, where there are enough
SEED = 20


@dataclass(frozen=True)
class Sizes:
    """How many samples calibrate, and how many judge."""

    calibration: int
    golden: int


def sizes(count: int, calibration: int | None, golden: int | None, *, converts: bool) -> Sizes:
    """The usual sizes of both parts, or those that were asked for.

    100 calibrate and 256 judge; of fewer than 200 each half. Without `converts` nothing has to be
    calibrated. Raises `UsageError` where there are too few samples for that.
    """
    if not converts:
        if calibration:
            raise UsageError("--calibration: a .tflite is quantised already; leave it out.")
        return Sizes(0, _within(golden, count, count, "--golden"))
    if count < 2:
        raise UsageError(
            "one sample alone: at least two are needed, one to calibrate with and one to judge "
            "with; 100 or more make a good recipe."
        )
    if golden is not None:
        _within(golden, golden, count - 1, "--golden")
    left = count - (golden or 1)
    first = _within(calibration, min(CALIBRATION, max(count // 2, 1), left), left, "--calibration")
    return Sizes(first, _within(golden, min(GOLDEN, count - first), count - first, "--golden"))


def _within(asked: int | None, usual: int, most: int, option: str) -> int:
    if asked is None:
        asked = usual
    if asked > most or asked < 1:
        raise UsageError(
            f"{option} {asked}: too few samples for that; at most {most:,} can be used. Give more "
            "samples, or a smaller number."
        )
    return asked


def order(count: int, kinds: Array | None, seed: int) -> Numbers:
    """All samples in a random order, in which each kind is spread evenly.

    `kinds` is a number for each sample, [N]. The same arguments give the same order.
    """
    rng = np.random.default_rng(seed)
    mixed = rng.permutation(count)
    if kinds is None:
        return np.asarray(mixed, np.int64)
    places = np.empty(count, np.float64)
    for kind in np.unique(kinds):
        members = mixed[kinds[mixed] == kind]
        places[members] = (np.arange(len(members)) + 0.5) / len(members)
    return np.asarray(mixed[np.argsort(places[mixed], kind="stable")], np.int64)


def unlike(candidates: Numbers, judging: Numbers, arrays: Sequence[Array]) -> Numbers:
    """Those of the candidates whose values are not those of a judging sample."""
    known = {_digest(arrays, number) for number in judging}
    return np.array([n for n in candidates if _digest(arrays, n) not in known], np.int64)


def _digest(arrays: Sequence[Array], number: int) -> bytes:
    digest = hashlib.blake2b(digest_size=16)
    for array in arrays:
        digest.update(np.ascontiguousarray(array[number]).tobytes())
    return digest.digest()
