"""A segment that runs row by row: in which order, and how many rows of each tensor are kept.

The order is that of demand: the tensors that outlive the segment are made one after the other, row
by row, and before a row is made the rows that it reads are. A ring is as long as the rows between
the first that is still to be read and the last that is there were at most. An input whose rows the
application gives is made likewise, by an op that reads nothing.
"""

from __future__ import annotations

from collections.abc import Sequence

from mcuforge.planning.row_plan import RowOp, Step, Stream

NEVER = 1 << 60  # the first row that is still to be read, where none is


class _Run:
    """The demand-driven run of a segment."""

    def __init__(self, ops: Sequence[RowOp], kept: frozenset[int], bytes_of_row: dict[int, int]):
        self.ops = ops
        self.maker = {
            tensor: number
            for number, op in enumerate(ops)
            if op.is_made
            for tensor, _ in op.outputs
        }
        self.readers: dict[int, list[tuple[int, Sequence[int]]]] = {}
        for number, op in enumerate(ops):
            for tensor, firsts, _ in op.schedule.reads:
                self.readers.setdefault(tensor, []).append((number, (*firsts, NEVER)))
        self.demands = [
            [(self.maker[t], ends) for t, _, ends in op.schedule.reads if t in self.maker]
            for op in ops
        ]
        self.step, self.made = [0] * len(ops), [0] * len(ops)
        self.first = {tensor: self._first(tensor) for tensor in self.readers}
        self.steps: list[Step] = []
        self.rings = {t: 0 for t in self.maker if t not in kept}
        self.held = dict.fromkeys(self.rings, 0)  # rows that lie in the ring now
        self.lying = dict.fromkeys(self.rings, 0)  # likewise, none where nobody will read any
        self.used = [[0] * len(self.rings) for _ in ops]
        self.moved = 0
        self.outputs = [t for t in self.maker if t in kept]
        self.dying = [t for t in self.readers if t not in self.maker and t not in kept]
        self.gaps: dict[tuple[int, int], int] = {}
        self.bytes_of_row = bytes_of_row

    def _first(self, tensor: int) -> int:
        """The first row of a tensor that is still to be read."""
        return min(firsts[self.step[number]] for number, firsts in self.readers[tensor])

    def make(self, number: int, end: int) -> None:
        """Make the rows of an op up to `end`, and before each what it reads.

        What nobody reads any more is let go first, so that there is room while that is made.
        """
        op = self.ops[number]
        ends, rings = op.schedule.ends, [(t, n) for t, n in op.outputs if t in self.rings]
        while (row := self.made[number]) < end:
            step = self.step[number]
            for tensor, row_bytes in rings:
                self._let_go(tensor, row_bytes, row)
            for maker, needed in self.demands[number]:
                if self.made[maker] < needed[step]:
                    self.make(maker, needed[step])
            self._note(number, op, ends[step])
            self.steps.append(Step(number, row))
            self.made[number], self.step[number] = ends[step], step + 1
            for tensor, *_ in op.schedule.reads:
                self.first[tensor] = self._first(tensor)
                if tensor in self.rings:
                    self._look(tensor)
            for tensor, _ in rings:
                self._look(tensor)

    def _let_go(self, tensor: int, row_bytes: int, row: int) -> None:
        left = max(row - self.first.get(tensor, NEVER), 0)
        if left < self.held[tensor]:
            self.moved += left * row_bytes
        self.held[tensor] = left
        self._look(tensor)

    def _look(self, tensor: int) -> None:
        """See how many rows lie in a ring some of which somebody will read."""
        is_empty = self.first.get(tensor, NEVER) >= self.made[self.maker[tensor]]
        self.lying[tensor] = 0 if is_empty else self.held[tensor]

    def _note(self, number: int, op: RowOp, made: int) -> None:
        """A step makes the rows up to `made`."""
        for tensor, _ in op.outputs:
            if tensor in self.rings:
                self.lying[tensor] = held = self.held[tensor] + made - self.made[number]
                self.held[tensor] = held
                self.rings[tensor] = max(self.rings[tensor], held)
        self.used[number] = list(map(max, self.used[number], self.lying.values()))
        for tensor, row_bytes in op.outputs:
            if tensor not in self.rings:
                self._note_gaps(tensor, row_bytes if op.accumulates else made * row_bytes)

    def _note_gaps(self, output: int, written: int) -> None:
        """So many bytes of an output that outlives the segment are there."""
        for tensor in self.dying:
            first = self.first[tensor]
            if first < NEVER:
                gap = first * self.bytes_of_row[tensor] - written
                known = self.gaps.get((tensor, output), gap)
                self.gaps[tensor, output] = min(known, gap)


def stream(
    ops: Sequence[RowOp],
    kept: frozenset[int],
    bytes_of_row: dict[int, int],
    inputs: Sequence[RowOp] = (),
    handed: Sequence[int] = (),
) -> Stream:
    """Run a segment of consecutive ops. `kept` are the tensors that outlive it.

    `bytes_of_row` are those of every tensor that is read. `inputs` and `handed`: see `Segment`.
    """
    run = _Run((*ops, *inputs), kept, bytes_of_row)
    for number, op in enumerate(ops):
        is_wanted = any(t in kept or t in handed for t, _ in op.outputs)
        if op.is_made and (is_wanted or number == len(ops) - 1):
            run.make(number, op.rows)
    moved = run.moved
    made = (number for number in dict.fromkeys(run.maker.values()) if number < len(ops))
    spare = tuple(number for number in made if run.made[number] < ops[number].rows)
    for number in spare:  # for a trace, which tells of all rows
        run.make(number, ops[number].rows)
    for number, source in enumerate(inputs, len(ops)):  # rows that nobody reads are given, too
        run.make(number, source.rows)
    used = (zip(run.rings, each, strict=True) for each in run.used)
    lying = tuple({tensor: rows for tensor, rows in each if rows} for each in used)
    return Stream(tuple(run.steps), run.rings, run.gaps, spare, lying, moved)
