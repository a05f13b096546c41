"""Which pixels an op arranges: read off its options, or off what its calls move."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import cast

import numpy as np

from mcuforge.frontend.graph import Graph, Op, Tensor
from mcuforge.planning.ops import gather, pad, repeat
from mcuforge.planning.ops.moving import MoveParams, integers, loops_of
from mcuforge.planning.ops.registry import OPERATORS
from mcuforge.planning.ops.resize import ResizeNearestParams
from mcuforge.planning.plan import KernelCall, KernelParams
from mcuforge.planning.rows.arrangement import (
    MOST_PIECES,
    MOST_ROW_BYTES,
    MOST_ROWS,
    NOTHING,
    RANK,
    Arrangement,
    Numbers,
    Piece,
)

MOST_ELEMENTS = 1 << 20  # of an arranged tensor


def arrangement(graph: Graph, op: Op) -> Arrangement | None:
    """What an op arranges; None where it computes, or moves less than pixels."""
    if len(op.outputs) != 1 or op.kind not in OPERATORS:
        return None
    output = graph.output(op)
    if not _is_picture(output) or output.elements > MOST_ELEMENTS:
        return None
    if op.kind in _OPTIONS:
        return _OPTIONS[op.kind](graph, op)
    calls = OPERATORS[op.kind].lower(graph, op)
    if not 0 < len(calls) <= MOST_PIECES:
        return None
    pieces: list[Piece] = []
    for call in calls:
        shows = _SHOWS.get(type(call.params))
        is_given = len(call.inputs) == 1 and call.inputs[0] in op.inputs
        found = shows(graph, call) if shows and is_given else None
        if found is None:
            return None
        pieces += found.by_columns()
    return _arranged(output, pieces, None)


def _is_picture(tensor: Tensor) -> bool:
    """Whether it is one whose rows and columns the kernel can count."""
    if len(tensor.shape) != RANK or tensor.shape[0] != 1 or tensor.is_variable:
        return False
    _, height, width, channels = tensor.shape
    return height <= MOST_ROWS and width * channels * tensor.dtype.bytes <= MOST_ROW_BYTES


def _arranged(output: Tensor, pieces: Sequence[Piece], fill: int | None) -> Arrangement | None:
    _, height, width, channels = output.shape
    if not 0 < len(pieces) <= MOST_PIECES:
        return None
    count = np.zeros((height, width, channels), np.int8)
    for piece in pieces:
        places = np.flatnonzero(piece.rows >= 0), np.flatnonzero(piece.columns >= 0)
        count[np.ix_(*places, np.arange(piece.to, piece.to + piece.channels))] += 1
    covered = bool(count.all())
    if count.max() > 1 or (not covered and fill is None):
        return None
    return Arrangement(
        output.index, height, width, channels, tuple(pieces), None if covered else fill
    )


def _padded(graph: Graph, op: Op) -> Arrangement | None:
    source, value = graph.input(op, 0), pad.filling(graph, op)
    if source.is_constant or not _is_picture(source) or value != value[:1] * len(value):
        return None
    batch, rows, columns, channels = pad.axes_of(graph, op)
    if batch.padded != 1:
        return None

    def places(axis: pad.Axis) -> Numbers:
        ends = np.full(axis.before, NOTHING), np.full(axis.after, NOTHING)
        return np.concatenate((ends[0], np.arange(axis.extent), ends[1])).astype(np.int64)

    piece = Piece(source.index, places(rows), places(columns), 0, channels.before, channels.extent)
    return _arranged(graph.output(op), list(piece.by_columns()), value[0])


def _mirrored(graph: Graph, op: Op) -> Arrangement | None:
    source = graph.input(op, 0)
    if source.is_constant or not _is_picture(source):
        return None
    batch, *numbers = (np.array(axis, np.int64) for axis in repeat.mirrored_axes(graph, op))
    return None if batch.size > 1 else _chosen(graph.output(op), source, *numbers)


def _gathered(graph: Graph, op: Op) -> Arrangement | None:
    """A GATHER of rows, columns or channels that are known."""
    source, indices = graph.input(op, 0), graph.input(op, 1)
    axis, batch_dims = gather.axes(graph, op)
    if source.is_constant or not _is_picture(source) or not indices.is_constant:
        return None
    if axis == 0 or batch_dims or len(indices.shape) != 1:
        return None
    numbers = [np.arange(extent, dtype=np.int64) for extent in source.shape[1:]]
    numbers[axis - 1] = np.array(integers(indices), np.int64)
    return _chosen(graph.output(op), source, *numbers)


def _chosen(
    output: Tensor, source: Tensor, rows: Numbers, columns: Numbers, channels: Numbers
) -> Arrangement | None:
    """Rows, columns and channels of a source, each of them perhaps several times."""
    pieces, to = [], 0
    for run in np.split(channels, np.flatnonzero(np.diff(channels) != 1) + 1):
        pieces.append(Piece(source.index, rows, columns, int(run[0]), to, len(run)))
        to += len(run)
    return _arranged(output, pieces, None)


_OPTIONS: dict[str, Callable[[Graph, Op], Arrangement | None]] = {
    "PAD": _padded,
    "PADV2": _padded,
    "MIRROR_PAD": _mirrored,
    "GATHER": _gathered,
}


# --- What calls move --------------------------------------------------------------------------


def _nearest(graph: Graph, call: KernelCall) -> Piece | None:
    params, source = cast(ResizeNearestParams, call.params), graph.tensor(call.inputs[0])
    if source.is_constant or not _is_picture(source):
        return None
    rows, columns = params.rows.astype(np.int64), params.columns.astype(np.int64)
    return Piece(source.index, rows, columns, 0, 0, source.shape[-1])


def _moved(graph: Graph, call: KernelCall) -> Piece | None:
    """The piece that a call moves, where each row and column comes of one of the source."""
    source, output = graph.tensor(call.inputs[0]), graph.tensor(call.output)
    if source.is_constant or not _is_picture(source):
        return None
    written, read = _walk(cast(MoveParams, call.params), output.dtype.bytes)
    shown = np.full(output.elements, NOTHING, np.int64)
    shown[written] = read
    _, _, width, channels = source.shape
    picture = shown.reshape(output.shape[1:])
    axes = tuple(
        np.flatnonzero((picture >= 0).any(axis=other)) for other in ((1, 2), (0, 2), (0, 1))
    )
    part = picture[np.ix_(*axes)]
    if (part < 0).any():
        return None
    rows, columns = part[:, 0, 0] // (width * channels), part[0, :, 0] // channels % width
    first = int(part[0, 0, 0]) % channels
    lanes = first + np.arange(len(axes[2]))
    dense = (rows[:, None, None] * width + columns[:, None]) * channels + lanes
    if not np.array_equal(part, dense) or np.any(np.diff(axes[2]) != 1) or lanes[-1] >= channels:
        return None
    all_rows, all_columns = (np.full(n, NOTHING, np.int64) for n in output.shape[1:3])
    all_rows[axes[0]], all_columns[axes[1]] = rows, columns
    return Piece(source.index, all_rows, all_columns, first, int(axes[2][0]), len(lanes))


def _walk(params: MoveParams, size: int) -> tuple[Numbers, Numbers]:
    """The elements that a call writes, and those that it reads for them, in order."""
    reads, writes = np.array([params.read]), np.array([params.write])
    for extent, read, write in loops_of(params, size):
        reads = np.add.outer(reads, np.arange(extent) * read)
        writes = np.add.outer(writes, np.arange(extent) * write)
    return writes.ravel() // size, reads.ravel() // size


_SHOWS: dict[type[KernelParams], Callable[[Graph, KernelCall], Piece | None]] = {
    MoveParams: _moved,
    ResizeNearestParams: _nearest,
}
