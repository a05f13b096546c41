"""Options and constants of ops whose signals become pictures of one column.

`axes` tell where the axes of a signal are in its picture: what was along the width of a picture of
one row is along the height.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import fields, replace
from typing import Any, cast

import numpy as np

from mcuforge.frontend.graph import Graph, Op, StridedSliceAttributes, Tensor
from mcuforge.planning.ops.moving import integers
from mcuforge.planning.rows.pixelwise import POINTWISE

RANK = 4  # of NHWC
Changes = dict[int, tuple[tuple[int, ...], Any]]  # shapes of tensors, and their values if others
Axes = tuple[int, ...]
_Turn = Callable[[Graph, Op, Axes], Changes | None]


def turned(graph: Graph, op: Op, axes: Axes) -> tuple[Op, Changes] | None:
    """The op and its constants; None where it is none of pictures of one column."""
    turn = _TURNS.get(op.kind, _pointwise if op.kind in POINTWISE else None)
    changes = None if turn is None else turn(graph, op, axes)
    if changes is None:
        return None
    return replace(op, attributes=_swapped(op.attributes, axes)), changes


def _swapped(attributes: Any, axes: Axes) -> Any:
    """Options of an op, of which those along the width are along the height."""
    if isinstance(attributes, StridedSliceAttributes):
        return replace(
            attributes,
            begin_mask=_mask(attributes.begin_mask, axes),
            end_mask=_mask(attributes.end_mask, axes),
        )
    changed: dict[str, Any] = {}
    for name in (field.name for field in fields(attributes)):
        if name.endswith(("_h", "_w")):
            other = name[:-1] + ("w" if name.endswith("h") else "h")
            changed[name] = getattr(attributes, other)
    if getattr(attributes, "pads", None) is not None:
        changed["pads"] = tuple(reversed(attributes.pads))
    if hasattr(attributes, "axis"):
        changed["axis"] = axes[attributes.axis % len(axes)]
    return replace(attributes, **changed) if changed else attributes


def _mask(bits: int, axes: Axes) -> int:
    return sum(1 << to for axis, to in enumerate(axes) if bits >> axis & 1)


def _constants(graph: Graph, op: Op) -> list[Tensor]:
    return [t for i in op.inputs if i >= 0 and (t := graph.tensor(i)).is_constant]


def _filters(graph: Graph, op: Op, _axes: Axes) -> Changes | None:
    weights = graph.input(op, 1)
    if not weights.is_constant or len(weights.shape) != RANK or weights.shape[1] != 1:
        return None
    before, height, width, after = weights.shape
    changed: Changes = {weights.index: ((before, width, height, after), None)}
    if op.kind == "TRANSPOSE_CONV":
        shape = graph.input(op, 0)
        if shape.data is not None:
            changed[shape.index] = (shape.shape, shape.data[[0, 2, 1, 3]])
    return changed


def _pointwise(graph: Graph, op: Op, _axes: Axes) -> Changes | None:
    """Constants have one value, or one a channel."""
    constants = _constants(graph, op)
    if any(d != 1 for t in constants for d in t.shape[:-1]):
        return None
    return {t.index: (t.shape[-1:], None) for t in constants}


def _no_constants(graph: Graph, op: Op, _axes: Axes) -> Changes | None:
    return None if _constants(graph, op) else {}


def _same_constants(_graph: Graph, _op: Op, _axes: Axes) -> Changes | None:
    return {}


def _matrices(graph: Graph, op: Op, _axes: Axes) -> Changes | None:
    """A known matrix by which each sample is multiplied."""
    attributes, factor = cast(Any, op.attributes), graph.input(op, 1)
    if attributes.adjoint_x or not factor.is_constant or any(d != 1 for d in factor.shape[:-2]):
        return None
    return {factor.index: ((1, 1, *factor.shape[-2:]), None)}


def _numbered_axes(graph: Graph, op: Op, axes: Axes) -> Changes | None:
    given = graph.input(op, 1)
    if given.data is None:
        return None
    data = np.array([axes[int(a) % len(axes)] for a in given.data.ravel()], given.data.dtype)
    return {given.index: (given.shape, data)}


def _paddings(graph: Graph, op: Op, axes: Axes) -> Changes | None:
    given = graph.input(op, 1)
    if given.data is None:
        return None
    data = np.zeros((RANK, 2), given.data.dtype)
    data[list(axes)] = given.data.reshape(len(axes), 2)
    return {given.index: ((RANK, 2), data)}


def _size(graph: Graph, op: Op, _axes: Axes) -> Changes | None:
    size = graph.input(op, 1)
    return None if size.data is None else {size.index: (size.shape, size.data[::-1].copy())}


def _an_axis_each(*others: int) -> _Turn:
    """Inputs from the second on have a number for each axis; of axes that are new, these."""

    def turn(graph: Graph, op: Op, axes: Axes) -> Changes | None:
        given = [graph.input(op, 1 + place) for place in range(len(others))]
        is_one_twice = len({tensor.index for tensor in given}) < len(given)
        if is_one_twice or any(tensor.data is None for tensor in given):
            return None
        return {
            tensor.index: ((RANK,), _spread(integers(tensor), axes, other, tensor))
            for tensor, other in zip(given, others, strict=True)
        }

    return turn


def _spread(numbers: Sequence[int], axes: Axes, other: int, like: Tensor) -> Any:
    data = np.full(RANK, other, np.asarray(like.data).dtype)
    data[list(axes)] = numbers
    return data


def _strided(graph: Graph, op: Op, axes: Axes) -> Changes | None:
    """Where no axis comes or goes."""
    a = cast(StridedSliceAttributes, op.attributes)
    changes_rank = a.ellipsis_mask or a.new_axis_mask or a.shrink_axis_mask
    return None if changes_rank else _an_axis_each(0, 1, 1)(graph, op, axes)


_TURNS: dict[str, _Turn] = {
    "CONV_2D": _filters,
    "DEPTHWISE_CONV_2D": _filters,
    "TRANSPOSE_CONV": _filters,
    "MAX_POOL_2D": _no_constants,
    "AVERAGE_POOL_2D": _no_constants,
    "CONCATENATION": _no_constants,
    "RESIZE_BILINEAR": _size,
    "RESIZE_NEAREST_NEIGHBOR": _size,
    "PAD": _paddings,
    "PADV2": _paddings,
    "MIRROR_PAD": _paddings,
    "SLICE": _an_axis_each(0, 1),
    "STRIDED_SLICE": _strided,
    "TILE": _an_axis_each(1),
    "GATHER": _same_constants,
    "FULLY_CONNECTED": _same_constants,
    "BATCH_MATMUL": _matrices,
    **dict.fromkeys(("MEAN", "SUM", "REDUCE_MAX", "REDUCE_MIN", "REDUCE_ALL"), _numbered_axes),
    **dict.fromkeys(("ARG_MAX", "ARG_MIN", "CUMSUM", "REVERSE_V2"), _numbered_axes),
}
