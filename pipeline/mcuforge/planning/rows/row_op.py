"""An op whose output is made row by row, as calls of the kernels that compute it whole.

A row is a picture of its own: a convolution of the few input rows that it sees, with one row of
output. So rows need no kernels of their own, and each is lowered, and gets the fastest kernel of
the target, as any op does. Rows that see equally many rows of the input and of the padding share a
call.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import replace
from typing import Any, cast

from mcuforge.frontend.graph import Graph, Op, ResizeAttributes, Tensor
from mcuforge.planning.ops.convolution import Conv2dS8Params
from mcuforge.planning.ops.depthwise_conv2d import DepthwiseConv2dS8Params
from mcuforge.planning.ops.pooling import Pool2DS8Params
from mcuforge.planning.ops.registry import OPERATORS
from mcuforge.planning.ops.resize import ResizeNearestParams
from mcuforge.planning.ops.window import SlidingWindow
from mcuforge.planning.plan import KernelCall, RowOp
from mcuforge.planning.row_window import RowWindow
from mcuforge.planning.rows import accumulating
from mcuforge.planning.rows.arrangement import Arrangement
from mcuforge.planning.rows.read_through import shown
from mcuforge.planning.variants import conv2d_dsp

RANK, ROWS, CHANNELS = 4, 1, 3  # of NHWC
Choose = Callable[[KernelCall], KernelCall]
# Element by element, or pixel by pixel: a row of the output needs the same row of each input.
POINTWISE = frozenset(
    """ABS ADD ADD_N CAST CEIL COS DEQUANTIZE DIV ELU EQUAL EXP FLOOR GELU GREATER
    GREATER_EQUAL HARD_SWISH L2_NORMALIZATION LEAKY_RELU LESS LESS_EQUAL LOG LOGICAL_AND
    LOGICAL_NOT LOGICAL_OR LOGISTIC LOG_SOFTMAX MAXIMUM MINIMUM MUL NEG NOT_EQUAL PRELU
    QUANTIZE RELU RELU6 RELU_0_TO_1 RELU_N1_TO_1 ROUND RSQRT SELECT_V2 SIN SOFTMAX SQRT
    SQUARE SQUARED_DIFFERENCE SUB TANH""".split()  # noqa: SIM905 - quoted words would read worse
)
WINDOWED = {
    "CONV_2D": 0,
    "DEPTHWISE_CONV_2D": 0,
    "MAX_POOL_2D": 0,
    "AVERAGE_POOL_2D": 0,
    "TRANSPOSE_CONV": 2,
}  # the position of the input
_WindowParams = Conv2dS8Params | DepthwiseConv2dS8Params | Pool2DS8Params


def rows_of(tensor: Tensor) -> int:
    """Rows of an activation; a tensor that is no single picture is one row."""
    is_picture = len(tensor.shape) == RANK and tensor.shape[0] == 1
    return tensor.shape[ROWS] if is_picture else 1


def of(graph: Graph, op: Op, choose: Choose, arranged: Arrangement | None = None) -> RowOp | None:
    """The op as one that goes row by row; None where it does not.

    `choose` takes the fastest kernel for a call of a general one. `arranged` is what the op shows
    of its sources where it only moves pixels.
    """
    if len(op.outputs) != 1:
        return None
    output = graph.output(op)
    if output.is_variable:
        return None
    if (found := _accumulating(graph, op)) is not None:
        return found
    if rows_of(output) < 2:
        return None
    if op.kind in WINDOWED:
        return _windowed(graph, op, choose)
    if op.kind in POINTWISE or _joins_channels(graph, op):
        return _pointwise(graph, op, choose)
    nearest = _nearest(graph, op, choose) if op.kind == "RESIZE_NEAREST_NEIGHBOR" else None
    return nearest or (shown(graph, arranged, rows_of(output)) if arranged else None)


def _accumulating(graph: Graph, op: Op) -> RowOp | None:
    source = graph.tensor(op.inputs[0]) if op.inputs and op.inputs[0] >= 0 else None
    if source is None or source.is_constant or source.is_variable or rows_of(source) < 2:
        return None
    return accumulating.of(graph, op)


def _made(
    graph: Graph,
    op: Op,
    reads: tuple[tuple[int, RowWindow], ...],
    key: Callable[[int], Hashable],
    lower: Callable[[int], tuple[KernelCall, ...]],
) -> RowOp:
    """The op whose row y is `lower(y)`; rows of the same `key` have the same calls."""
    output = graph.output(op)
    count = rows_of(output)
    known: dict[Hashable, int] = {}
    calls: list[tuple[KernelCall, ...]] = []
    kinds = []
    for y in range(count):
        number = known.setdefault(key(y), len(calls))
        if number == len(calls):
            calls.append(lower(y))
        kinds.append(number)
    row_bytes = output.bytes // count
    return RowOp(op.outputs[0], count, row_bytes, reads, tuple(calls), tuple(kinds))


# --- Windows --------------------------------------------------------------------------------------


def _windowed(graph: Graph, op: Op, choose: Choose) -> RowOp | None:
    place = WINDOWED[op.kind]
    source = graph.input(op, place)
    general = OPERATORS[op.kind].lower(graph, op)
    if source.is_constant or rows_of(source) < 2 or not all(map(_has_window, general)):
        return None
    params = [cast(_WindowParams, call.params) for call in general]
    pitch = _row_elements(graph.output(op))
    phases = [getattr(p, "output_start", 0) // pitch for p in params]
    period = max(phases) + 1
    window = _window(params, phases, period, rows_of(source))
    if window is None:
        return None

    def lower(y: int) -> tuple[KernelCall, ...]:
        seen = window.seen(y)
        mine = [c for c, phase in zip(general, phases, strict=True) if phase == y % period]
        rows = (choose(_row(c, seen.above, seen.rows, pitch)) for c in mine)
        return tuple(map(conv2d_dsp.last_alone, rows))

    return _made(
        graph, op, ((op.inputs[place], window),), lambda y: (y % period, window.seen(y)), lower
    )


def _has_window(call: KernelCall) -> bool:
    return isinstance(call.params, Conv2dS8Params | DepthwiseConv2dS8Params | Pool2DS8Params)


def _row_elements(tensor: Tensor) -> int:
    return tensor.elements // rows_of(tensor)


def _window(
    params: list[_WindowParams], phases: list[int], period: int, rows: int
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


def _row(call: KernelCall, above: int, rows: int, pitch: int) -> KernelCall:
    """One output row of a call, which sees `rows` rows of the input below `above` of padding."""
    params = cast(_WindowParams, call.params)
    changed: dict[str, Any] = {
        "sizes": replace(params.sizes, input_height=rows, output_height=1),
        "window": replace(params.window, padding_top=above),
    }
    if isinstance(params, Conv2dS8Params):
        changed["output_start"] = params.output_start % pitch
        changed["output_row_stride"] = changed["output_batch_stride"] = pitch
    return replace(call, params=replace(params, **changed), overlaps={})


# --- Pixel by pixel -------------------------------------------------------------------------------


def _joins_channels(graph: Graph, op: Op) -> bool:
    if op.kind != "CONCATENATION":
        return False
    axis = cast(Any, op.attributes).axis
    return axis % RANK == CHANNELS and len(graph.output(op).shape) == RANK


def _pointwise(graph: Graph, op: Op, choose: Choose) -> RowOp | None:
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
    small = _of_one_row(graph, op)
    calls = OPERATORS[op.kind].lower(small, op)
    chosen = tuple(replace(choose(replace(c, overlaps={})), overlaps={}) for c in calls)
    return _made(graph, op, reads, lambda _y: 0, lambda _y: chosen)


def _of_one_row(graph: Graph, op: Op) -> Graph:
    """The graph in which the op's activations have one row."""
    around = {i for i in (*op.inputs, *op.outputs) if i >= 0}
    tensors = tuple(
        _one_row(t) if t.index in around and not t.is_constant else t for t in graph.tensors
    )
    return replace(graph, tensors=tensors)


def _one_row(tensor: Tensor) -> Tensor:
    batch, _, width, channels = tensor.shape
    return replace(tensor, shape=(batch, 1, width, channels))


def _nearest(graph: Graph, op: Op, choose: Choose) -> RowOp | None:
    (call,) = OPERATORS[op.kind].lower(graph, op)
    params = cast(ResizeNearestParams, call.params)
    source, count = rows_of(graph.input(op, 0)), rows_of(graph.output(op))
    window = RowWindow(source, 0, 0, source, count)
    if graph.input(op, 0).is_constant or not isinstance(op.attributes, ResizeAttributes):
        return None
    if [window(y)[0] for y in range(count)] != [int(row) for row in params.rows]:
        return None
    small = replace(
        params,
        sizes=replace(params.sizes, input_height=1, output_height=1),
        rows=params.rows[:1] * 0,
    )
    chosen = (choose(replace(call, params=small, overlaps={})),)
    return _made(graph, op, ((op.inputs[0], window),), lambda _y: 0, lambda _y: chosen)
