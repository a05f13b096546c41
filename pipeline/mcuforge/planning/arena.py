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
  8. The more conflicts there are, the fewer rounds; where there are too many to list, buffers get
     the lowest hole that is free when they are first used, in the order of their use.
"""

from __future__ import annotations

import random
from bisect import bisect_left
from collections.abc import Callable, Sequence
from dataclasses import dataclass

IMPROVEMENT_ROUNDS = 2000
MAX_CONFLICTS = 100_000  # listed, each pair once
MAX_STEPS = 1_000_000  # of the search: buffers and conflicts that its rounds look at
MAX_HOLES = 1024  # looked at for a buffer, where the conflicts are too many to list
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


def peak_position(buffers: Sequence[Buffer], overlaps: Sequence[Overlap] = ()) -> int:
    """The first position at which most bytes are live; -1 without buffers."""
    return _peak(buffers, overlaps)[0]


def lower_bound(buffers: Sequence[Buffer], overlaps: Sequence[Overlap] = ()) -> int:
    """Bytes that no placement can go below: the peak of what is live."""
    return _peak(buffers, overlaps)[1]


def _peak(buffers: Sequence[Buffer], overlaps: Sequence[Overlap]) -> tuple[int, int]:
    """The first position at which most bytes are live, less what overlaps share, and how many.

    Only where buffers are first used can that be.
    """
    changes: dict[int, int] = {}
    for b in buffers:
        changes[b.first] = changes.get(b.first, 0) + b.size
        changes[b.last + 1] = changes.get(b.last + 1, 0) - b.size
    shared: dict[int, int] = {}
    for o in overlaps:
        source, target = buffers[o.source], buffers[o.target]
        saved = shared.get(o.target, 0) + o.shared(source.size, target.size)
        shared[o.target] = min(saved, target.size)
    saved_at: dict[int, int] = {}
    for index, saved in shared.items():
        saved_at[buffers[index].first] = saved_at.get(buffers[index].first, 0) + saved
    begins = {b.first for b in buffers}
    position, most, live = -1, 0, 0
    for at in sorted(changes):
        live += changes[at]
        if at in begins and (now := live - saved_at.get(at, 0)) > most:
            position, most = at, now
    return position, most


def place(buffers: Sequence[Buffer], alignment: int, overlaps: Sequence[Overlap] = ()) -> Placement:
    """Place the buffers; see the module's docstring. Offsets are multiples of `alignment`.

    Raises `ValueError` where an overlap's source does not die at the position that its target is
    written at.
    """
    aligned = [Buffer(align(b.size, alignment), b.first, b.last) for b in buffers]
    allowed = [Overlap(o.source, o.target, o.distance // alignment * alignment) for o in overlaps]
    for overlap in allowed:
        if aligned[overlap.source].last != aligned[overlap.target].first:
            raise ValueError(f"{overlap}: the source does not die where the target is written")
    bound = lower_bound(aligned, allowed)
    pairs = _conflicts(aligned)
    if pairs is None:
        return _in_order_of_use(aligned, bound)
    forbidden = _forbidden(aligned, pairs, allowed)
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
    rounds = min(IMPROVEMENT_ROUNDS, MAX_STEPS // (4 * len(aligned) + 2 * len(pairs) + 1))
    return _improve(aligned, forbidden, order, best, rounds)


def align(size: int, alignment: int) -> int:
    """The size, rounded up to the next multiple of the alignment."""
    return (size + alignment - 1) // alignment * alignment


# For every buffer the others that restrict it: other's index, low, high. Its offset must not lie
# strictly between the other's offset + low and the other's offset + high.
_Forbidden = list[list[tuple[int, int, int]]]


def _conflicts(buffers: Sequence[Buffer]) -> list[tuple[int, int]] | None:
    """Pairs that are live at some position; None where they are more than `MAX_CONFLICTS`."""
    pairs: list[tuple[int, int]] = []
    live: list[int] = []
    for i in sorted(range(len(buffers)), key=lambda i: buffers[i].first):
        live = [j for j in live if buffers[j].last >= buffers[i].first]
        pairs += [(j, i) for j in live]
        live.append(i)
        if len(pairs) > MAX_CONFLICTS:
            return None
    return pairs


def _forbidden(
    buffers: Sequence[Buffer], pairs: Sequence[tuple[int, int]], overlaps: Sequence[Overlap]
) -> _Forbidden:
    distances = {(o.source, o.target): o.distance for o in overlaps}
    result: _Forbidden = [[] for _ in buffers]
    for a, b in pairs:
        for i, j in ((a, b), (b, a)):
            low, high = -buffers[i].size, buffers[j].size
            if (j, i) in distances:  # i is written while j is read
                low = max(low, distances[j, i])
            if (i, j) in distances:
                high = min(high, -distances[i, j])
            if low < high:
                result[i].append((j, low, high))
    return result


class _Holes:
    """The free bytes of an arena without end: holes by offset, the last one endless."""

    def __init__(self) -> None:
        self.offsets = [0]
        self.sizes = [2**63]

    def take(self, size: int) -> int:
        """The offset of that many bytes in the lowest of the first holes, or in the last."""
        last = len(self.sizes) - 1
        hole = next((i for i in range(min(last, MAX_HOLES)) if self.sizes[i] >= size), last)
        offset = self.offsets[hole]
        self.offsets[hole] += size
        self.sizes[hole] -= size
        if self.sizes[hole] == 0:
            del self.offsets[hole], self.sizes[hole]
        return offset

    def give(self, offset: int, size: int) -> None:
        """Free bytes again; holes that touch become one."""
        hole = bisect_left(self.offsets, offset)
        if hole < len(self.offsets) and self.offsets[hole] == offset + size:
            size += self.sizes[hole]
            del self.offsets[hole], self.sizes[hole]
        if hole > 0 and self.offsets[hole - 1] + self.sizes[hole - 1] == offset:
            self.sizes[hole - 1] += size
            return
        self.offsets.insert(hole, offset)
        self.sizes.insert(hole, size)


def _in_order_of_use(buffers: Sequence[Buffer], bound: int) -> Placement:
    """A placement in about linear time: nothing moves, and no output runs into an input."""
    holes, offsets, top = _Holes(), [0] * len(buffers), 0
    by_end = sorted(range(len(buffers)), key=lambda i: buffers[i].last)
    ended = 0
    for i in sorted(range(len(buffers)), key=lambda i: (buffers[i].first, -buffers[i].size)):
        while buffers[by_end[ended]].last < buffers[i].first:
            holes.give(offsets[by_end[ended]], buffers[by_end[ended]].size)
            ended += 1
        offsets[i] = holes.take(buffers[i].size)
        top = max(top, offsets[i] + buffers[i].size)
    return Placement(tuple(offsets), top, bound)


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
    rounds: int,
) -> Placement:
    moves = random.Random(_SEED)  # noqa: S311 - a search, not a secret
    current = list(order)
    for _ in range(rounds):
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
