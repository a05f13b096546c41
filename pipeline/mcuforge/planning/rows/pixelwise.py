"""Ops that go pixel by pixel, or repeat pixels, row by row: each on a picture of few rows."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import replace
from typing import Any, cast

import numpy as np

from mcuforge.frontend.graph import Graph, Op, ResizeAttributes, Tensor
from mcuforge.planning.ops.registry import OPERATORS
from mcuforge.planning.ops.resize import ResizeNearestParams
from mcuforge.planning.plan import KernelCall
from mcuforge.planning.row_window import RowWindow
from mcuforge.planning.rows.by_rows import (
    CHANNELS,
    RANK,
    ROWS,
    ByRows,
    Reads,
    is_column,
    rows_of,
)

Choose = Callable[[KernelCall], KernelCall]
# Element by element, or pixel by pixel: a row of the output needs the same row of each input.
POINTWISE = frozenset(
    """ABS ADD ADD_N CAST CEIL COS DEQUANTIZE DIV ELU EQUAL EXP FLOOR GELU GREATER
    GREATER_EQUAL HARD_SWISH L2_NORMALIZATION LEAKY_RELU LESS LESS_EQUAL LOG LOGICAL_AND
    LOGICAL_NOT LOGICAL_OR LOGISTIC LOG_SOFTMAX MAXIMUM MINIMUM MUL NEG NOT_EQUAL PRELU
    QUANTIZE RELU RELU6 RELU_0_TO_1 RELU_N1_TO_1 ROUND RSQRT SELECT SELECT_V2 SIN SOFTMAX SQRT
    SQUARE SQUARED_DIFFERENCE SUB TANH""".split()  # noqa: SIM905 - quoted words would read worse
)


def is_pixelwise(graph: Graph, op: Op) -> bool:
    """Whether a pixel of the output needs the same pixel of each input alone."""
    return op.kind in POINTWISE or _joins_channels(graph, op)


def _joins_channels(graph: Graph, op: Op) -> bool:
    if op.kind != "CONCATENATION":
        return False
    axis = cast(Any, op.attributes).axis
    return axis % RANK == CHANNELS and len(graph.output(op).shape) == RANK


def of(graph: Graph, op: Op, choose: Choose) -> ByRows | None:
    """An op that `is_pixelwise`; None where it goes not row by row. `choose`: see `row_op.of`."""
    count = rows_of(graph.output(op))
    activations = [i for i in op.inputs if i >= 0 and not graph.tensor(i).is_constant]
    tensors = [graph.tensor(i) for i in activations]
    if any(len(t.shape) != RANK or t.shape[0] != 1 or t.is_variable for t in tensors):
        return None
    constants = [graph.tensor(i) for i in op.inputs if i >= 0 and graph.tensor(i).is_constant]
    if any(len(t.shape) >= RANK - ROWS and t.shape[ROWS - RANK] != 1 for t in constants):
        return None
    if any(rows_of(t) not in (1, count) for t in tensors):
        return None
    reads = tuple(
        (i, RowWindow(int(rows_of(graph.tensor(i)) > 1), 0, 0, rows_of(graph.tensor(i))))
        for i in dict.fromkeys(activations)  # an op may read one tensor twice
    )

    def lower(_y: int, rows: int) -> tuple[KernelCall, ...]:
        calls = OPERATORS[op.kind].lower(_of_rows(graph, op, rows), op)
        return tuple(replace(choose(replace(c, overlaps={})), overlaps={}) for c in calls)

    return _by_rows(graph, op, reads, lambda _y, rows: rows, lower)


def _by_rows(
    graph: Graph,
    op: Op,
    reads: Reads,
    key: Callable[[int, int], Hashable],
    lower: Callable[[int, int], tuple[KernelCall, ...]],
) -> ByRows:
    output = graph.output(op)
    count, column = rows_of(output), is_column(output)
    return ByRows(
        output.index, count, output.bytes // count, reads, key, lower, is_column=column
    )  # fmt: skip


def _of_rows(graph: Graph, op: Op, rows: int) -> Graph:
    """The graph in which the op's activations have so many rows, or one where they had one."""
    around = {i for i in (*op.inputs, *op.outputs) if i >= 0}
    tensors = tuple(
        _with_rows(t, rows) if t.index in around and not t.is_constant else t for t in graph.tensors
    )
    return replace(graph, tensors=tensors)


def _with_rows(tensor: Tensor, rows: int) -> Tensor:
    batch, height, width, channels = tensor.shape
    return replace(tensor, shape=(batch, min(rows, height), width, channels))


def nearest(graph: Graph, op: Op, choose: Choose) -> ByRows | None:
    """A RESIZE_NEAREST_NEIGHBOR; None where what its rows show is no sequence of rows."""
    (call,) = OPERATORS[op.kind].lower(graph, op)
    params = cast(ResizeNearestParams, call.params)
    source, count = rows_of(graph.input(op, 0)), rows_of(graph.output(op))
    window = RowWindow(source, 0, 0, source, count)
    if graph.input(op, 0).is_constant or not isinstance(op.attributes, ResizeAttributes):
        return None
    if [window(y)[0] for y in range(count)] != [int(row) for row in params.rows]:
        return None

    def shown(y: int, rows: int) -> tuple[int, ...]:
        return tuple(int(row) - int(params.rows[y]) for row in params.rows[y : y + rows])

    def lower(y: int, rows: int) -> tuple[KernelCall, ...]:
        taken = np.array(shown(y, rows), params.rows.dtype)
        height = int(taken[-1]) + 1
        sizes = replace(params.sizes, input_height=height, output_height=rows)
        small = replace(params, sizes=sizes, rows=taken)
        return (choose(replace(call, params=small, overlaps={})),)

    return _by_rows(graph, op, ((op.inputs[0], window),), shown, lower)
