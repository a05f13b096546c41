"""RESIZE_BILINEAR row by row: each row has weights of its own, and blends two rows at most."""

from __future__ import annotations

from dataclasses import replace
from typing import cast

from mcuforge.frontend.graph import Graph, Op
from mcuforge.planning.ops.registry import OPERATORS
from mcuforge.planning.ops.resize import ResizeBilinearS8Params
from mcuforge.planning.row_window import tabulated
from mcuforge.planning.rows.by_rows import ByRows


def of(graph: Graph, op: Op) -> ByRows | None:
    """How its rows are made: the kernel finds the weights of one by its number.

    None where it runs whole.
    """
    source, output = graph.input(op, 0), graph.output(op)
    if source.is_constant or source.is_variable:
        return None
    (call,) = OPERATORS[op.kind].lower(graph, op)
    params = cast(ResizeBilinearS8Params, call.params)
    blended = zip(params.rows.tolist(), params.row_weights.tolist(), strict=True)
    window = tabulated([(y, y + 1 + (w > 0)) for y, w in blended], params.sizes.input_height)
    row = replace(params, rows=params.rows[:0])
    made = (replace(call, kernel="resize_bilinear_row_s8", params=row, overlaps={}),)
    rows = params.sizes.output_height
    return ByRows(
        output=output.index,
        rows=rows,
        row_bytes=output.bytes // rows,
        reads=((source.index, window),),
        key=lambda _y, _count: 0,
        lower=lambda _y, _count: made,
    )
