"""Rows of ops that move elements, whichever: what the calls of the whole op move of each row.

The loops of a call that go from row to row of the output are left out of the calls of a step; those
within a row are kept. Which rows of the source a row needs is read off the elements that it takes.
An op of several outputs makes the same rows of each in a step.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product
from typing import cast

from mcuforge.frontend.graph import Graph, Op
from mcuforge.planning.ops import moving
from mcuforge.planning.ops.loops import MAX_LOOPS, Loop
from mcuforge.planning.ops.moving import Move, MoveParams
from mcuforge.planning.ops.registry import OPERATORS
from mcuforge.planning.plan import KernelCall
from mcuforge.planning.row_window import RowWindow, tabulated
from mcuforge.planning.rows.by_rows import ByRows, is_column, rows_of

MOST_KINDS = 16  # of rows: each has calls of its own
MOST_ROWS = 1 << 16
_LoopBytes = tuple[int, int, int]  # iterations, and bytes that reads and writes move on in each
_Part = tuple[int, int, int, int, int]  # of a step: see _Steps.parts


@dataclass(frozen=True)
class _Moved:
    """A call as what it moves of each row of its output, all in bytes.

    `reads` tells for each row that the call writes where in the source its first element lies,
    `pitch` are the bytes of a row, `write` is where in it that comes to lie, and `loops` are within
    it.
    """

    source: int
    target: int
    reads: dict[int, int]
    pitch: int
    write: int
    loops: tuple[_LoopBytes, ...]

    @property
    def before(self) -> int:
        """Bytes that are read before the first element."""
        return -sum(min(0, (extent - 1) * read) for extent, read, _ in self.loops)

    @property
    def after(self) -> int:
        """Bytes that are read from the first element on."""
        return sum(max(0, (extent - 1) * read) for extent, read, _ in self.loops)


def of(
    pictures: Graph, graph: Graph, op: Op, choose: Callable[[KernelCall], KernelCall]
) -> ByRows | None:
    """How an op that only moves elements makes rows of its outputs, which have as many of them.

    None where a call computes, or what it moves of rows is no nest of loops, or one number. See
    `row_op.of_any_shape`.
    """
    outputs = [pictures.tensor(t) for t in op.outputs]
    sources = [pictures.tensor(t) for t in op.inputs if t >= 0]
    rows = {
        t.index: rows_of(t) for t in (*outputs, *sources) if not t.is_constant and not t.is_variable
    }
    count = rows.get(op.outputs[0], 0)
    if not 1 < count <= MOST_ROWS or any(rows.get(t) != count for t in op.outputs):
        return None
    if not any(t.elements > 1 for t in sources if t.index in rows):
        return None
    moved = _all_moved(graph, OPERATORS[op.kind].lower(graph, op), rows)
    if moved is None:
        return None
    windows = {
        source: _window(graph, [m for m in moved if m.source == source], rows[source], count)
        for source in dict.fromkeys(m.source for m in moved)
    }
    steps = _Steps(graph, moved, windows)
    if len({steps.parts(y, 1) for y in range(count)}) > MOST_KINDS:
        return None
    first, *others = ((t.index, t.bytes // count) for t in outputs)
    return ByRows(
        output=first[0],
        rows=count,
        row_bytes=first[1],
        reads=tuple(windows.items()),
        key=steps.parts,
        lower=lambda y, n: tuple(map(choose, steps.calls(y, n))),
        is_column=all(is_column(pictures.tensor(t)) for t in rows),
        others=tuple(others),
    )


def _all_moved(
    graph: Graph, calls: Sequence[KernelCall], rows: Mapping[int, int]
) -> list[_Moved] | None:
    found = []
    for call in calls:
        if not isinstance(call.params, MoveParams) or call.inputs[0] not in rows:
            return None
        output = graph.tensor(call.output)
        one = _moved(call, output.bytes // rows[output.index], output.dtype.bytes)
        if one is None or one.source == one.target:
            return None
        found.append(one)
    return found or None


def _window(graph: Graph, moved: Sequence[_Moved], rows: int, count: int) -> RowWindow:
    """The rows of a source that rows of the output read."""
    pitch = graph.tensor(moved[0].source).bytes // rows
    ranges = []
    for y in range(count):
        reads = [(m.reads[y] - m.before, m.reads[y] + m.after) for m in moved if y in m.reads]
        first = min((low for low, _ in reads), default=rows * pitch) // pitch
        ranges.append((first, max((high // pitch + 1 for _, high in reads), default=0)))
    return tabulated(ranges, rows)


@dataclass(frozen=True, eq=False)
class _Steps:
    """What a step moves, from the first rows on that it reads."""

    graph: Graph
    moved: Sequence[_Moved]
    windows: Mapping[int, RowWindow]

    def parts(self, y: int, count: int) -> tuple[_Part, ...]:
        """Rows that a call moves, each so many bytes after the last: equal for equal steps.

        Number of the call, first row of the step, how many rows, where they are read, and how far
        apart.
        """
        found: list[_Part] = []
        for number, one in enumerate(self.moved):
            rows = [row for row in range(y, y + count) if row in one.reads]
            begin = self._begin(one.source, y)
            for first, n, apart in _runs([(row, one.reads[row]) for row in rows]):
                found.append((number, first - y, n, one.reads[first] - begin, apart))
        return tuple(found)

    def _begin(self, source: int, y: int) -> int:
        """Bytes of a source before the first row that is read for row y."""
        window = self.windows[source]
        return window(y)[0] * (self.graph.tensor(source).bytes // window.rows)

    def calls(self, y: int, count: int) -> Iterator[KernelCall]:
        """Those of a step."""
        for number, row, rows, read, apart in self.parts(y, count):
            one = self.moved[number]
            target = self.graph.tensor(one.target)
            size, pitch = target.dtype.bytes, one.pitch
            within = (Loop(n, (r // size, w // size)) for n, r, w in one.loops)
            loops = (Loop(rows, (apart // size, pitch // size)), *within)
            places = read // size, (row * pitch + one.write) // size
            move = Move(one.source, one.target, loops, *places, ascending=False)
            yield replace(moving.call(self.graph, move), overlaps={})


def _runs(reads: Sequence[tuple[int, int]]) -> Iterator[tuple[int, int, int]]:
    """Rows one after the other that are read at equal distances: the first, how many, how far."""
    at = 0
    while at < len(reads):
        first, place = reads[at]
        apart = reads[at + 1][1] - place if at + 1 < len(reads) else 0
        count = 1
        while at + count < len(reads) and reads[at + count] == (
            first + count,
            place + count * apart,
        ):
            count += 1
        yield first, count, apart if count > 1 else 0
        at += count


def _moved(call: KernelCall, row: int, size: int) -> _Moved | None:
    """What a call moves of each row of `row` bytes, in elements of `size`."""
    params = cast(MoveParams, call.params)
    over: list[_LoopBytes] = []
    within: list[_LoopBytes] = []
    for loop in moving.loops_of(params, size):
        parts = _parted(loop, row)
        if parts is None:
            return None
        for part in parts:
            (over if part[2] % row == 0 else within).append(part)
    write = params.write % row
    if len(within) > MAX_LOOPS or write + sum((n - 1) * w for n, _, w in within) >= row:
        return None
    reads: dict[int, int] = {}
    for digits in product(*(range(extent) for extent, _, _ in over)):
        steps = list(zip(digits, over, strict=True))
        y = (params.write + sum(n * w for n, (_, _, w) in steps)) // row
        reads[y] = params.read + sum(n * r for n, (_, r, _) in steps)
    return _Moved(call.inputs[0], call.output, reads, row, write, tuple(within))


def _parted(loop: _LoopBytes, row: int) -> list[_LoopBytes] | None:
    """A loop as one from row to row and one within a row; None where it goes over rows unevenly."""
    extent, read, write = loop
    if write <= 0:
        return None
    if write % row == 0 or (extent - 1) * write < row:
        return [loop]
    inner = row // write
    if row % write or extent % inner:
        return None
    return [(extent // inner, inner * read, row), (inner, read, write)]
