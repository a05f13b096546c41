"""Convolutions and poolings row by row, as calls of the kernels that compute them whole.

A row is a picture of its own: a convolution of the few input rows that it sees, with one row of
output. So rows need no kernels of their own, and each is lowered, and gets the fastest kernel of
the target, as any op does. Rows that see equally many rows of the input and of the padding share a
call.

Several rows at once are a picture of several rows. Where it has one column, kernels take it for one
row, whose pixels they may compute together.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, cast

from mcuforge.frontend.graph import Graph, Op
from mcuforge.planning.columns import WindowParams, along_width, has_window
from mcuforge.planning.ops.convolution import Conv2dS8Params
from mcuforge.planning.ops.registry import OPERATORS
from mcuforge.planning.ops.window import SlidingWindow
from mcuforge.planning.plan import KernelCall
from mcuforge.planning.row_window import RowWindow
from mcuforge.planning.rows.by_rows import ByRows, is_column, rows_of
from mcuforge.planning.variants.odd_rows import last_alone, of_odd_row

Choose = Callable[[KernelCall], KernelCall]
WINDOWED = {
    "CONV_2D": 0,
    "DEPTHWISE_CONV_2D": 0,
    "MAX_POOL_2D": 0,
    "AVERAGE_POOL_2D": 0,
    "TRANSPOSE_CONV": 2,
}  # the position of the input


def of(graph: Graph, op: Op, choose: Choose) -> ByRows | None:
    """The op as one that goes row by row; None where it does not. `choose`: see `row_op.of`."""
    place = WINDOWED[op.kind]
    source, output = graph.input(op, place), graph.output(op)
    general = OPERATORS[op.kind].lower(graph, op)
    if source.is_constant or rows_of(source) < 2 or not all(map(has_window, general)):
        return None
    params = [cast(WindowParams, call.params) for call in general]
    pitch = output.elements // rows_of(output)
    phases = [getattr(p, "output_start", 0) // pitch for p in params]
    period = max(phases) + 1
    reads = _window(params, phases, period, rows_of(source))
    if reads is None:
        return None
    column = is_column(source) and is_column(output)

    def seen(y: int, count: int) -> tuple[int, int]:
        """Rows of padding above those that rows of the output see, and how many these are."""
        first, end = reads(y)[0], reads(y + count - 1)[1]
        return first - reads.unclipped(y)[0], end - first

    def lower(y: int, count: int) -> tuple[KernelCall, ...]:
        calls = []
        for call, phase in zip(general, phases, strict=True):
            own = range(y + (phase - y) % period, y + count, period)
            if own:
                made = _rows(call, own, period, pitch, y, reads(y)[0], seen(y, count)[1])
                calls.append(choose(along_width(made)))
        # Most steps of a column are of a number of rows that is even, or 1.
        return tuple(map(last_alone if column else of_odd_row, calls))

    return ByRows(
        output=output.index,
        rows=rows_of(output),
        row_bytes=output.bytes // rows_of(output),
        reads=((source.index, reads),),
        key=lambda y, count: (y % period, count, seen(y, count)),
        lower=lower,
        is_column=column,
    )


def _window(
    params: list[WindowParams], phases: list[int], period: int, rows: int
) -> RowWindow | None:
    """The rows that an output row reads; None where phases have no taps, or are no sequence."""
    by_phase = {phase: p.window for phase, p in zip(phases, params, strict=True)}
    if len(by_phase) != period:
        return None
    windows = [by_phase[phase] for phase in range(period)]
    if any(w.filter_height == 0 for w in windows):
        return None
    if period == 1:
        (w,) = windows
        reach = (w.filter_height - 1) * w.dilation_height
        return RowWindow(w.stride_height, w.padding_top, reach - w.padding_top, rows)
    return _of_phases(windows, rows)


def _of_phases(windows: list[SlidingWindow], rows: int) -> RowWindow | None:
    """Row y = j * period + phase reads from row j - padding of its phase on: see TRANSPOSE_CONV."""
    period = len(windows)
    firsts = [-w.padding_top for w in windows]
    lasts = [-w.padding_top + w.filter_height - 1 for w in windows]
    first, last = _numerator(firsts), _numerator(lasts)
    if first is None or last is None:
        return None
    return RowWindow(1, -first, last, rows, period)


def _numerator(values: list[int]) -> int | None:
    """The least n such that (y + n) / len(values), rounded down, is values[y] for each y."""
    period = len(values)
    least = max(value * period - y for y, value in enumerate(values))
    most = min((value + 1) * period - y - 1 for y, value in enumerate(values))
    return least if least <= most else None


def _rows(
    call: KernelCall, own: range, period: int, pitch: int, begin: int, first: int, rows: int
) -> KernelCall:
    """The output rows `own` of a call, in a step that begins with row `begin`.

    It sees `rows` rows of the input, the first of which is number `first`.
    """
    params = cast(WindowParams, call.params)
    window = params.window
    top = own[0] // period * window.stride_height - window.padding_top
    changed: dict[str, Any] = {
        "sizes": replace(params.sizes, input_height=rows, output_height=len(own)),
        "window": replace(window, padding_top=first - top),
    }
    if isinstance(params, Conv2dS8Params):
        changed["output_start"] = (own[0] - begin) * pitch + params.output_start % pitch
        changed["output_row_stride"] = period * pitch
        changed["output_batch_stride"] = len(own) * period * pitch
    return replace(call, params=replace(params, **changed), overlaps={})
