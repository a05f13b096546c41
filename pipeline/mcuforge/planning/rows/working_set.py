"""Scratch of a segment that runs row by row, and rings of rows that share bytes with it.

A ring is not full all the time: while an op makes the rows that a window is to see, there is room
for the next row at the end of the ring, and a row that is read at once is gone before another op
runs. The scratch of such an op may lie there. Of the rings one lies before the scratch, which
begins within it, and others, that are empty meanwhile, lie in it. Or the scratch of each op lies in
another ring. Or all rings and all scratch are packed, so that rings share bytes, too.
"""

from __future__ import annotations

from collections.abc import Sequence

from mcuforge.planning.row_plan import RowOp, Stream, WorkingSet
from mcuforge.planning.rows.packing import aligned as _aligned
from mcuforge.planning.rows.packing import packed

MOST_TRIED = 4  # rings that may lie before the scratch


def working_set(ops: Sequence[RowOp], stream: Stream) -> WorkingSet:
    """The layout that takes the fewest bytes, of the rings beside it too.

    Scratch that accumulates is kept: it lies after all else.
    """
    needs = [0 if op.accumulates else op.scratch_bytes for op in ops]
    found = _shared(ops, stream, needs)
    tight = packed(ops, stream, needs, _in_all(ops, stream, found))
    if tight.rings:
        found = tight
    end, scratch = _aligned(found.bytes), list(found.scratch)
    for number, op in enumerate(ops):
        if op.accumulates:
            scratch[number] = end
            end += _aligned(op.scratch_bytes)
    return WorkingSet(end, found.rings, tuple(scratch))


def _shared(ops: Sequence[RowOp], stream: Stream, needs: Sequence[int]) -> WorkingSet:
    """The layout of scratch of so many bytes, which is of no use to the next row."""
    if not any(needs):
        return WorkingSet(0, {}, (0,) * len(ops))
    largest = max(range(len(ops)), key=needs.__getitem__)
    sizes = {t: n for t, n in _row_bytes(ops).items() if t in stream.rings}

    def free(tensor: int) -> int:
        """Bytes of a ring that are free while the op with the most scratch runs."""
        return (stream.rings[tensor] - stream.used[largest].get(tensor, 0)) * sizes[tensor]

    before = sorted((t for t in sizes if free(t)), key=free, reverse=True)[:MOST_TRIED]
    empty = [t for t in sizes if not stream.used[largest].get(t, 0)]
    tried = [_Trial(ops, stream, needs, None)]
    tried += [_Trial(ops, stream, needs, tensor) for tensor in before]
    for trial in tried:
        for tensor in empty:
            trial.take(tensor)
    best = min(tried, key=lambda trial: trial.cost)
    hosted = _in_empty_rings(ops, stream, needs)
    if hosted is None:
        return best.result()
    beside = sum(_aligned(stream.rings[t] * n) for t, n in sizes.items() if t not in hosted.rings)
    return hosted if hosted.bytes + beside < best.cost else best.result()


def _in_empty_rings(
    ops: Sequence[RowOp], stream: Stream, needs: Sequence[int]
) -> WorkingSet | None:
    """The layout in which the scratch of each op lies in a ring that is empty while it runs.

    None where one finds none. As few rings as may be are taken, the smallest that will do.
    """
    sizes = {t: _aligned(stream.rings.get(t, 0) * n) for t, n in _row_bytes(ops).items()}
    left = {number for number, needed in enumerate(needs) if needed}
    rings: dict[int, int] = {}
    scratch, end = [0] * len(ops), 0
    while left:
        hosted = {
            tensor: {n for n in left if needs[n] <= size and not stream.used[n].get(tensor, 0)}
            for tensor, size in sizes.items()
            if tensor not in rings
        }
        tensor = max(hosted, key=lambda t: (len(hosted[t]), -sizes[t], -t), default=None)
        if tensor is None or not hosted[tensor]:
            return None
        rings[tensor] = end
        for number in hosted[tensor]:
            scratch[number] = end
        left -= hosted[tensor]
        end += sizes[tensor]
    return WorkingSet(end, rings, tuple(scratch))


def rings_and_scratch(ops: Sequence[RowOp], stream: Stream) -> int:
    """Bytes of all rings and of the scratch in the best layout."""
    return _in_all(ops, stream, working_set(ops, stream))


def _in_all(ops: Sequence[RowOp], stream: Stream, working: WorkingSet) -> int:
    """Bytes of a layout, and of the rings beside it."""
    row_bytes = _row_bytes(ops)
    beside = (n * row_bytes[t] for t, n in stream.rings.items() if t not in working.rings)
    return _aligned(working.bytes) + sum(map(_aligned, beside))


class _Trial:
    """A layout with the ring `before` in front of the scratch."""

    def __init__(
        self, ops: Sequence[RowOp], stream: Stream, needs: Sequence[int], before: int | None
    ) -> None:
        self.ops, self.stream, self.before = ops, stream, before
        row_bytes = _row_bytes(ops)
        self.ring_bytes = {t: n * row_bytes[t] for t, n in stream.rings.items()}
        used = [stream.used[n].get(before, 0) if before is not None else 0 for n in range(len(ops))]
        self.begins = [_aligned(n * row_bytes[before]) if before is not None else 0 for n in used]
        self.ends = [
            begin + needed if needed else 0
            for begin, needed in zip(self.begins, needs, strict=True)
        ]
        self.front = _aligned(self.ring_bytes[before]) if before is not None else 0
        self.rings = {before: 0} if before is not None else {}
        self.bytes = max(self.front, *self.ends)

    @property
    def cost(self) -> int:
        """Bytes, with those of the rings that lie elsewhere."""
        beside = (_aligned(n) for t, n in self.ring_bytes.items() if t not in self.rings)
        return _aligned(self.bytes) + sum(beside)

    def take(self, tensor: int) -> None:
        """Put a ring into the scratch of ops that run while it is empty, if that saves bytes."""
        if tensor in self.rings:
            return
        in_use = (end for n, end in enumerate(self.ends) if self.stream.used[n].get(tensor, 0))
        taken = (at + self.ring_bytes[t] for t, at in self.rings.items() if t != self.before)
        begin = _aligned(max(self.front, *in_use, *taken, 0))
        size = self.ring_bytes[tensor]
        if max(self.bytes, begin + size) < self.bytes + size:
            self.rings[tensor] = begin
            self.bytes = max(self.bytes, begin + size)

    def result(self) -> WorkingSet:
        return WorkingSet(_aligned(self.bytes), dict(self.rings), tuple(self.begins))


def _row_bytes(ops: Sequence[RowOp]) -> dict[int, int]:
    """Bytes of a row of each tensor that the ops make."""
    return {tensor: row_bytes for op in ops for tensor, row_bytes in op.outputs}
