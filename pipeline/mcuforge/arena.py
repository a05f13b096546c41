"""Placing buffers with live ranges in one arena.

The algorithm, in ten lines:
  1. Two buffers conflict where their live ranges (in op positions, both ends included) overlap.
  2. An op that reads its dying input ahead of writing its output lets the two share bytes, as long
     as the output lies low enough: `Overlap` says how low.
  3. The lower bound is the largest sum of sizes, less what may be shared, live at one position.
  4. First fit: take buffers in an order; put each at the lowest aligned offset that every
     conflicting buffer placed before allows.
  5. Try five orders: by size, by size times lifetime, by first use, by last use, backwards.
  6. While the best is above the lower bound and rounds are left: move the buffer that sticks out
     at the top, and one random other, to an earlier place in the order; keep what is not worse.
  7. The random moves come from a fixed seed: the same graph gives the same arena.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass

IMPROVEMENT_ROUNDS = 2000
_SEED = 1


@dataclass(frozen=True)
class Buffer:
    """Bytes that must stay untouched from position `first` to position `last`."""

    size: int
    first: int
    last: int

    def conflicts(self, other: Buffer) -> bool:
        """True where both are live at some position."""
        return self.first <= other.last and other.first <= self.last


@dataclass(frozen=True)
class Overlap:
    """Buffers `source` and `target` (their indices) may share bytes although both are live.

    An op reads `source` for the last time while it writes `target`. No byte is overwritten before
    it was read where offset of target <= offset of source + `distance`.
    """

    source: int
    target: int
    distance: int

    def shared(self, source_size: int, target_size: int) -> int:
        """The most bytes that the two can have in common."""
        return max(0, min(source_size, target_size + min(self.distance, 0)))


@dataclass(frozen=True)
class Placement:
    """An offset for every buffer, in the order given, and the bytes that they take in all.

    `lower_bound` is the peak of live bytes, each size rounded up to the alignment.
    """

    offsets: tuple[int, ...]
    bytes: int
    lower_bound: int


def live_bytes(buffers: Sequence[Buffer], position: int, overlaps: Sequence[Overlap] = ()) -> int:
    """Sum of the sizes that are live at a position, less what overlaps there may share."""
    total = sum(b.size for b in buffers if b.first <= position <= b.last)
    shared: dict[int, int] = {}
    for overlap in overlaps:
        source, target = buffers[overlap.source], buffers[overlap.target]
        if target.first == position == source.last:
            saved = shared.get(overlap.target, 0) + overlap.shared(source.size, target.size)
            shared[overlap.target] = min(saved, target.size)
    return total - sum(shared.values())


def peak_position(buffers: Sequence[Buffer], overlaps: Sequence[Overlap] = ()) -> int:
    """The first position at which most bytes are live; -1 without buffers."""
    positions = sorted({b.first for b in buffers})
    return max(positions, key=lambda p: (live_bytes(buffers, p, overlaps), -p), default=-1)


def lower_bound(buffers: Sequence[Buffer], overlaps: Sequence[Overlap] = ()) -> int:
    """Bytes that no placement can go below: the peak of what is live."""
    return live_bytes(buffers, peak_position(buffers, overlaps), overlaps)


def place(buffers: Sequence[Buffer], alignment: int, overlaps: Sequence[Overlap] = ()) -> Placement:
    """Place the buffers; see the module's docstring. Offsets are multiples of `alignment`.

    Raises `ValueError` where an overlap's source does not die at the position that its target is
    written at.
    """
    aligned = [Buffer(_align(b.size, alignment), b.first, b.last) for b in buffers]
    allowed = [Overlap(o.source, o.target, o.distance // alignment * alignment) for o in overlaps]
    for overlap in allowed:
        if aligned[overlap.source].last != aligned[overlap.target].first:
            raise ValueError(f"{overlap}: the source does not die where the target is written")
    bound = lower_bound(aligned, allowed)
    forbidden = _forbidden(aligned, allowed)
    keys: tuple[Callable[[int], tuple[int, int]], ...] = (
        lambda i: (-aligned[i].size, i),
        lambda i: (-aligned[i].size * (aligned[i].last - aligned[i].first + 1), i),
        lambda i: (aligned[i].first, i),
        lambda i: (-aligned[i].last, i),
        lambda i: (-aligned[i].first, i),
    )
    orders = [sorted(range(len(aligned)), key=key) for key in keys]
    placed = [(_first_fit(aligned, forbidden, order, bound), order) for order in orders]
    best, order = min(placed, key=lambda p: p[0].bytes)
    return _improve(aligned, forbidden, order, best)


def _align(size: int, alignment: int) -> int:
    return (size + alignment - 1) // alignment * alignment


# For every buffer the others that restrict it: other's index, low, high. Its offset must not lie
# strictly between the other's offset + low and the other's offset + high.
_Forbidden = list[list[tuple[int, int, int]]]


def _forbidden(buffers: Sequence[Buffer], overlaps: Sequence[Overlap]) -> _Forbidden:
    distances = {(o.source, o.target): o.distance for o in overlaps}
    result: _Forbidden = []
    for i, buffer in enumerate(buffers):
        restrictions = []
        for j, other in enumerate(buffers):
            if i == j or not buffer.conflicts(other):
                continue
            low, high = -buffer.size, other.size
            if (j, i) in distances:  # i is written while j is read
                low = max(low, distances[j, i])
            if (i, j) in distances:
                high = min(high, -distances[i, j])
            if low < high:
                restrictions.append((j, low, high))
        result.append(restrictions)
    return result


def _first_fit(
    buffers: Sequence[Buffer], forbidden: _Forbidden, order: Sequence[int], bound: int
) -> Placement:
    offsets = [-1] * len(buffers)
    for i in order:
        taken = sorted(
            (offsets[j] + low, offsets[j] + high)
            for j, low, high in forbidden[i]
            if offsets[j] >= 0
        )
        offset = 0
        for low, high in taken:
            if offset <= low:
                break
            offset = max(offset, high)
        offsets[i] = offset
    top = max((o + b.size for o, b in zip(offsets, buffers, strict=True)), default=0)
    return Placement(tuple(offsets), top, bound)


def _improve(
    buffers: Sequence[Buffer],
    forbidden: _Forbidden,
    order: Sequence[int],
    best: Placement,
) -> Placement:
    moves = random.Random(_SEED)  # noqa: S311 - a search, not a secret
    current = list(order)
    for _ in range(IMPROVEMENT_ROUNDS):
        if best.bytes <= best.lower_bound:
            break
        candidate = list(current)
        highest = max(candidate, key=lambda i: best.offsets[i] + buffers[i].size)
        for moved in (highest, moves.choice(candidate)):
            candidate.remove(moved)
            candidate.insert(moves.randrange(len(candidate) + 1), moved)
        placement = _first_fit(buffers, forbidden, candidate, best.lower_bound)
        if placement.bytes <= best.bytes:
            best, current = placement, candidate
    return best
