"""Poolings and reductions over all rows of a picture, which accumulate instead of keeping them.

A step reads a row, and the last one makes the output. What was found so far are sums, which lie in
scratch that is the op's own from its first step to its last, or extremes, which lie in the output.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import prod
from typing import ClassVar, cast

from mcuforge.frontend.graph import Graph, Op
from mcuforge.planning.ops.common import limits, suffix
from mcuforge.planning.ops.pooling import Pool2DS8Params
from mcuforge.planning.ops.reduce import SumS8Params, axes_of
from mcuforge.planning.ops.registry import OPERATORS
from mcuforge.planning.plan import I32, CStruct, KernelCall, KernelParams
from mcuforge.planning.row_window import RowWindow
from mcuforge.planning.rows.by_rows import ByRows, is_column

ROWS, WIDTH, CHANNELS = 1, 2, 3  # of NHWC
REDUCED = ({ROWS}, {ROWS, WIDTH}, {ROWS, WIDTH, CHANNELS})
SUM_BYTES = 4
_POOLS = frozenset({"AVERAGE_POOL_2D", "MAX_POOL_2D"})
_REDUCTIONS = frozenset({"MEAN", "SUM", "REDUCE_MAX", "REDUCE_MIN"})
KINDS = _POOLS | _REDUCTIONS


@dataclass(frozen=True, eq=False)
class RowStep(CStruct):
    """Mirror of nn_row_step."""

    c_type: ClassVar[str] = "nn_row_step"
    pixels: I32
    channels: I32
    is_first: I32
    is_last: I32


@dataclass(frozen=True, eq=False)
class AverageRowsS8Params(KernelParams):
    """Mirror of nn_average_rows_s8_params."""

    c_type: ClassVar[str] = "nn_average_rows_s8_params"
    step: RowStep
    count: I32
    activation_min: I32
    activation_max: I32


@dataclass(frozen=True, eq=False)
class SumRowsS8Params(KernelParams):
    """Mirror of nn_sum_rows_s8_params."""

    c_type: ClassVar[str] = "nn_sum_rows_s8_params"
    step: RowStep
    bias: I32
    multiplier: I32
    shift: I32
    output_offset: I32


@dataclass(frozen=True, eq=False)
class ExtremumRowsS8Params(KernelParams):
    """Mirror of nn_extremum_rows_s8_params."""

    c_type: ClassVar[str] = "nn_extremum_rows_s8_params"
    step: RowStep
    activation_min: I32
    activation_max: I32


AccumulatingParams = AverageRowsS8Params | SumRowsS8Params | ExtremumRowsS8Params


def of(graph: Graph, op: Op) -> ByRows | None:
    """The op as one that accumulates rows; None where it is none."""
    if op.kind in _POOLS:
        step = _step_of_pool(graph, op)
    elif op.kind in _REDUCTIONS:
        step = _step_of_reduction(graph, op)
    else:
        return None
    return None if step is None else _by_rows(graph, op, step)


def _by_rows(graph: Graph, op: Op, step: RowStep) -> ByRows:
    source, output = graph.input(op, 0), graph.output(op)
    rows, general = source.shape[ROWS], _call(graph, op, step)

    def place(y: int, count: int) -> tuple[int, bool, bool]:
        return count, y == 0, y + count == rows

    return ByRows(
        output=output.index,
        rows=rows,
        row_bytes=output.bytes,
        reads=((source.index, RowWindow(1, 0, 0, rows)),),
        key=place,
        lower=lambda y, count: (_at(general, *place(y, count)),),
        accumulates=True,
        is_column=is_column(source),
    )


def _at(call: KernelCall, rows: int, is_first: bool, is_last: bool) -> KernelCall:
    """The call that reads so many rows."""
    params = cast(AccumulatingParams, call.params)
    pixels = rows * params.step.pixels
    step = replace(params.step, pixels=pixels, is_first=int(is_first), is_last=int(is_last))
    return replace(call, params=replace(params, step=step))


def _step_of_pool(graph: Graph, op: Op) -> RowStep | None:
    """A row of a pooling whose only window is the whole picture."""
    (call,) = OPERATORS[op.kind].lower(graph, op)
    params = cast(Pool2DS8Params, call.params)
    sizes, window = params.sizes, params.window
    covers = (
        window.filter_height - window.padding_top >= sizes.input_height
        and window.filter_width - window.padding_left >= sizes.input_width
    )
    if sizes.output != (1, 1, 1) or not covers:
        return None
    return RowStep(sizes.input_width, sizes.input_channels, 0, 0)


def _step_of_reduction(graph: Graph, op: Op) -> RowStep | None:
    """A row of a reduction over rows, over pixels, or over all elements of a picture."""
    shape, axes = graph.input(op, 0).shape, axes_of(graph, op) - {0}
    if axes not in REDUCED:
        return None
    pixels = prod(shape[axis] for axis in axes - {ROWS})
    return RowStep(pixels, prod(shape[2:]) // pixels, 0, 0)


def _call(graph: Graph, op: Op, step: RowStep) -> KernelCall:
    """Of every step, but for which of them it is."""
    (whole,) = OPERATORS[op.kind].lower(graph, op)
    elements, params = suffix(graph.input(op, 0)), whole.params
    if isinstance(params, SumS8Params):
        made: AccumulatingParams = SumRowsS8Params(
            step, params.bias, params.multiplier, params.shift, params.output_offset
        )
        kernel = f"sum_rows_{elements}"
    elif op.kind == "AVERAGE_POOL_2D":
        count = step.pixels * graph.input(op, 0).shape[ROWS]
        made = AverageRowsS8Params(step, count, *_clamp(graph, op, params))
        kernel = f"average_rows_{elements}"
    else:
        made = ExtremumRowsS8Params(step, *_clamp(graph, op, params))
        kernel = f"{'min' if op.kind == 'REDUCE_MIN' else 'max'}_rows_{elements}"
    return KernelCall(
        kernel=kernel,
        params=made,
        inputs=(op.inputs[0],),
        output=op.outputs[0],
        reason="rows are accumulated as they are made",
        scratch_bytes=0 if isinstance(made, ExtremumRowsS8Params) else SUM_BYTES * step.channels,
    )


def _clamp(graph: Graph, op: Op, params: KernelParams) -> tuple[int, int]:
    if isinstance(params, Pool2DS8Params):
        return params.activation_min, params.activation_max
    return limits(graph.output(op).dtype)
