"""Which tensors have rows, and of which shape their pictures are.

By its shape a tensor is a picture `[1, rows, width, channels]`, one whose channels are in groups
`[1, rows, width, groups, channels]`, or a signal: `[n, c]`, `[1, n, c]`, `[1, 1, n, c]`. What ops
take out of the channels of a signal, `[1, n]`, has its rows, too: such a `line` is known by the op
that makes it, as of its shape are many that have none.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from math import prod
from typing import Any, cast

from mcuforge.frontend.graph import Graph, Op, Tensor
from mcuforge.planning.ops import arg_extremum, moving, reduce
from mcuforge.planning.ops.registry import OPERATORS
from mcuforge.planning.rows.pixelwise import POINTWISE

Shape = tuple[int, ...]
RANK = 4  # of NHWC
MOST_SAMPLES = 1 << 16
AXES: Mapping[int, tuple[int, ...]] = {0: (), 1: (1,), 2: (1, 3), 3: (0, 1, 3), 4: (0, 2, 1, 3)}
"""By rank, where the axes of a signal are in its picture."""
_OVER_CHANNELS = frozenset({"SOFTMAX", "LOG_SOFTMAX", "L2_NORMALIZATION"})


def shape(tensor: Tensor, *, is_line: bool) -> Shape:
    """Of the picture that an activation is; its own where it has no rows."""
    dims = tensor.shape
    if is_line:
        return (1, dims[-1], 1, 1)
    if is_signal(tensor) or _is_sample(tensor):
        return (1, dims[-2], 1, dims[-1])
    if len(dims) > RANK and dims[0] == 1:
        return _grouped(dims)
    return dims


def _grouped(dims: Shape) -> Shape:
    _, rows, columns, *channels = dims
    if rows == 1 < columns <= MOST_SAMPLES:
        return (1, columns, 1, prod(channels))
    return (1, rows, columns, prod(channels))


def column(dims: Shape) -> Shape:
    """A picture, or what has no rows as one pixel: so an op takes it together with signals."""
    return dims if len(dims) == RANK else (1, *(1,) * (RANK - 1 - len(dims)), *dims[-2:])


def rows(picture: Shape) -> int:
    """Rows of a picture; what is none is one row."""
    return picture[1] if len(picture) == RANK and picture[0] == 1 else 1


def _is_flat(tensor: Tensor) -> bool:
    """Whether all axes but the last two are 1."""
    dims = tensor.shape
    is_known = 2 <= len(dims) <= RANK and not tensor.is_constant
    return is_known and all(d == 1 for d in dims[:-2]) and dims[-2] <= MOST_SAMPLES


def is_signal(tensor: Tensor) -> bool:
    """Whether a tensor is one of several samples."""
    return _is_flat(tensor) and tensor.shape[-2] > 1


def _is_sample(tensor: Tensor) -> bool:
    return _is_flat(tensor) and tensor.shape[-2] == 1 and len(tensor.shape) > 2


def is_wide(tensor: Tensor) -> bool:
    """Whether it is a picture of several rows, or anything else with more axes than a signal."""
    return len(tensor.shape) > 1 and not _is_flat(tensor)


def regrouped(
    graph: Graph, views: Mapping[int, int], shapes: Mapping[int, Shape]
) -> Mapping[int, Shape]:
    """The pictures where views divide rows otherwise than what they show.

    An op that only moves elements takes any rows: the view has those of what it shows where only
    such ops read it, and the other way round where such an op has made that for the view alone.
    """
    found = dict(shapes)
    readers: dict[int, list[Op]] = {}
    for op in graph.ops:
        for tensor in set(op.inputs):
            readers.setdefault(tensor, []).append(op)
    makers = {op.outputs[0]: op for op in graph.ops if len(op.outputs) == 1}

    def moves(ops: Sequence[Op | None]) -> bool:
        return bool(ops) and all(op is not None and _only_moves(op, views) for op in ops)

    for output, source in views.items():
        given, made = found[source], found[output]
        if rows(given) == rows(made):
            continue
        if rows(given) > 1 and moves(readers.get(output, [])) and output not in graph.outputs:
            found[output] = given
        elif (
            rows(made) > 1
            and len(readers[source]) == 1
            and moves([makers.get(source)])
            and source not in graph.outputs
        ):
            found[source] = made
    return found


def _only_moves(op: Op, views: Mapping[int, int]) -> bool:
    return OPERATORS[op.kind].kernels == moving.KERNELS and op.outputs[0] not in views


# --- Lines ----------------------------------------------------------------------------------------


def lines(graph: Graph, views: Mapping[int, int]) -> frozenset[int]:
    """Signals of one channel without an axis for it. `views` are those of all of a tensor."""
    found = {
        source
        for output, source in views.items()
        if source in graph.inputs and _shows_line(graph.tensor(output), graph.tensor(source))
    }
    for op in graph.ops:
        output = graph.tensor(op.outputs[0])
        source = views.get(output.index)
        if source is not None:
            is_made = _is_line_shape(output) and source in found
            is_made |= _shows_line(graph.tensor(source), output)
        else:
            is_made = _takes_channels_out(graph, op) or _is_pointwise(graph, op, found)
        if is_made:
            found.update(op.outputs)
    return frozenset(found)


def fits_lines(graph: Graph, op: Op, known: Collection[int]) -> bool:
    """Whether lines are to an op what their pictures are: to most, their one axis is the last."""
    if not any(t in known for t in (*op.inputs, *op.outputs)):
        return True
    return _is_pointwise(graph, op, known) or (
        not any(t in known for t in op.inputs) and _takes_channels_out(graph, op)
    )


def _is_line_shape(tensor: Tensor) -> bool:
    dims = tensor.shape
    is_known = 1 <= len(dims) < RANK and not tensor.is_constant
    return is_known and all(d == 1 for d in dims[:-1]) and 1 < dims[-1] <= MOST_SAMPLES


def _shows_line(signal: Tensor, line: Tensor) -> bool:
    return (
        is_signal(signal)
        and signal.shape[-1] == 1
        and _is_line_shape(line)
        and line.shape[-1] == signal.shape[-2]
    )


def _takes_channels_out(graph: Graph, op: Op) -> bool:
    """Whether it makes lines of a signal, and its axes tell so."""
    takes = _TAKES_OUT.get(op.kind)
    if takes is None or op.inputs[0] < 0 or not is_signal(graph.input(op, 0)):
        return False
    source = graph.input(op, 0)
    return (
        all(len(graph.tensor(t).shape) == len(source.shape) - 1 for t in op.outputs)
        and all(_is_line_shape(graph.tensor(t)) for t in op.outputs)
        and takes(graph, op) == {len(source.shape) - 1}
    )


def _is_pointwise(graph: Graph, op: Op, known: Collection[int]) -> bool:
    """Whether it makes a line of lines of the same shape, and of single numbers."""
    if op.kind not in POINTWISE - _OVER_CHANNELS:
        return False
    sources = [graph.tensor(t) for t in op.inputs if t >= 0]
    given = [t for t in sources if not t.is_constant]
    return (
        bool(given)
        and all(t.index in known and t.shape == graph.output(op).shape for t in given)
        and all(t.elements == 1 for t in sources if t.is_constant)
    )


def _unpacked(graph: Graph, op: Op) -> set[int]:
    return {cast(Any, op.attributes).axis % len(graph.input(op, 0).shape)}


def _shrunk(_graph: Graph, op: Op) -> set[int]:
    mask = cast(Any, op.attributes).shrink_axis_mask
    return {axis for axis in range(RANK) if mask >> axis & 1}


_TAKES_OUT: Mapping[str, Callable[[Graph, Op], set[int]]] = {
    **dict.fromkeys(("MEAN", "SUM", "REDUCE_MAX", "REDUCE_MIN", "REDUCE_ALL"), reduce.axes_of),
    **dict.fromkeys(("ARG_MAX", "ARG_MIN"), lambda graph, op: {arg_extremum.axis_of(graph, op)}),
    "STRIDED_SLICE": _shrunk,
    "UNPACK": _unpacked,
}
