"""Loop nests of kernels that walk tensors of any rank, with as few loops as possible.

The planner merges dimensions and the kernel steps an odometer (`nn_loops.h`): when `level` digits
have wrapped, each pointer moves by the step of that level, so the device multiplies nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

MAX_LOOPS = 8  # NN_MAX_LOOPS of nn_loops.h


@dataclass(frozen=True)
class Loop:
    """`extent` iterations; operand i moves by `strides[i]` elements in each."""

    extent: int
    strides: tuple[int, ...]


def merge(loops: Sequence[Loop]) -> tuple[Loop, ...]:
    """The same walk (outermost first) in fewer loops. At least one is left."""
    merged: list[Loop] = []
    for loop in loops:
        if loop.extent == 1:
            continue
        if merged and _continues(merged[-1], loop):
            loop = Loop(merged.pop().extent * loop.extent, loop.strides)
        merged.append(loop)
    return tuple(merged) or (Loop(1, loops[-1].strides if loops else ()),)


def _continues(outer: Loop, inner: Loop) -> bool:
    """True where the outer loop goes on exactly where the inner one ends."""
    pairs = zip(outer.strides, inner.strides, strict=True)
    return all(o == i * inner.extent for o, i in pairs)


@dataclass(frozen=True, eq=False)
class Odometer:
    """Loops as a kernel wants them, innermost first. Arrays are None where there is no loop."""

    rank: int
    extents: npt.NDArray[np.int32] | None
    steps: tuple[npt.NDArray[np.int32] | None, ...]


def odometer(loops: Sequence[Loop], operands: int) -> Odometer:
    """The odometer of loops given outermost first.

    The step of a level takes an operand from the last iteration of all lower levels to the first
    of the next: its stride, less what the lower levels have moved.
    """
    inner_first = tuple(reversed(loops))
    if not inner_first:
        return Odometer(0, None, (None,) * operands)
    steps = []
    for operand in range(operands):
        moved, levels = 0, []
        for loop in inner_first:
            levels.append(loop.strides[operand] - moved)
            moved += (loop.extent - 1) * loop.strides[operand]
        steps.append(np.array(levels, np.int32))
    extents = np.array([loop.extent for loop in inner_first], np.int32)
    return Odometer(len(inner_first), extents, tuple(steps))


def dense_strides(shape: Sequence[int]) -> tuple[int, ...]:
    """Strides in elements of a dense row-major tensor."""
    strides = [1]
    for extent in reversed(shape[1:]):
        strides.append(strides[-1] * extent)
    return tuple(reversed(strides[: len(shape)]))
