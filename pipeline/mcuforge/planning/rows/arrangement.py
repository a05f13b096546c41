"""Ops that only arrange what is there: which pixel of which source each of their pixels is.

CONCATENATION, RESIZE_NEAREST_NEIGHBOR, PAD, slices and others that move whole pixels, or some
channels of them, become an `Arrangement`: pieces of the output, each of which takes rows, columns
and channels of one source. What an op that moves elements arranges is read off its calls. An
arrangement of arrangements is one of their sources.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import ClassVar, cast

import numpy as np
import numpy.typing as npt

from mcuforge.frontend.graph import Graph, Op, Tensor
from mcuforge.planning.ops import pad
from mcuforge.planning.ops.moving import MoveParams
from mcuforge.planning.ops.registry import OPERATORS
from mcuforge.planning.ops.resize import ResizeNearestParams
from mcuforge.planning.plan import (
    I32,
    ArrayI16,
    ArrayI32,
    ArrayU16,
    KernelCall,
    KernelParams,
)

RANK = 4  # of NHWC
MOST_ELEMENTS = 1 << 20  # of an arranged tensor
MOST_PIECES = 16  # each has tables in flash
MOST_ROW_BYTES = (1 << 16) - 1  # of a source
MOST_ROWS = (1 << 15) - 1
NOTHING = -1  # where a piece takes no row, or no column
Numbers = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class ArrangeParams(KernelParams):
    """Mirror of nn_arrange_params."""

    c_type: ClassVar[str] = "nn_arrange_params"
    height: I32
    width: I32
    pixel: I32
    fill: I32
    is_covered: I32
    count: I32
    pieces: ArrayI32
    rows: ArrayI16
    columns: ArrayU16


@dataclass(frozen=True, eq=False)
class Piece:
    """Channels `to` ... of an arrangement are the channels `begin` ... of tensor `source`.

    `rows` and `columns` tell where in the source each row and column lies.
    """

    source: int
    rows: Numbers
    columns: Numbers
    begin: int
    to: int
    channels: int

    @property
    def elements(self) -> int:
        """How many it has."""
        rows, columns = (int((taken >= 0).sum()) for taken in (self.rows, self.columns))
        return rows * columns * self.channels

    def of(self, inner: Piece) -> Piece | None:
        """What of `inner`, a piece of the source, this one shows; None where it shows nothing."""
        low = max(self.begin, inner.to)
        high = min(self.begin + self.channels, inner.to + inner.channels)
        found = Piece(
            inner.source,
            _followed(self.rows, inner.rows),
            _followed(self.columns, inner.columns),
            inner.begin + low - inner.to,
            self.to + low - self.begin,
            max(high - low, 0),
        )
        return found if found.elements else None

    def by_columns(self) -> Iterator[Piece]:
        """The piece as pieces of columns side by side."""
        taken = np.flatnonzero(self.columns >= 0)
        for run in np.split(taken, np.flatnonzero(np.diff(taken) != 1) + 1):
            columns = np.full_like(self.columns, NOTHING)
            columns[run] = self.columns[run]
            yield replace(self, columns=columns)


def _followed(outer: Numbers, inner: Numbers) -> Numbers:
    return np.where(outer >= 0, inner[np.maximum(outer, 0)], NOTHING)


@dataclass(frozen=True, eq=False)
class Arrangement:
    """A tensor of pieces. `fill` is the byte where none is; None where they are everywhere."""

    tensor: int
    height: int
    width: int
    channels: int
    pieces: tuple[Piece, ...]
    fill: int | None

    @property
    def sources(self) -> tuple[int, ...]:
        """The tensors that it shows, each once."""
        return tuple(dict.fromkeys(piece.source for piece in self.pieces))

    def of(self, inner: Arrangement) -> Arrangement | None:
        """This arrangement where its source `inner` is read through.

        None where fills differ, and where there are too many pieces.
        """
        if inner.fill is not None and self.fill not in (None, inner.fill):
            return None
        pieces: list[Piece] = []
        for piece in self.pieces:
            if piece.source == inner.tensor:
                shown = (piece.of(other) for other in inner.pieces)
                pieces += [each for found in shown if found for each in found.by_columns()]
            else:
                pieces.append(piece)
        fill = self.fill if inner.fill is None else inner.fill
        if not 0 < len(pieces) <= MOST_PIECES:
            return None
        return replace(self, pieces=tuple(pieces), fill=fill)

    def rows_of(self, source: int, first: int, end: int) -> tuple[int, int]:
        """The rows of a source that the rows [first, end) show, as a range; empty for none."""
        taken = [piece.rows[first:end] for piece in self.pieces if piece.source == source]
        shown = np.concatenate(taken)
        shown = shown[shown >= 0]
        return (int(shown.min()), int(shown.max()) + 1) if shown.size else (1 << 30, 0)

    def call(self, graph: Graph, fill: int = 0) -> KernelCall:
        """The call of `nn_arrange` that shows it; `fill` is the byte outside of it."""
        size = graph.tensor(self.tensor).dtype.bytes
        words, columns = [], []
        for piece in self.pieces:
            source_pixel = graph.tensor(piece.source).shape[-1] * size
            taken = np.flatnonzero(piece.columns >= 0)
            side_by_side = bool((np.diff(piece.columns[taken]) == 1).all())
            whole = piece.channels * size == source_pixel == self.channels * size
            words.append(
                (
                    self.sources.index(piece.source), piece.begin * size, piece.to * size,
                    piece.channels * size, taken[0], taken[-1] + 1, int(whole and side_by_side),
                )
            )  # fmt: skip
            columns.append(np.maximum(piece.columns, 0) * source_pixel)
        params = ArrangeParams(
            height=self.height,
            width=self.width,
            pixel=self.channels * size,
            fill=fill if self.fill is None else self.fill,
            is_covered=int(self.fill is None),
            count=len(self.pieces),
            pieces=np.array(words, np.int32),
            rows=np.array([piece.rows for piece in self.pieces], np.int16),
            columns=np.array(columns, np.uint16),
        )
        reason = "put together from rows of its sources"
        return KernelCall("arrange", params, self.sources, self.tensor, reason)


def arrangement(graph: Graph, op: Op) -> Arrangement | None:
    """What an op arranges; None where it computes, or moves less than pixels."""
    if len(op.outputs) != 1 or op.kind not in OPERATORS:
        return None
    output = graph.output(op)
    if not _is_picture(output) or output.elements > MOST_ELEMENTS:
        return None
    if op.kind in ("PAD", "PADV2"):
        return _padded(graph, op)
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
    loops = [(params.count, params.read_stride, params.write_stride)]
    read_before = write_before = 0
    levels = (params.extents, params.read_steps, params.write_steps)
    if params.rank:
        for extent, read, write in zip(*cast(tuple[Numbers, ...], levels), strict=True):
            strides = int(read) + read_before, int(write) + write_before
            loops.insert(0, (int(extent), *strides))
            read_before += (int(extent) - 1) * strides[0]
            write_before += (int(extent) - 1) * strides[1]
    loops.append((params.run // size, size, size))
    reads, writes = np.array([params.read]), np.array([params.write])
    for extent, read, write in loops:
        reads = np.add.outer(reads, np.arange(extent) * read)
        writes = np.add.outer(writes, np.arange(extent) * write)
    return writes.ravel() // size, reads.ravel() // size


_SHOWS: dict[type[KernelParams], Callable[[Graph, KernelCall], Piece | None]] = {
    MoveParams: _moved,
    ResizeNearestParams: _nearest,
}
