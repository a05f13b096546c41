"""Checks a plan by replaying it on a memory that remembers which byte of which tensor it holds.

It follows the plan as the generated C does, and nothing that the planner reckoned with: whatever is
read must be there, in its place, and of nothing else. Whole ops read all of their inputs and then
write; what a kernel may overwrite while it reads is tested kernel by kernel.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import prod
from typing import Any, cast

import needed_rows
import numpy as np

from mcuforge.frontend.graph import Op
from mcuforge.planning.plan import KernelCall, Plan
from mcuforge.planning.row_plan import RowOp, Segment
from mcuforge.planning.rows.arrangement import ArrangeParams

GARBAGE = -1
_TENSOR = 1 << 40  # a tag is tensor * _TENSOR + the byte's position in it


@dataclass
class Ring:
    """A tensor of a segment: how many rows were made, and how many of these let go."""

    base: int
    row_bytes: int
    capacity: int
    made: int
    gone: int = 0

    def at(self, row: int) -> int:
        """Where a row begins."""
        return self.base + (row - self.gone) * self.row_bytes


class Memory:
    """The arena, byte by byte."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.owners = _owners(plan)
        self.tags = np.full(plan.arena.bytes, GARBAGE, np.int64)
        self.reads = 0
        for tensor in plan.graph.inputs:
            if tensor not in plan.streamed:
                self.make(tensor)

    def size(self, tensor: int) -> int:
        return self.plan.graph.tensor(tensor).bytes

    def put(self, place: int, tensor: int, first: int, count: int) -> None:
        """Bytes of a tensor come to lie somewhere."""
        assert 0 <= place <= place + count <= len(self.tags), "outside of the arena"
        self.tags[place : place + count] = self.tag(tensor, first) + np.arange(count)

    def runs(self, tensor: int) -> Iterator[tuple[int, int, int]]:
        """Where in memory each run of its bytes begins, where in the tensor, and how long it is."""
        base, size = self.plan.offsets.get(tensor, 0), self.size(tensor)
        join = self.plan.gaps.get(tensor)
        run, step = (join.run, join.step) if join else (size, 0)
        yield from ((base + n * step, n * run, run) for n in range(size // run if run else 0))

    def apart(self, tensor: int, first: int) -> int:
        """How far from its first byte one lies, where it may have gaps."""
        join = self.plan.gaps.get(tensor)
        return first // join.run * join.step + first % join.run if join else first

    def tag(self, tensor: int, first: int) -> int:
        """That of a byte of a tensor; a view has the tags of what it shows."""
        owner, begin = self.owners.get(tensor, (tensor, 0))
        return owner * _TENSOR + begin + self.apart(tensor, first)

    def check(self, place: int, tensor: int, first: int, count: int) -> None:
        """Those bytes lie there."""
        assert 0 <= place <= place + count <= len(self.tags), "outside of the arena"
        expected = self.tag(tensor, first) + np.arange(count)
        found = self.tags[place : place + count]
        assert np.array_equal(found, expected), f"bytes of tensor {tensor} from {first} on are gone"
        self.reads += count

    def write(self, tensor: int, first: int, count: int) -> None:
        """Bytes that lie side by side."""
        if tensor in self.plan.offsets:
            self.put(self.plan.offsets[tensor] + self.apart(tensor, first), tensor, first, count)

    def make(self, tensor: int) -> None:
        """All of its bytes."""
        for place, first, count in self.runs(tensor) if tensor in self.plan.offsets else ():
            self.put(place, tensor, first, count)

    def read(self, tensor: int) -> None:
        for place, first, count in self.runs(tensor) if tensor in self.plan.offsets else ():
            self.check(place, tensor, first, count)

    def told(self, place: int, tensor: int, first: int, count: int) -> None:
        """A trace reads those bytes."""
        if tensor in self.plan.offsets:
            self.check(place, tensor, first, count)

    def tell(self, tensors: Sequence[int]) -> None:
        """A trace reads the outputs of an op."""
        for tensor in tensors:
            for place, first, count in self.runs(tensor):
                self.told(place, tensor, first, count)

    def expect(self, holds: bool, what: str) -> None:
        """What must be so in a sound plan."""
        assert holds, what

    def spoil(self, place: int, count: int) -> None:
        """Scratch: nothing that is read later may lie there."""
        assert 0 <= place <= place + count <= len(self.tags), "scratch outside of the arena"
        self.tags[place : place + count] = GARBAGE


def _owners(plan: Plan) -> dict[int, tuple[int, int]]:
    """The tensor that each view shows, or that an input is joined in, and where in it."""
    owners: dict[int, tuple[int, int]] = {}
    for planned, op in zip(plan.ops[::-1], plan.graph.ops[::-1], strict=True):
        for join in planned.joins:
            owner, before = owners.get(op.outputs[0], (op.outputs[0], 0))
            owners[join.tensor] = owner, before + join.begin
    for planned, op in zip(plan.ops, plan.graph.ops, strict=True):
        if planned.view_of is not None:
            owner, begin = owners.get(planned.view_of, (planned.view_of, 0))
            for tensor in op.outputs:
                owners[tensor] = owner, begin
                begin += plan.graph.tensor(tensor).bytes
    return owners


def check(plan: Plan) -> int:
    """Replay the plan; returns how many bytes were read. Fails where one is not there.

    Twice where a trace makes more rows than an inference. Before that, whether ops ask for the rows
    that they need.
    """
    needed_rows.check(plan)
    if any(segment.stream.spare for segment in plan.segments if segment.stream is not None):
        _replayed(plan, traced=False)
    return _replayed(plan, traced=True)


def _replayed(plan: Plan, *, traced: bool) -> int:
    memory = Memory(plan)
    replay(memory, traced=traced)
    return memory.reads


def replay(memory: Memory, *, traced: bool = True) -> None:
    """Run the plan of a memory, as a trace would see it."""
    plan = memory.plan
    segment_at = {segment.first: segment for segment in plan.segments}
    position = 0
    while position < len(plan.ops):
        segment = segment_at.get(position)
        if segment is None:
            _whole(memory, position)
            position += 1
        else:
            _Replay(memory, segment, traced=traced).run()
            position = segment.last + 1
    for tensor in plan.graph.outputs:
        if tensor not in plan.streamed:
            memory.read(tensor)


def _whole(memory: Memory, position: int) -> None:
    planned, op = memory.plan.ops[position], memory.plan.graph.ops[position]
    if planned.view_of is not None:  # the same bytes under other names
        memory.read(planned.view_of)
        memory.tell(op.outputs)
        return
    memory.spoil(planned.scratch_offset, planned.scratch_bytes)
    for tensor in {t for call in planned.calls for t in call.inputs} - set(op.outputs):
        memory.read(tensor)
    for join in planned.joins:
        memory.read(join.tensor)
    for tensor in op.outputs if not planned.joins else ():
        memory.make(tensor)
    for call in planned.calls if planned.joins else ():
        _copied(memory, op, call)
    memory.tell(op.outputs)


def _copied(memory: Memory, op: Op, call: KernelCall) -> None:
    """An input is copied beside those that are joined where they lie."""
    shape, axis = memory.plan.graph.output(op).shape, cast(Any, op.attributes).axis
    rows = prod(shape[: axis % len(shape)])
    runs = [memory.size(tensor) // rows for tensor in op.inputs]
    for place, tensor in enumerate(op.inputs):  # it may be put in twice
        for row in range(rows) if tensor == call.inputs[0] else ():
            begin = row * sum(runs) + sum(runs[:place])
            memory.write(op.outputs[0], begin, runs[place])


class _Replay:
    """A segment, as the functions of the generated C run it."""

    def __init__(self, memory: Memory, segment: Segment, *, traced: bool) -> None:
        assert segment.stream is not None
        self.memory, self.segment, self.traced = memory, segment, traced
        self.made = [op for op in segment.ops if op.shows is None]
        makers = (*self.made, *segment.inputs)
        self.maker = {tensor: op for op in makers for tensor, _ in op.outputs}
        self.rings: dict[int, Ring] = {}
        offsets, kept = memory.plan.offsets, segment.stream.rings
        for op in segment.ops:
            for tensor, window in op.reads:
                if tensor in offsets and tensor not in self.maker and tensor not in self.rings:
                    row_bytes = memory.size(tensor) // window.rows
                    self.rings[tensor] = Ring(
                        offsets[tensor], row_bytes, window.rows, made=window.rows
                    )
        for tensor, op in self.maker.items():
            row_bytes = dict(op.outputs)[tensor]
            if op.is_read_through:
                assert tensor not in offsets, "a tensor that is read through has memory"
                self.rings[tensor] = Ring(0, row_bytes, 0, made=0)
                continue
            capacity = kept.get(tensor, op.rows)
            self.rings[tensor] = Ring(offsets[tensor], row_bytes, capacity, made=0)
        streamed = {op.output for op in segment.inputs} | set(segment.handed)
        assert streamed <= set(kept), "all of a tensor is kept whose rows come and go"

    def run(self) -> None:
        assert self.segment.stream is not None
        segment, traced = self.segment, self.traced
        for op in segment.ops:
            if op.shows is not None and op.shows not in self.maker:
                self.memory.read(op.shows)
                self.memory.tell((op.output,))
        for op in self.made:
            if op.is_read_through:
                continue
            rings = self.segment.stream.rings
            wanted = any(t not in rings or t in segment.handed for t, _ in op.outputs)
            if wanted or op is segment.ops[-1]:
                while self.rings[op.output].made < op.rows:
                    self.row(op)
        for op in self.made:  # a trace makes rows that nobody reads, too
            while traced and not op.is_read_through and self.rings[op.output].made < op.rows:
                self.row(op)
        for op in segment.inputs:  # rows that nobody reads are given, too
            while (ring := self.rings[op.output]).made < op.rows:
                ring.gone = ring.made
                self.row(op)
        assert not traced or all(self.rings[op.output].made == op.rows for op in self.made)

    def row(self, op: RowOp) -> None:
        """The next row of an op, or the next ones."""
        assert self.segment.stream is not None
        memory = self.memory
        rings = [self.rings[tensor] for tensor, _ in op.outputs]
        y = rings[0].made
        end = min(y + (op.pace.first if y == 0 else op.pace.at_once), op.rows)
        for tensor, _ in op.outputs:
            if tensor in self.segment.stream.rings:
                self.let_go(tensor)
        for tensor, window in op.reads:
            while tensor in self.maker and self.rings[tensor].made < window(end - 1)[1]:
                self.row(self.maker[tensor])
        assert all(ring.made == y < end for ring in rings), "a row was made twice"
        for ring in rings:
            memory.expect(end - ring.gone <= ring.capacity, "a ring is too short")
        if op in self.segment.ops:
            position = self.segment.first + self.segment.ops.index(op)
            planned = memory.plan.ops[position]
            if op.accumulates:
                self.accumulate(op, y, end, planned.scratch_offset)
                return
            memory.spoil(planned.scratch_offset, op.scratch_bytes)
        self.read(op, y, end)
        self.read_through(op, y, end)
        made = [(t, y * size, (end - y) * size) for t, size in op.outputs]
        for ring, (tensor, begin, count) in zip(rings, made, strict=True):
            memory.put(ring.at(y), tensor, begin, count)
        self.read(op, y, end)  # the kernel may read it last when it has written all of the row
        for ring, (tensor, begin, count) in zip(rings, made, strict=True):
            ring.made = end
            self.told(op, tensor, ring.at(y), begin, count)
            if tensor in self.segment.handed:
                memory.check(ring.at(y), tensor, begin, count)

    def told(self, op: RowOp, tensor: int, place: int, first: int, count: int) -> None:
        """A trace is told of what an op has made, and of views of it."""
        if op in self.segment.ops:
            self.memory.told(place, tensor, first, count)
        for view in self.segment.ops:
            if view.shows == tensor:
                self.memory.check(place, tensor, first, count)
                self.memory.told(place, view.output, first, 0)

    def accumulate(self, op: RowOp, y: int, end: int, scratch: int) -> None:
        """Rows join what was found before, which must still be there."""
        memory, ring = self.memory, self.rings[op.output]
        assert op.output not in self.segment.stream.rings if self.segment.stream else False
        found, place = op.scratch_bytes or op.row_bytes, scratch if op.scratch_bytes else ring.base
        tensor = -op.output - 1  # of no name
        if y > 0:
            memory.check(place, tensor, 0, found)
        self.read(op, y, end)
        memory.put(place, tensor, 0, found)
        self.read(op, y, end)
        if end == op.rows:
            memory.put(ring.base, op.output, 0, op.row_bytes)
        ring.made = end
        if ring.made == op.rows:
            self.told(op, op.output, ring.base, 0, op.row_bytes)

    def read(self, op: RowOp, y: int, end: int) -> None:
        for tensor, window in op.reads:
            if tensor not in self.rings:
                continue  # a variable, beside the arena
            ring = self.rings[tensor]
            first, after = window(y)[0], window(end - 1)[1]
            assert first >= ring.gone and after <= ring.made, "a row is not there"
            count = (after - first) * ring.row_bytes
            self.memory.check(ring.at(first), tensor, first * ring.row_bytes, count)

    def read_through(self, op: RowOp, y: int, end: int) -> None:
        """What is put together of rows of sources: for the trace, and for the op."""
        room = op.row_bytes if op.tiles is None else op.tiles.seen_bytes
        for tensor, window in op.through if self.traced else ():
            shown = self.rings[tensor]
            while shown.made < window(end - 1)[1]:
                self.tell(self.maker[tensor], shown.made, room)
                shown.made += 1
        if op.tiles is not None:
            seen = range(op.tiles.seen_rows)
            top = y * op.tiles.row_step - op.tiles.above
            rows = tuple(top + n * op.tiles.row_dilation for n in seen)
            self.sees(self.maker[op.tiles.arranged], rows)
        elif op.calls[0] and op.calls[0][0].kernel == "arrange":
            self.sees(op, tuple(range(y, end)))

    def tell(self, op: RowOp, y: int, room: int) -> None:
        """A row that has no memory: as many pixels at once as there is room for."""
        pixel = cast(ArrangeParams, op.calls[0][0].params).pixel
        for begin in range(0, op.row_bytes, room // pixel * pixel):
            self.sees(op, (y,))
            self.told(op, op.output, 0, y * op.row_bytes + begin, 0)

    def sees(self, op: RowOp, rows: tuple[int, ...]) -> None:
        """Rows of a tensor that is arranged: those of the sources must be there."""
        ((call,),) = op.calls
        params = cast(ArrangeParams, call.params)
        for (source, *_), taken in zip(params.pieces.tolist(), params.rows.tolist(), strict=True):
            tensor = call.inputs[source]
            ring = self.rings[tensor]
            for row in (taken[y] for y in rows if 0 <= y < params.height):
                if row >= 0:
                    assert ring.gone <= row < ring.made, "a row that is shown is not there"
                    count = ring.row_bytes
                    self.memory.check(ring.at(row), tensor, row * count, count)

    def let_go(self, tensor: int) -> None:
        """Rows that nobody reads any more make room; those after them move down."""
        ring = self.rings[tensor]
        needed = [
            window(self.rings[op.output].made)[0]
            for op in self.segment.ops
            for read, window in op.reads
            if read == tensor and self.rings[op.output].made < op.rows
        ]
        kept = min(ring.made, min(needed, default=ring.made))
        if kept > ring.gone:
            moved = (ring.made - kept) * ring.row_bytes
            self.memory.check(ring.at(kept), tensor, kept * ring.row_bytes, moved)
            ring.gone = kept
            self.memory.put(ring.base, tensor, kept * ring.row_bytes, moved)
