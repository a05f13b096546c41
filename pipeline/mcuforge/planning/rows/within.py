"""Ops that compute within rows: row y of the output is made of row y of each input.

Not pixel by pixel, but over pixels or channels: a mean over the width, where the largest channel
is, a matrix product of each row. The kernels take a row for a picture of one.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from mcuforge.frontend.graph import Graph, Op, Tensor
from mcuforge.planning.ops import arg_extremum, gather, reduce
from mcuforge.planning.ops.registry import OPERATORS
from mcuforge.planning.plan import KernelCall
from mcuforge.planning.row_window import RowWindow
from mcuforge.planning.rows.by_rows import RANK, ROWS, ByRows, is_column, rows_of
from mcuforge.planning.rows.pixelwise import POINTWISE


def of(
    pictures: Graph, graph: Graph, op: Op, choose: Callable[[KernelCall], KernelCall]
) -> ByRows | None:
    """How such an op makes its rows; None where it is none. See `row_op.of_any_shape`."""
    if not _keeps_rows(graph, op):
        return None
    output, sources = pictures.output(op), _activations(pictures, op)
    rows = rows_of(output)
    if rows < 2 or any(rows_of(tensor) != rows for tensor in sources):
        return None
    if graph.output(op).shape[ROWS] != rows:
        return None  # of a signal `[1, 1, n, c]` a row is all of it to the op
    return ByRows(
        output=output.index,
        rows=rows,
        row_bytes=output.bytes // rows,
        reads=tuple((tensor.index, RowWindow(1, 0, 0, rows)) for tensor in sources),
        key=lambda _y, count: count,
        lower=lambda _y, count: _lower(graph, op, count, choose),
        is_column=all(map(is_column, (output, *sources))),
    )


def _keeps_rows(graph: Graph, op: Op) -> bool:
    """Whether a row of the output is made of the same row of each activation."""
    found = _KEEPS.get(op.kind)
    if found is None or len(op.outputs) != 1 or not found(graph, op):
        return False
    tensors = [graph.output(op), *_activations(graph, op)]
    rows = tensors[0].shape[ROWS] if len(tensors[0].shape) > ROWS else 0
    return all(_has_rows(tensor, rows) for tensor in tensors)


def _activations(graph: Graph, op: Op) -> list[Tensor]:
    """The inputs that are no constants, each once."""
    found = (graph.tensor(i) for i in dict.fromkeys(op.inputs) if i >= 0)
    return [tensor for tensor in found if not tensor.is_constant]


def _has_rows(tensor: Tensor, rows: int) -> bool:
    shape = tensor.shape
    is_row_tensor = len(shape) >= RANK - 1 and shape[0] == 1 and shape[ROWS] == rows
    return is_row_tensor and not tensor.is_variable


def _lower(
    graph: Graph, op: Op, rows: int, choose: Callable[[KernelCall], KernelCall]
) -> tuple[KernelCall, ...]:
    """The calls that make so many rows."""
    around = {tensor.index for tensor in (graph.output(op), *_activations(graph, op))}
    tensors = tuple(_with_rows(t, rows) if t.index in around else t for t in graph.tensors)
    calls = OPERATORS[op.kind].lower(replace(graph, tensors=tensors), op)
    return tuple(replace(choose(replace(c, overlaps={})), overlaps={}) for c in calls)


def _with_rows(tensor: Tensor, rows: int) -> Tensor:
    return replace(tensor, shape=(*tensor.shape[:ROWS], rows, *tensor.shape[ROWS + 1 :]))


# --- Which ops ------------------------------------------------------------------------------------


def _reduces_within(graph: Graph, op: Op) -> bool:
    return not reduce.axes_of(graph, op) & {0, ROWS}


def _finds_within(graph: Graph, op: Op) -> bool:
    return arg_extremum.axis_of(graph, op) > ROWS


def _sums_within(graph: Graph, op: Op) -> bool:
    return min(reduce.axes_of(graph, op)) > ROWS


def _has_known_weights(graph: Graph, op: Op) -> bool:
    """Where the output has a pixel for each of the input's."""
    source, output = graph.input(op, 0), graph.output(op)
    constants = all(graph.tensor(i).is_constant for i in op.inputs[1:] if i >= 0)
    return constants and source.shape[:-1] == output.shape[:-1]


def _multiplies_within(graph: Graph, op: Op) -> bool:
    """Where each row is a matrix of its own."""
    constants = [t for i in op.inputs if (t := graph.tensor(i)).is_constant]
    alike = all(len(t.shape) < RANK - ROWS or t.shape[ROWS - RANK] == 1 for t in constants)
    return alike and all(len(t.shape) == RANK for t in (graph.output(op), *_activations(graph, op)))


def _gathers_within(graph: Graph, op: Op) -> bool:
    axis, batch_dims = gather.axes(graph, op)
    return axis > ROWS and batch_dims == 0 and graph.input(op, 1).is_constant


def _goes_pixel_by_pixel(graph: Graph, op: Op) -> bool:
    """Where pixels have groups of channels: `pixelwise` takes care of pictures."""
    shape = graph.output(op).shape
    constants = [t for i in op.inputs if i >= 0 and (t := graph.tensor(i)).is_constant]
    alike = all(
        len(t.shape) < len(shape) - ROWS or t.shape[ROWS - len(shape)] == 1 for t in constants
    )
    return alike and all(len(t.shape) == len(shape) > RANK for t in _activations(graph, op))


_KEEPS: dict[str, Callable[[Graph, Op], bool]] = {
    **dict.fromkeys(("MEAN", "SUM", "REDUCE_MAX", "REDUCE_MIN", "REDUCE_ALL"), _reduces_within),
    **dict.fromkeys(("ARG_MAX", "ARG_MIN"), _finds_within),
    **dict.fromkeys(POINTWISE, _goes_pixel_by_pixel),
    "CUMSUM": _sums_within,
    "FULLY_CONNECTED": _has_known_weights,
    "BATCH_MATMUL": _multiplies_within,
    "GATHER": _gathers_within,
}
KINDS = frozenset(_KEEPS) - POINTWISE
