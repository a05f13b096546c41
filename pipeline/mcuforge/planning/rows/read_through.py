"""Tensors that have no memory: the op that reads one puts together what it sees of it.

Where an op only arranges what others have made, and one op alone reads that, no rows of it need to
be kept. Before a convolution or a pooling makes a tile, some pixels of an output row, what the tile
sees is put together in scratch, and the op's kernel takes that for a picture of few rows and few
columns. An op that arranges what another has arranged takes it of the sources at once.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, cast

from mcuforge.frontend.graph import Graph, Op, Padding
from mcuforge.planning.ops.registry import OPERATORS
from mcuforge.planning.ops.window import SlidingWindow
from mcuforge.planning.plan import KernelCall
from mcuforge.planning.row_plan import ONE_BY_ONE, RowOp, Tiles
from mcuforge.planning.row_window import RowWindow, tabulated
from mcuforge.planning.rows.arrangement import Arrangement
from mcuforge.planning.rows.by_rows import ByRows, is_column

Choose = Callable[[KernelCall], KernelCall]
Ranges = list[tuple[int, int]]
KINDS = ("CONV_2D", "DEPTHWISE_CONV_2D", "MAX_POOL_2D", "AVERAGE_POOL_2D")


@dataclass(frozen=True, eq=False)
class Tiler:
    """An op that can make its rows tile by tile; `window` and `rows` are those of the whole op.

    `fill` is the byte that stands for padding, None where padding is not a value that it reads.
    """

    graph: Graph
    op: Op
    choose: Choose
    window: SlidingWindow
    rows: RowWindow
    fill: int | None
    known: dict[int, tuple[KernelCall, ...]] = field(default_factory=dict)

    @property
    def width(self) -> int:
        """Pixels of an output row."""
        return self.graph.output(self.op).shape[2]

    def tiled(self, row_op: RowOp, width: int) -> RowOp:
        """The op with tiles of so many pixels."""
        source, output = self.graph.input(self.op, 0), self.graph.output(self.op)
        rest = self.width % width
        widths = (width, rest) if rest else (width,)
        window = self.window
        reach = (window.filter_width - 1) * window.dilation_width + 1
        size = source.dtype.bytes
        tiles = Tiles(
            arranged=source.index,
            widths=widths,
            seen_columns=tuple((n - 1) * window.stride_width + reach for n in widths),
            seen_rows=window.filter_height,
            row_step=window.stride_height,
            row_dilation=window.dilation_height,
            above=window.padding_top,
            column_step=window.stride_width,
            left=window.padding_left,
            seen_pixel=source.shape[-1] * size,
            pixel=output.shape[-1] * output.dtype.bytes,
        )
        for n, seen in zip(tiles.widths, tiles.seen_columns, strict=True):
            if n not in self.known:
                self.known[n] = self._calls(n, seen)
        calls = tuple(self.known[n] for n in tiles.widths)
        kinds = (0,) * row_op.rows
        return replace(row_op, tiles=tiles, calls=calls, kinds=kinds, pace=ONE_BY_ONE)

    def _calls(self, width: int, seen: int) -> tuple[KernelCall, ...]:
        """Those of a tile: what it sees is a picture without padding, whose rows lie together."""
        graph, source, output = self.graph, self.op.inputs[0], self.op.outputs[0]
        shapes = {
            source: (1, self.window.filter_height, seen, graph.tensor(source).shape[-1]),
            output: (1, 1, width, graph.tensor(output).shape[-1]),
        }
        tensors = tuple(
            replace(t, shape=shapes[t.index]) if t.index in shapes else t for t in graph.tensors
        )
        changed: dict[str, Any] = {"padding": Padding.VALID}
        if hasattr(self.op.attributes, "dilation_h"):
            changed |= {"dilation_h": 1, "pads": None}
        op = replace(self.op, attributes=replace(cast(Any, self.op.attributes), **changed))
        calls = OPERATORS[op.kind].lower(replace(graph, tensors=tensors), op)
        return tuple(replace(self.choose(replace(c, overlaps={})), overlaps={}) for c in calls)


def tiler(graph: Graph, op: Op, made: ByRows, choose: Choose) -> Tiler | None:
    """How an op makes tiles; None where it does not."""
    if op.kind not in KINDS or made.accumulates or len(made.reads) != 1:
        return None
    general = OPERATORS[op.kind].lower(graph, op)
    ((tensor, rows),) = made.reads
    window = getattr(general[0].params, "window", None)
    if len(general) != 1 or tensor != op.inputs[0] or not isinstance(window, SlidingWindow):
        return None
    point = getattr(general[0].params, "input_zero_point", None)
    size = graph.input(op, 0).dtype.bytes
    fill = None if point is None or (size > 1 and point) else point & 0xFF
    return Tiler(graph, op, choose, window, rows, fill)


@dataclass(frozen=True, eq=False)
class Reading:
    """What ops of a graph arrange, and which can make tiles, by their positions."""

    graph: Graph
    arrangements: Mapping[int, Arrangement]
    tilers: Mapping[int, Tiler]
    reader: Mapping[int, int]  # the position of the only op that reads a tensor, once

    def through(self, first: int, ops: Sequence[RowOp]) -> tuple[RowOp, ...] | None:
        """The ops of a segment, with all read through that can be; None where there is none.

        `first` is the position of the first of them.
        """
        skipped: set[int] = set()
        while True:
            made = _Segment(self, first, ops, skipped)
            if not made.read_through:
                return None
            if (refused := made.refused()) is None:
                return tuple(made.ops())
            skipped.add(refused)


class _Segment:
    """A segment in which the arrangements that are not `skipped` are read through."""

    def __init__(
        self, reading: Reading, first: int, ops: Sequence[RowOp], skipped: set[int]
    ) -> None:
        self.reading, self.first, self.row_ops = reading, first, ops
        positions = range(first, first + len(ops))
        self.read_through = {
            p
            for p in positions
            if p in reading.arrangements
            and p not in skipped
            and reading.reader.get(ops[p - first].output, -1) in positions
            and self._can_read(reading.reader[ops[p - first].output])
        }
        self.maker = {ops[p - first].output: p for p in self.read_through}
        self.composed: dict[int, Arrangement | None] = {}
        self.seen: dict[int, dict[int, Ranges]] = {}  # by position of an op with memory: tensors
        for position in positions:
            if position in reading.arrangements:
                self.composed[position] = self._compose(position)

    def _can_read(self, position: int) -> bool:
        return position in self.reading.arrangements or position in self.reading.tilers

    def _compose(self, position: int) -> Arrangement | None:
        found: Arrangement | None = self.reading.arrangements[position]
        for source in self.reading.arrangements[position].sources:
            inner = self.composed.get(self.maker[source]) if source in self.maker else None
            if found is not None and inner is not None:
                found = found.of(inner)
            elif source in self.maker:
                found = None
        return found

    def refused(self) -> int | None:
        """An arrangement that cannot be read through after all."""
        for position in sorted(self.read_through, reverse=True):
            reader = self.reading.reader[self.row_ops[position - self.first].output]
            if self.composed[position] is None or self.composed.get(reader, True) is None:
                return position
            tiler = self.reading.tilers.get(reader)
            if tiler is not None and not self._pads(tiler, self.composed[position]):
                return position
        for position in range(self.first, self.first + len(self.row_ops)):
            if position not in self.read_through and self._chain(position):
                bad = self._look(position)
                if bad is not None:
                    return bad
        return None

    def _chain(self, position: int) -> list[int]:
        """The tensors read through that an op reads itself."""
        if position in self.reading.arrangements:
            return [s for s in self.reading.arrangements[position].sources if s in self.maker]
        if position in self.reading.tilers:
            tensor = self.reading.tilers[position].op.inputs[0]
            return [tensor] if tensor in self.maker else []
        return []

    def _pads(self, tiler: Tiler, arranged: Arrangement | None) -> bool:
        """Whether what is outside of the picture is what the op takes for padding."""
        if arranged is None:
            return False
        if tiler.fill is not None:
            return arranged.fill in (None, tiler.fill)
        window, output = tiler.window, tiler.graph.output(tiler.op).shape
        reach = (output[1] - 1) * window.stride_height + window.filter_height
        across = (output[2] - 1) * window.stride_width + window.filter_width
        inside = reach - window.padding_top <= arranged.height and (
            across - window.padding_left <= arranged.width
        )
        return inside and window.padding_top <= 0 and window.padding_left <= 0

    def _look(self, position: int) -> int | None:
        """Work out the rows that an op reads; an arrangement of which rows would be left out."""
        row_op = self.row_ops[position - self.first]
        seen: dict[int, Ranges] = {}
        self.seen[position] = seen
        todo: list[tuple[int, Ranges]] = []
        if position in self.reading.arrangements:
            one = [(y, y + 1) for y in range(row_op.rows)]
            todo = self._sources(self.reading.arrangements[position], one, seen)
        else:
            tiler = self.reading.tilers[position]
            ranges = [tiler.rows(y) for y in range(row_op.rows)]
            todo = [(tiler.op.inputs[0], ranges)]
        while todo:
            tensor, ranges = todo.pop()
            arranged = self.reading.arrangements[self.maker[tensor]]
            window = tabulated(ranges, arranged.height)
            ranges = [window(y) for y in range(row_op.rows)]
            if not _all_read(ranges, arranged.height) or not self._has_room(position, tensor):
                return self.maker[tensor]
            seen[tensor] = ranges
            todo += self._sources(arranged, ranges, seen)
        return None

    def _sources(
        self, arranged: Arrangement, ranges: Ranges, seen: dict[int, Ranges]
    ) -> list[tuple[int, Ranges]]:
        """Note the rows of the sources; those that are read through themselves are returned."""
        todo = []
        for source in arranged.sources:
            rows = [arranged.rows_of(source, *pair) for pair in ranges]
            if source in self.maker:
                todo.append((source, rows))
            elif source in seen:
                pairs = zip(seen[source], rows, strict=True)
                seen[source] = [(min(a, c), max(b, d)) for (a, b), (c, d) in pairs]
            else:
                seen[source] = rows
        return todo

    def _has_room(self, position: int, tensor: int) -> bool:
        """Whether a trace can put a pixel together where the op makes its rows or tiles."""
        graph, op = self.reading.graph, self.row_ops[position - self.first]
        tiler = self.reading.tilers.get(position)
        room = op.row_bytes if tiler is None else _pixel_bytes(graph, tiler.op.inputs[0])
        return _pixel_bytes(graph, tensor) <= room

    def ops(self) -> list[RowOp]:
        """The ops of the segment."""
        return [self._op(self.first + n, op) for n, op in enumerate(self.row_ops)]

    def _op(self, position: int, op: RowOp) -> RowOp:
        arranged = self.composed.get(position)
        if position in self.read_through and arranged is not None:
            reader = self.reading.tilers.get(self.reading.reader[op.output])
            fill = 0 if reader is None or reader.fill is None else reader.fill
            call = arranged.call(self.reading.graph, fill)
            return RowOp(
                op.output, op.rows, op.row_bytes, (), ((call,),), (0,) * op.rows,
                is_read_through=True,
            )  # fmt: skip
        if position not in self.seen:
            return op
        graph = self.reading.graph
        windows = {
            tensor: tabulated(ranges, _rows(graph, tensor))
            for tensor, ranges in self.seen[position].items()
        }
        reads = tuple((t, w) for t, w in windows.items() if t not in self.maker)
        through = tuple((t, w) for t, w in windows.items() if t in self.maker)
        if arranged is not None:
            calls, kinds = ((arranged.call(graph),),), (0,) * op.steps
            return replace(op, reads=reads, through=through, calls=calls, kinds=kinds)
        tiler = self.reading.tilers[position]
        return replace(tiler.tiled(op, tiler.width), reads=reads, through=through)


def _pixel_bytes(graph: Graph, tensor: int) -> int:
    found = graph.tensor(tensor)
    return found.shape[-1] * found.dtype.bytes


def _rows(graph: Graph, tensor: int) -> int:
    return graph.tensor(tensor).shape[1]


def _all_read(ranges: Ranges, rows: int) -> bool:
    """Whether each row is read, so that a trace can tell of it, and rows in order."""
    end = 0
    for first, last in ranges:
        if first > end:
            return False
        end = max(end, last)
    return end == rows


def shown(graph: Graph, arranged: Arrangement, rows: int) -> ByRows:
    """How an op that arranges makes its rows."""
    reads = []
    for source in arranged.sources:
        ranges = [arranged.rows_of(source, y, y + 1) for y in range(rows)]
        reads.append((source, tabulated(ranges, _rows(graph, source))))
    output = graph.tensor(arranged.tensor)
    call = arranged.call(graph)
    return ByRows(
        output=output.index,
        rows=rows,
        row_bytes=output.bytes // rows,
        reads=tuple(reads),
        key=lambda _y, _count: 0,
        lower=lambda _y, _count: (call,),
        is_column=is_column(output),
    )
