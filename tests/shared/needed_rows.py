"""Which rows of its inputs each row of an op's output is made of, from what the op means.

Nothing of the planner is asked. An input whose elements are the numbers of their rows goes
through the op, as NumPy computes it; where an output is made of many elements, each row is traced
by itself, or the definition says it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from mcuforge.frontend.graph import Graph, Op, Padding
from mcuforge.planning.plan import Plan
from mcuforge.planning.row_plan import RowOp

Numbers = npt.NDArray[np.int64]
Arrays = list[Numbers]
Marks = npt.NDArray[np.bool_]  # of elements that a row reaches
NOTHING = -1  # no row of the input


def check(plan: Plan) -> int:
    """Each op that runs row by row has the rows that it needs; returns how many ops were looked at.

    What reads through, or is read through, is not: that has its rows looked up where it is shown.
    """
    return sum(
        _checked(plan, plan.graph.ops[segment.first + number], by_rows)
        for segment in plan.segments
        for number, by_rows in enumerate(segment.ops)
        if not by_rows.is_read_through
    )


def _checked(plan: Plan, op: Op, by_rows: RowOp) -> bool:
    if by_rows.tiles is not None or by_rows.through:
        return False
    shown = _shown(plan)
    if by_rows.accumulates:
        for tensor, window in by_rows.reads:
            for y in range(by_rows.rows):
                assert window(y) == (y, y + 1), f"{op.kind}: row {y} lacks itself of {tensor}"
        return True
    for tensor, window in by_rows.reads:
        for place in (n for n, t in enumerate(op.inputs) if tensor in (t, shown.get(t))):
            for output in range(len(by_rows.outputs)):
                found = needed(plan.graph, op, place, output, window.rows, by_rows.rows)
                for y, rows in enumerate(found):
                    first, end = window(y)
                    missing = rows[(rows < first) | (rows >= end)]
                    assert not missing.size, f"{op.kind}: row {y} lacks {missing} of {tensor}"
    return True


def _shown(plan: Plan) -> dict[int, int]:
    """Views of whole tensors, and what tensor of other shape each shows."""
    shown: dict[int, int] = {}
    for op, planned in zip(plan.graph.ops, plan.ops, strict=True):
        if planned.view_of is not None and (
            plan.graph.tensor(planned.view_of).elements == plan.graph.output(op).elements
        ):
            shown |= dict.fromkeys(op.outputs, shown.get(planned.view_of, planned.view_of))
    return shown


def needed(
    graph: Graph, op: Op, place: int, output: int, rows: int, made: int
) -> Iterator[Numbers]:
    """Of each of `made` rows of an output the rows that it needs of the input at `place`."""
    if op.kind in _WINDOWS:
        yield from _WINDOWS[op.kind](graph, op, rows, made)
        return
    if op.kind in _SPREADS and rows == made:
        yield from _spread(graph, op, place, rows)
        return
    if op.kind not in _MOVES and op.kind not in _ELEMENTWISE:
        for y in range(made):  # element by element
            yield np.array([y]) if rows == made else np.arange(rows)
        return
    numbers = [np.full(graph.tensor(t).shape, NOTHING) if t >= 0 else None for t in op.inputs]
    source = numbers[place]
    assert source is not None
    numbers[place] = (np.arange(source.size) // (source.size // rows)).reshape(source.shape)
    compute = _MOVES.get(op.kind, _elementwise)
    found = compute(graph, op, [n for n in numbers if n is not None])[output]
    assert found.size == graph.tensor(op.outputs[output]).elements
    for row in found.reshape(made, -1):
        taken = np.unique(row)
        yield taken[taken != NOTHING]


def _elementwise(graph: Graph, op: Op, inputs: Arrays) -> Arrays:
    highest = inputs[0]
    for other in inputs[1:]:
        highest = np.maximum(highest, other)  # all others are NOTHING
    return [np.broadcast_to(highest, graph.output(op).shape)]


_ELEMENTWISE = frozenset(
    """ADD SUB MUL DIV MAXIMUM MINIMUM SQUARED_DIFFERENCE EQUAL NOT_EQUAL GREATER GREATER_EQUAL LESS
    LESS_EQUAL LOGICAL_AND LOGICAL_OR SELECT SELECT_V2 PRELU ADD_N""".split()  # noqa: SIM905
)


# --- Windows --------------------------------------------------------------------------------------


def _along(graph: Graph, op: Op, place: int, rows: int) -> tuple[int, str]:
    """The axis of the rows, and the letter with which options along it end."""
    is_signal = graph.input(op, place).shape[1] == 1 < rows
    return (2, "w") if is_signal else (1, "h")


def _window(graph: Graph, op: Op, rows: int, made: int) -> Iterator[Numbers]:
    axis, letter = _along(graph, op, 0, rows)
    a: Any = op.attributes
    stride, dilation = getattr(a, f"stride_{letter}"), getattr(a, f"dilation_{letter}", 1)
    size = getattr(a, f"filter_{letter}", 0) or graph.input(op, 1).shape[axis]
    reach = (size - 1) * dilation + 1
    before = max((made - 1) * stride + reach - rows, 0) // 2 if a.padding is Padding.SAME else 0
    if getattr(a, "pads", None) is not None:
        before = a.pads[axis - 1][0]
    if hasattr(a, "filter_h") and graph.output(op).shape[axis] != made:
        yield from (np.array([y]) for y in range(made))  # of a pooling that accumulates
        return
    for y in range(made):
        seen = y * stride - before + np.arange(size) * dilation
        yield seen[(seen >= 0) & (seen < rows)]


def _transposed(graph: Graph, op: Op, rows: int, made: int) -> Iterator[Numbers]:
    axis, letter = _along(graph, op, 2, rows)
    a: Any = op.attributes
    stride, size = getattr(a, f"stride_{letter}"), graph.input(op, 1).shape[axis]
    whole = (rows - 1) * stride + size
    before = max(whole - made, 0) // 2 if a.padding is Padding.SAME else 0
    source = np.arange(rows)
    for y in range(made):
        tap = y + before - source * stride
        yield source[(tap >= 0) & (tap < size)]


def _bilinear(_graph: Graph, op: Op, rows: int, made: int) -> Iterator[Numbers]:
    """With 10 fractional bits, as TFLite's reference computes positions of int8."""
    a: Any = op.attributes
    scale = (1024 * rows + made // 2) // made
    if a.align_corners and made > 1:
        scale = (1024 * (rows - 1) + (made - 1) // 2) // (made - 1)
    for y in range(made):
        at = y * scale + (scale // 2 - 512 if a.half_pixel_centers else 0)
        low, high = max(at >> 10, 0), min((at + 1023) >> 10, rows - 1)
        yield np.array([low, high] if at > 0 and at & 1023 else [low])


_WINDOWS: dict[str, Callable[[Graph, Op, int, int], Iterator[Numbers]]] = {
    **dict.fromkeys(("CONV_2D", "DEPTHWISE_CONV_2D", "MAX_POOL_2D", "AVERAGE_POOL_2D"), _window),
    "TRANSPOSE_CONV": _transposed,
    "RESIZE_BILINEAR": _bilinear,
}


# --- Ops that compute from many elements ----------------------------------------------------------


def _spread(graph: Graph, op: Op, place: int, rows: int) -> Iterator[Numbers]:
    """Of each row of the output the rows of an input that reach it: each is traced by itself."""
    source = graph.tensor(op.inputs[place])
    number = (np.arange(source.elements) // (source.elements // rows)).reshape(source.shape)
    reached = [_SPREADS[op.kind](graph, op, place, number == row) for row in range(rows)]
    table = np.stack([found.reshape(rows, -1).any(1) for found in reached])
    yield from (np.flatnonzero(table[:, y]) for y in range(rows))


def _multiplied(graph: Graph, op: Op, place: int, marks: Marks) -> Marks:
    a: Any = op.attributes
    found = [np.ones(graph.tensor(t).shape, bool) for t in op.inputs[:2]]
    found[place] = marks
    for side, adjoint in enumerate((a.adjoint_x, a.adjoint_y)):
        found[side] = found[side].swapaxes(-1, -2) if adjoint else found[side]
    return np.matmul(found[0].astype(int), found[1].astype(int)) > 0


def _reduced(graph: Graph, op: Op, _place: int, marks: Marks) -> Marks:
    return marks.any(tuple(_values(graph, op, 1)))


def _along_an_axis(graph: Graph, op: Op, _place: int, marks: Marks) -> Marks:
    return np.broadcast_to(marks.any(tuple(_values(graph, op, 1)), keepdims=True), marks.shape)


def _connected(graph: Graph, op: Op, _place: int, marks: Marks) -> Marks:
    units, depth = graph.input(op, 1).shape
    return np.repeat(marks.reshape(-1, depth).any(1), units)


def _normalised(_graph: Graph, _op: Op, _place: int, marks: Marks) -> Marks:
    return np.broadcast_to(marks.any(-1, keepdims=True), marks.shape)


_SPREADS: dict[str, Callable[[Graph, Op, int, Marks], Marks]] = {
    **dict.fromkeys(("MEAN", "SUM", "REDUCE_MAX", "REDUCE_MIN", "REDUCE_ALL"), _reduced),
    **dict.fromkeys(("ARG_MAX", "ARG_MIN"), _reduced),
    **dict.fromkeys(("SOFTMAX", "LOG_SOFTMAX", "L2_NORMALIZATION"), _normalised),
    "BATCH_MATMUL": _multiplied,
    "CUMSUM": _along_an_axis,
    "FULLY_CONNECTED": _connected,
}


# --- Ops that move elements -----------------------------------------------------------------------


def _values(graph: Graph, op: Op, place: int) -> list[int]:
    return [int(v) for v in np.ravel(np.asarray(graph.input(op, place).data))]


def _axis(op: Op) -> int:
    attributes: Any = op.attributes
    return int(attributes.axis)


def _padded(graph: Graph, op: Op, inputs: Arrays) -> Arrays:
    pairs = np.reshape(_values(graph, op, 1), (-1, 2))
    if op.kind != "MIRROR_PAD":
        return [np.pad(inputs[0], pairs, constant_values=NOTHING)]
    attributes: Any = op.attributes
    return [np.pad(inputs[0], pairs, mode="reflect" if attributes.reflect else "symmetric")]


def _nearest(graph: Graph, op: Op, inputs: Arrays) -> Arrays:
    a: Any = op.attributes
    for axis, size in enumerate(graph.output(op).shape[1:3], 1):
        extent = inputs[0].shape[axis]
        over = (extent - 1, size - 1) if a.align_corners and size > 1 else (extent, size)
        scale = np.float32(over[0]) / np.float32(over[1])
        at = (np.arange(size, dtype=np.float32) + np.float32(a.half_pixel_centers / 2)) * scale
        taken = np.floor(at.astype(np.float64) + (0.5 if a.align_corners else 0.0)).astype(int)
        inputs = [np.take(inputs[0], np.minimum(taken, extent - 1), axis)]
    return inputs


def _strided(graph: Graph, op: Op, inputs: Arrays) -> Arrays:
    a: Any = op.attributes
    index: list[Any] = []
    for axis, (begin, end, step) in enumerate(
        zip(*(_values(graph, op, place) for place in (1, 2, 3)), strict=True)
    ):
        bit = 1 << axis
        if a.shrink_axis_mask & bit:
            index.append(begin)
            continue
        end = begin + end if a.offset else end
        index.append(
            slice(None if a.begin_mask & bit else begin, None if a.end_mask & bit else end, step)
        )
    return [inputs[0][tuple(index)]]


def _cut(graph: Graph, op: Op, inputs: Arrays) -> Arrays:
    pairs = zip(_values(graph, op, 1), graph.output(op).shape, strict=True)
    return [inputs[0][tuple(slice(begin, begin + size) for begin, size in pairs)]]


def _blocks(graph: Graph, op: Op, inputs: Arrays) -> Arrays:
    a: Any = op.attributes
    b, (n, h, w, c) = a.block_size, inputs[0].shape
    if op.kind == "SPACE_TO_DEPTH":
        parted = inputs[0].reshape(n, h // b, b, w // b, b, c).transpose(0, 1, 3, 2, 4, 5)
    else:
        parted = inputs[0].reshape(n, h, w, b, b, c // b**2).transpose(0, 1, 3, 2, 4, 5)
    return [parted.reshape(graph.output(op).shape)]


def _split(graph: Graph, op: Op, inputs: Arrays) -> Arrays:
    place, axis = (1, _values(graph, op, 0)[0]) if op.kind == "SPLIT" else (0, 0)
    axis = axis if op.kind == "SPLIT" else _values(graph, op, 2)[0]
    ends = np.cumsum([graph.tensor(t).shape[axis] for t in op.outputs])[:-1]
    return np.split(inputs[place], ends, axis)


_MOVES: dict[str, Callable[[Graph, Op, Arrays], Arrays]] = {
    "BROADCAST_TO": lambda graph, op, x: [np.broadcast_to(x[0], graph.output(op).shape)],
    "CONCATENATION": lambda _, op, x: [np.concatenate(x, _axis(op))],
    "DEPTH_TO_SPACE": _blocks,
    "GATHER": lambda graph, op, x: [np.take(x[0], np.asarray(graph.input(op, 1).data), _axis(op))],
    "MIRROR_PAD": _padded,
    "PACK": lambda _, op, x: [np.stack(x, _axis(op))],
    "PAD": _padded,
    "PADV2": _padded,
    "RESIZE_NEAREST_NEIGHBOR": _nearest,
    "REVERSE_V2": lambda graph, op, x: [np.flip(x[0], _values(graph, op, 1))],
    "SLICE": _cut,
    "SPACE_TO_DEPTH": _blocks,
    "SPLIT": _split,
    "SPLIT_V": _split,
    "STRIDED_SLICE": _strided,
    "TILE": lambda graph, op, x: [np.tile(x[0], _values(graph, op, 1))],
    "TRANSPOSE": lambda graph, op, x: [np.transpose(x[0], _values(graph, op, 1))],
    "UNPACK": lambda _, op, x: [
        np.squeeze(part, _axis(op)) for part in np.split(x[0], x[0].shape[_axis(op)], _axis(op))
    ],
}
