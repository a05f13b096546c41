"""What ops that only move elements make of arrays, whatever these hold.

Each function raises one of `FAILED` where the op is damaged, or none that it knows. The file says
of which shape the outputs are: nothing larger is made on the way, but by GATHER, which `most`
bounds.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from mcuforge.frontend.graph import (
    ConcatenationAttributes,
    GatherAttributes,
    Op,
    PackAttributes,
    StridedSliceAttributes,
)

Array = npt.NDArray[Any]
FAILED = (ValueError, IndexError, TypeError, ZeroDivisionError, OverflowError)


@dataclass(frozen=True)
class Known:
    """An op, the values of its inputs, and the shapes that the file gives its outputs."""

    op: Op
    values: Sequence[Array]
    shapes: Sequence[tuple[int, ...]]
    most: int

    @property
    def shape(self) -> tuple[int, ...]:
        """That of the first output."""
        return self.shapes[0]


Move = Callable[[Known], Array | list[Array]]


def axis_of(known: Known) -> int:
    """The axis that the op's options name."""
    attributes = known.op.attributes
    if not isinstance(attributes, PackAttributes | GatherAttributes | ConcatenationAttributes):
        raise TypeError(known.op.kind)
    return attributes.axis


def _strided_slice(known: Known) -> Array:
    source, begin, end, strides = known.values
    a = known.op.attributes
    if not isinstance(a, StridedSliceAttributes) or a.ellipsis_mask or a.new_axis_mask or a.offset:
        raise TypeError(known.op.kind)
    if a.begin_mask & a.shrink_axis_mask:
        raise TypeError("TFLM and TensorFlow disagree on what it takes")
    taken: list[int | slice] = []
    for i, (first, last, step) in enumerate(zip(begin.flat, end.flat, strides.flat, strict=True)):
        if a.shrink_axis_mask >> i & 1:
            taken.append(int(first))
            continue
        low, high = (a.begin_mask >> i & 1, a.end_mask >> i & 1)
        taken.append(slice(None if low else int(first), None if high else int(last), int(step)))
    return np.asarray(source[tuple(taken)], source.dtype)


def _slice(known: Known) -> Array:
    source, begin, size = known.values
    if any(b < 0 for b in begin.flat):
        raise ValueError("a negative begin")
    ranges = zip(begin.flat, size.flat, strict=True)
    return source[tuple(slice(int(b), None if s == -1 else int(b + s)) for b, s in ranges)]


def _gather(known: Known) -> Array:
    source, indices = known.values
    if isinstance(known.op.attributes, GatherAttributes) and known.op.attributes.batch_dims:
        raise TypeError("batch dimensions")
    if any(i < 0 for i in indices.flat):
        raise IndexError("a negative index")
    if source.size * indices.size > known.most:
        raise ValueError("too large")
    return np.take(source, indices.astype(np.int64), axis=axis_of(known))


def _unpack(known: Known) -> list[Array]:
    source, axis = known.values[0], axis_of(known)
    if source.shape[axis] != len(known.shapes):
        raise ValueError("another number of outputs")
    return [np.take(source, i, axis=axis) for i in range(source.shape[axis])]


def _cut(known: Known, source: Array, axis: int) -> list[Array]:
    """Pieces along an axis, as long as the outputs' shapes say."""
    ends = np.cumsum([shape[axis] for shape in known.shapes])
    if ends[-1] != source.shape[axis]:
        raise ValueError("the outputs do not add up")
    return np.split(source, ends[:-1], axis=axis)


def _broadcast(known: Known) -> Array:
    source, shape = known.values
    if tuple(int(d) for d in shape.flat) != known.shape:
        raise ValueError("another shape than the output's")
    return np.broadcast_to(source, known.shape)


def _tile(known: Known) -> Array:
    source, multiples = known.values
    counts = [int(m) for m in multiples.flat]
    if [m * d for m, d in zip(counts, source.shape, strict=True)] != list(known.shape):
        raise ValueError("another shape than the output's")
    return np.tile(source, counts)


def _reshaped(known: Known) -> Array:
    """The bytes stay: the file gives the shape."""
    return known.values[0].reshape(known.shape)


MOVES: dict[str, Move] = {
    "BROADCAST_TO": _broadcast,
    "CONCATENATION": lambda k: np.concatenate(list(k.values), axis=axis_of(k)),
    "EXPAND_DIMS": _reshaped,
    "FILL": lambda k: np.full(k.shape, k.values[1].reshape(-1)[0], k.values[1].dtype),
    "GATHER": _gather,
    "PACK": lambda k: np.stack(list(k.values), axis=axis_of(k)),
    "RESHAPE": _reshaped,
    "REVERSE_V2": lambda k: np.flip(k.values[0], tuple(int(a) for a in k.values[1].flat)),
    "SLICE": _slice,
    "SPLIT": lambda k: _cut(k, k.values[1], int(k.values[0].reshape(-1)[0])),
    "SPLIT_V": lambda k: _cut(k, k.values[0], int(k.values[2].reshape(-1)[0])),
    "SQUEEZE": _reshaped,
    "STRIDED_SLICE": _strided_slice,
    "TILE": _tile,
    "TRANSPOSE": lambda k: np.transpose(k.values[0], [int(a) for a in k.values[1].flat]),
    "UNPACK": _unpack,
}
