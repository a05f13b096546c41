"""Samples of one dimension as lines: what went in, what is right, what the models made of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from mcuforge.report.accuracy.plain import Array, numbers

FIRST = 2  # samples that are shown in any case
WORST = 2  # samples more, in which device and float model differ most
_SHORTEST = 16  # of a sequence: fewer values are features
_MOST_CHANNELS = 6  # more are no lines that one could tell apart
_MOST_POINTS = 240  # of a line


@dataclass(frozen=True)
class Line:
    """A channel of a sequence of `length` time steps: values evenly over them."""

    channel: int
    length: int
    values: tuple[float, ...]


@dataclass(frozen=True)
class Waveform:
    """One sample, `worst` where it is there for its difference, and lines by whose they are."""

    sample: int
    worst: bool
    lines: dict[str, tuple[Line, ...]]


def is_sequence(values: Array) -> bool:
    """True for [N, T] and [N, T, channels], with axes of 1 anywhere, of enough time steps."""
    return _as_sequences(values) is not None


def of(
    arrays: Mapping[str, Array], floats: Array | None = None, device: Array | None = None
) -> tuple[Waveform, ...]:
    """The first samples of arrays [N, ...], and those in which float model and device differ most.

    Arrays that are no sequences are left out.
    """
    sequences = {name: _as_sequences(values) for name, values in arrays.items()}
    drawn = {name: values for name, values in sequences.items() if values is not None}
    if not drawn:
        return ()
    count = min(len(values) for values in drawn.values())
    shown = list(range(min(FIRST, count)))
    worst = _worst(floats, device)
    shown += [n for n in worst if n not in shown and n < count][:WORST]
    return tuple(
        Waveform(n, place >= FIRST, {name: _lines(v[n]) for name, v in drawn.items()})
        for place, n in enumerate(shown)
    )


def _worst(floats: Array | None, device: Array | None) -> Sequence[int]:
    if floats is None or device is None or not len(floats):
        return []
    apart = np.abs(
        device.reshape(len(floats), -1).astype(np.float64) - floats.reshape(len(floats), -1)
    )
    return [int(n) for n in np.argsort(-apart.mean(axis=1), kind="stable")]


def _as_sequences(values: Array) -> Array | None:
    """[N, T, channels]; None for what is none."""
    shape = [extent for extent in values.shape[1:] if extent != 1]
    if len(shape) not in (1, 2) or shape[0] < _SHORTEST or values.dtype.kind not in "fiub":
        return None
    if len(shape) == 2 and shape[1] > _MOST_CHANNELS:
        return None
    made = np.asarray(values, np.float64).reshape(len(values), shape[0], -1)
    return made if np.isfinite(made).all() else None


def _lines(sequence: Array) -> tuple[Line, ...]:
    """A line for each channel of [T, channels]."""
    most = _MOST_POINTS // sequence.shape[1]
    return tuple(
        Line(channel, len(values), numbers(_extremes(values, most)))
        for channel, values in enumerate(sequence.T)
    )


def _extremes(values: Array, most: int) -> Array:
    """The lowest and highest value of each of equal parts, in their order: peaks are not lost."""
    if len(values) <= most:
        return values
    parts = np.array_split(values, most // 2)
    return np.array([part[n] for part in parts for n in sorted((part.argmin(), part.argmax()))])
