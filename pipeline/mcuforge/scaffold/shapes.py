"""Samples in a model's shape and in float32; where they are not, what to do about it."""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np
import numpy.typing as npt

from mcuforge.errors import UsageError
from mcuforge.model_files.keras_inputs import Shape
from mcuforge.samples.sources import shape_text

Array = npt.NDArray[Any]

_MOST_AXES = 4  # of which orders are tried


def may_fit(sample: tuple[int, ...], wanted: Shape) -> bool:
    """True where a sample of this shape is one of the input, or becomes one by axes of 1."""
    return _fits(sample, wanted) or _fits(_without_ones(sample), _without_ones(wanted))


def fitted(values: Array, wanted: Shape | None, where: str) -> tuple[npt.NDArray[np.float32], str]:
    """The samples [N, ...] as float32 in the input's shape, and what was done to them, in words.

    Only what cannot be meant otherwise is done: whole numbers become float32, and axes of 1 are
    added or left out. `wanted` is None where the model does not tell. Raises `UsageError` where the
    samples are no finite numbers, or of another shape, which tells how to change it.
    """
    if values.dtype.kind not in "fiub":
        raise UsageError(f"{where}: of type {values.dtype}; samples are numbers.")
    done = []
    if wanted is not None and not _fits(values.shape[1:], wanted):
        values, told = _reshaped(values, wanted, where)
        done.append(told)
    if values.dtype.kind != "f":
        done.append(f"{values.dtype} taken as float32, without scaling")
    with np.errstate(over="ignore"):  # what float32 cannot hold is infinite then
        floats = np.ascontiguousarray(values, np.float32)
    if not np.isfinite(floats).all():
        bad = int(np.flatnonzero(~np.isfinite(floats.reshape(len(floats), -1)).all(axis=1))[0])
        raise UsageError(f"{where}: the samples hold NaN or infinity (sample {bad}).")
    return floats, "; ".join(done)


def _reshaped(values: Array, wanted: Shape, where: str) -> tuple[Array, str]:
    sample = values.shape[1:]
    if _fits(_without_ones(sample), _without_ones(wanted)):
        sizes = iter(_without_ones(sample))
        target = tuple(1 if extent == 1 else next(sizes) for extent in wanted)
        told = f"samples of shape {shape_text(sample)} taken as {shape_text(target)}"
        return values.reshape(len(values), *target), told
    raise UsageError(
        f"{where}: samples of shape {shape_text(sample)}, but the model's input is "
        f"{shape_text(wanted)}.{_advice(values.shape, wanted)}"
    )


def _advice(given: tuple[int, ...], wanted: Shape) -> str:
    """What turns the samples into what is wanted, where it is plain."""
    sample = given[1:]
    if _fits(given, wanted):
        return " This is one sample: samples[numpy.newaxis], but more of them are needed."
    for order in _orders(len(sample)):
        if _fits(tuple(sample[axis] for axis in order), wanted):
            axes = ", ".join(str(axis + 1) for axis in order)
            channels = " The channels come first, here they come last:" if order[-1] == 0 else ""
            return f"{channels} samples.transpose(0, {axes})."
    if None not in wanted and math.prod(sample) == math.prod(e or 0 for e in wanted):
        extents = ", ".join(map(str, wanted))
        return f" As many values: samples.reshape(-1, {extents}), if they lie in that order."
    if len(wanted) == len(sample) and _fits(sample[:-1], wanted[:-1]) and wanted[-1] in (1, 3):
        return _advice_on_channels(sample[-1], int(wanted[-1] or 0))
    return " Samples must be prepared exactly as in training."


def _advice_on_channels(given: int, wanted: int) -> str:
    if (given, wanted) == (4, 3):
        return " The last channel may be alpha: samples[..., :3]."
    if (given, wanted) == (3, 1):
        return " Colours, where grey values are wanted: samples.mean(axis=-1, keepdims=True)."
    if (given, wanted) == (1, 3):
        return " Grey values, where colours are wanted: samples.repeat(3, axis=-1)."
    return " Samples must be prepared exactly as in training."


def _orders(axes: int) -> list[tuple[int, ...]]:
    """Other orders of a sample's axes, those that move the first axis to the end or back first."""
    if not 1 < axes <= _MOST_AXES:
        return []
    usual = [(*range(1, axes), 0), (axes - 1, *range(axes - 1))]
    return usual + [o for o in itertools.permutations(range(axes)) if o not in usual]


def _fits(shape: tuple[int, ...], wanted: Shape) -> bool:
    return len(shape) == len(wanted) and all(
        size > 0 and extent in (None, size) for size, extent in zip(shape, wanted, strict=True)
    )


def _without_ones(shape: Any) -> tuple[Any, ...]:
    return tuple(extent for extent in shape if extent != 1)
