"""PAD and PADV2 row by row, where `nn_arrange` cannot: of a value of several bytes that differ.

A step is a PAD of the rows of the input that it shows, with those of the padding that are left.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from math import prod

from mcuforge.frontend.graph import Graph, Op
from mcuforge.planning.ops import pad
from mcuforge.planning.ops.registry import OPERATORS
from mcuforge.planning.plan import KernelCall
from mcuforge.planning.row_window import tabulated
from mcuforge.planning.rows.by_rows import RANK, ROWS, ByRows, is_column, rows_of


def of(graph: Graph, op: Op, choose: Callable[[KernelCall], KernelCall]) -> ByRows | None:
    """How it makes its rows; None where it pads no picture, or the batch. See `row_op.of`."""
    source, output = graph.input(op, 0), graph.output(op)
    if source.is_constant or source.is_variable or len(source.shape) != RANK:
        return None
    axes, value = pad.axes_of(graph, op), pad.filling(graph, op)
    if axes[0].padded != 1:
        return None
    (general,) = OPERATORS[op.kind].lower(graph, op)
    height, above = axes[ROWS].extent, axes[ROWS].before

    def shown(y: int, count: int) -> pad.Axis:
        """The rows of the input in a step, and those of the padding."""
        first, end = (min(max(row - above, 0), height) for row in (y, y + count))
        before = min(max(above - y, 0), count)
        return pad.Axis(end - first, before, count - before - (end - first))

    def lower(y: int, count: int) -> tuple[KernelCall, ...]:
        made = pad.merge([shown(y, count), *axes[ROWS + 1 :]])
        return (choose(replace(general, params=_params(made, value), overlaps={})),)

    rows = rows_of(output)
    seen = [(y - above, y - above + 1) for y in range(rows)]
    inside = [(low, end) if 0 <= low < height else (1 << 30, 0) for low, end in seen]
    return ByRows(
        output=output.index,
        rows=rows,
        row_bytes=output.bytes // rows,
        reads=((source.index, tabulated(inside, rows_of(source))),),
        key=shown,
        lower=lower,
        is_column=is_column(source) and is_column(output),
    )


def _params(axes: list[pad.Axis], value: bytes) -> pad.PadParams:
    """Of steps of the padding alone: they are one row without input."""
    rows, *within = axes
    if rows.extent or not within:
        return pad.pad_params(axes, value)
    elements = rows.padded * prod(axis.padded for axis in within)
    return pad.pad_params([pad.Axis(0, elements, 0)], value)
