"""Which ops run row by row together: the segments whose largest need of memory is the smallest.

Consecutive ops form a segment of several, or of one, which then runs whole. What a segment needs
does not depend on the others, so that the best division of the first ops is known when the next op
is looked at (dynamic programming, over the largest need and then over the work that rows add).
"""

from __future__ import annotations

import operator
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate
from typing import cast

from mcuforge.frontend.graph import Graph
from mcuforge.planning.arena import Overlap
from mcuforge.planning.plan import KernelCall
from mcuforge.planning.row_plan import RowOp, Segment, Stream
from mcuforge.planning.rows.borders import NONE_STREAMED, Streamed
from mcuforge.planning.rows.by_rows import rows_of
from mcuforge.planning.rows.candidates import Candidates
from mcuforge.planning.rows.read_through import Reading
from mcuforge.planning.rows.stream import stream
from mcuforge.planning.rows.tiling import LEAST_PIXELS, tile_instructions, tiled
from mcuforge.planning.rows.working_set import working_set

MOST_STEPS = 300_000  # that are tried in all: a hostile file may have many rows
# Where there are several ways: segments of more ops are tried for so many steps of each way in all,
# but for those that reach as far as rows do.
FEW_OPS, STEPS_OF_MANY = 8, 20_000
MOST_OPS = 64  # of a segment
# What a row adds, and a byte that is moved, about: fitted to all plans of six models in QEMU, of
# which what was counted is within a factor of 1.5 on a Cortex-M4, and of 1.7 on a Cortex-M3.
ROW_INSTRUCTIONS, MOVED_INSTRUCTIONS = 165, 0.4
# Of a column, where kernels begin anew for the few pixels of a step, and of a sample that is given.
STEP_INSTRUCTIONS, GIVEN_INSTRUCTIONS = 335, 45
ARRANGING_INSTRUCTIONS = 2  # a byte that is read through, and not put in its place, saves about


def extra_instructions(ops: Sequence[RowOp], inputs: Sequence[RowOp], run: Stream) -> int:
    """What running row by row adds, about."""
    moved = round(MOVED_INSTRUCTIONS * run.moved_bytes)
    of_column = (STEP_INSTRUCTIONS,) * len(ops) + (GIVEN_INSTRUCTIONS,) * len(inputs)
    each = [
        of_column[number] if op.is_column else ROW_INSTRUCTIONS
        for number, op in enumerate((*ops, *inputs))
    ]
    added = sum(each[step.op] for step in run.steps) + moved + sum(map(tile_instructions, ops))
    arranged = sum(op.rows * op.row_bytes for op in ops if op.is_read_through)
    return max(added - ARRANGING_INSTRUCTIONS * arranged, 0)


@dataclass(frozen=True)
class Choice:
    """A division into segments, the most bytes that one needs, and the instructions it adds."""

    segments: tuple[Segment, ...]
    bytes: int
    extra_instructions: int


@dataclass(frozen=True, eq=False)
class Lives:
    """When the tensors of the arena live.

    `sizes` are bytes of every tensor with memory of its own, `first` and `last` the positions of
    the op that makes it and of the one that reads it last, or views of it. Only the tensors in
    `streamable` are alone in their memory.
    """

    sizes: dict[int, int]
    first: dict[int, int]
    last: dict[int, int]
    streamable: frozenset[int]


@dataclass(frozen=True)
class Whole:
    """What an op that runs whole adds to the tensors around it.

    `calls` are those of kernels that need less scratch than the fastest ones, and take so many
    instructions more, about.
    """

    scratch_bytes: int
    overlaps: dict[tuple[int, int], int]
    calls: tuple[KernelCall, ...] = ()
    extra_instructions: int = 0


class Divisions:
    """All segments that there may be, and what each needs."""

    def __init__(
        self,
        graph: Graph,
        ways: Sequence[Candidates],
        wholes: Sequence[Sequence[Whole]],
        lives: Lives,
        streamed: Streamed = NONE_STREAMED,
    ) -> None:
        self.graph, self.ways, self.wholes, self.lives = graph, ways, wholes, lives
        self.count, self.streamed = len(graph.ops), streamed
        self.begun, self.ended = self._sums(lives.first), self._sums(lives.last)
        self.found = list(self._all())

    def divisions(self) -> Iterator[tuple[Segment, ...]]:
        """Those of the curve."""
        return (choice.segments for choice in self.curve())

    def curve(self) -> Iterator[Choice]:
        """The divisions worth having: each smaller and more work than the one before."""
        least, reached = self._smallest(), None
        for budget in sorted({n for _, n in self.found if n >= least}, reverse=True):
            choice = self._within(budget)
            if reached is None or choice.bytes < reached:
                reached = choice.bytes
                yield choice

    def _within(self, budget: int) -> Choice:
        """The division that adds the least work of those that need at most `budget` bytes."""
        unknown: tuple[int, int, Segment | None] = (1 << 60, 0, None)
        costs = [(0, 0, None), *[unknown] * self.count]
        for segment, needed in self.found:
            before, most, _ = costs[segment.first]
            work = before + segment.extra_instructions
            if needed <= budget and work < costs[segment.last + 1][0]:
                costs[segment.last + 1] = work, max(most, needed), segment
        return self._traced(costs)

    def _traced(self, costs: list[tuple[int, int, Segment | None]]) -> Choice:
        segments: list[Segment] = []
        at = len(costs) - 1
        while at:
            segment = costs[at][2]
            if segment is None:
                raise ValueError("no division")
            segments.append(segment)
            at = segment.first
        return Choice(tuple(reversed(segments)), costs[-1][1], costs[-1][0])

    def _smallest(self) -> int:
        """The least that the largest need can be."""
        least = [0] + [1 << 60] * self.count
        for segment, needed in self.found:
            most = max(least[segment.first], needed)
            least[segment.last + 1] = min(least[segment.last + 1], most)
        return least[-1]

    def _all(self) -> Iterator[tuple[Segment, int]]:
        """Every segment and its need, by the position of its end."""
        left = [MOST_STEPS] * len(self.ways)
        of_many = [STEPS_OF_MANY if len(self.ways) > 1 else MOST_STEPS] * len(self.ways)
        for last in range(self.count):
            may_run_whole = self.streamed.allows(last, last, by_rows=False)
            for whole in self.wholes[last] if may_run_whole else ():
                extra = whole.extra_instructions
                segment = Segment(last, last, calls=whole.calls, extra_instructions=extra)
                yield segment, self._need_whole(segment, whole)
            for number, way in enumerate(self.ways):
                ops: tuple[RowOp, ...] = ()
                for first in range(last, -1, -1):
                    op = way.row_ops[first]
                    if op is None or sum(each.shows is None for each in ops) == MOST_OPS:
                        break
                    ops = (op, *ops)
                    longer = self.ways[number - 1].row_ops[first:] if number else ()
                    if longer and all(map(operator.is_, ops, longer)):
                        continue  # it is the same
                    if not self._may_run(ops):
                        continue
                    steps = sum(each.steps for each in ops)
                    is_longest = first == 0 or way.row_ops[first - 1] is None
                    if sum(each.shows is None for each in ops) > FEW_OPS and not is_longest:
                        if of_many[number] < steps:
                            continue
                        of_many[number] -= steps
                    left[number] -= steps
                    if left[number] < 0:
                        break
                    for streamed in self._streamed(first, last, ops, way.reading):
                        yield streamed, self._need_streamed(streamed)

    def _may_run(self, ops: Sequence[RowOp]) -> bool:
        """Whether a segment of these may run, and is worth a try.

        Not where others own the bytes of a tensor, nor where one is read before all of it is there.
        Views at its ends may as well lie outside, but for those of tensors that stream.
        """
        made = [op for op in ops if op.shows is None]
        finished = {op.output for op in made if op.accumulates}
        begin, end = ops[0].shows, ops[-1].shows
        return (
            bool(made)
            and (begin is None or begin in self.streamed.inputs)
            and (end is None or end in self.streamed.outputs)
            and all(map(self._owns, made))
            and not any(tensor in finished for op in made for tensor, _ in op.reads)
        )

    def _streamed(
        self, first: int, last: int, ops: tuple[RowOp, ...], reading: Reading
    ) -> Iterator[Segment]:
        """The ways in which ops run row by row: with all tensors in rings, and read through."""
        if not self.streamed.allows(first, last, by_rows=True):
            return
        inputs = self.streamed.sources(self.graph, first, last)
        kept = self._kept(last, (*ops, *inputs))
        if any(op.accumulates and op.output not in kept for op in ops):
            return
        handed = self.streamed.handed(first, last)
        several = last > first or len(ops[0].calls[0]) > 1
        if several or inputs or handed:
            run = stream(ops, kept, self._row_bytes((*ops, *inputs)), inputs, handed)
            yield self._segment(Segment(first, last, ops, run, inputs=inputs, handed=handed))
        if (through := reading.through(first, ops)) is None:
            return
        kept = self._kept(last, (*through, *inputs))
        run = stream(through, kept, self._row_bytes((*through, *inputs)), inputs, handed)
        tilers = {n: reading.tilers[first + n] for n, op in enumerate(through) if op.tiles}
        for least in LEAST_PIXELS if tilers else LEAST_PIXELS[:1]:
            made = tiled(through, inputs, run, tilers, least)
            yield self._segment(Segment(first, last, made, run, inputs=inputs, handed=handed))

    def _segment(self, segment: Segment) -> Segment:
        """The segment with the memory and the work that it takes."""
        run = cast(Stream, segment.stream)
        return replace(
            segment,
            working=working_set(segment.makers, run),
            extra_instructions=extra_instructions(segment.ops, segment.inputs, run),
        )

    def _kept(self, last: int, ops: tuple[RowOp, ...]) -> frozenset[int]:
        """The tensors that outlive a segment, or lie in bytes that others use too."""
        alone, ends = self.lives.streamable, self.lives.last
        return frozenset(t for t in self._touched(ops) if t not in alone or ends[t] > last)

    def _owns(self, op: RowOp) -> bool:
        """Whether no others own the bytes of its outputs."""
        return all(tensor in self.lives.sizes for tensor, _ in op.outputs)

    def _touched(self, ops: Sequence[RowOp]) -> set[int]:
        made = {tensor for op in ops if op.is_made for tensor, _ in op.outputs}
        return made | {t for op in ops for t, _ in op.reads}

    def _row_bytes(self, ops: Sequence[RowOp]) -> dict[int, int]:
        tensors = [self.graph.tensor(t) for t in self._touched(ops)]
        return {t.index: t.bytes // rows_of(t) for t in tensors}

    def _need_whole(self, segment: Segment, whole: Whole) -> int:
        return self._need(segment, whole.scratch_bytes, whole.overlaps)

    def _need_streamed(self, segment: Segment) -> int:
        if segment.stream is None:
            raise ValueError("a segment that runs whole")
        return self._need(segment, segment.working.bytes, segment.stream.gaps)

    def _need(
        self,
        segment: Segment,
        scratch: int,
        gaps: dict[tuple[int, int], int],
    ) -> int:
        """Bytes that live together, less what outputs share with inputs that end there."""
        sizes, rings = self.lives.sizes, segment.rings
        inside = {*rings, *segment.working.rings, *segment.read_through} & sizes.keys()
        held = sum(sizes[t] for t in inside if self._lives_at(segment, t))
        shared: dict[int, int] = {}
        for (source, target), gap in gaps.items():
            if all(
                t in sizes and t not in inside and self._lives_at(segment, t)
                for t in (source, target)
            ):
                both = Overlap(0, 1, gap).shared(sizes[source], sizes[target])
                shared[target] = min(shared.get(target, 0) + both, sizes[target])
        outside = self.begun[segment.last + 1] - self.ended[segment.first]
        return outside - held + sum(rings.values()) + scratch - sum(shared.values())

    def _lives_at(self, segment: Segment, tensor: int) -> bool:
        lives = self.lives
        return lives.first[tensor] <= segment.last and lives.last[tensor] >= segment.first

    def _sums(self, positions: dict[int, int]) -> list[int]:
        """Bytes of the tensors at positions up to -1, that of inputs, 0, 1, ..."""
        at = [0] * (self.count + 2)
        for tensor, size in self.lives.sizes.items():
            at[positions[tensor] + 1] += size
        return list(accumulate(at))
