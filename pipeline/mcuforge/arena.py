"""Placing buffers with live ranges in one arena.

The algorithm, in eight lines:
  1. Two buffers conflict where their live ranges (in op positions, both ends included) overlap.
  2. The lower bound is the largest sum of sizes that are live at one position.
  3. First fit: take buffers in an order; put each at the lowest aligned offset that is free of
     every conflicting buffer placed before.
  4. Try four orders: by size, by size times lifetime, by first use, by last use.
  5. While the best is above the lower bound and rounds are left: move the buffer that sticks out
     at the top, and one random other, to an earlier place in the order; keep what is not worse.
  6. The random moves come from a fixed seed: the same graph gives the same arena.
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
class Placement:
    """An offset for every buffer, in the order given, and the bytes that they take in all.

    `lower_bound` is the peak of live bytes, each size rounded up to the alignment.
    """

    offsets: tuple[int, ...]
    bytes: int
    lower_bound: int


def live_bytes(buffers: Sequence[Buffer], position: int) -> int:
    """Sum of the sizes that are live at a position."""
    return sum(b.size for b in buffers if b.first <= position <= b.last)


def peak_position(buffers: Sequence[Buffer]) -> int:
    """The first position at which most bytes are live; -1 without buffers."""
    positions = sorted({b.first for b in buffers})
    return max(positions, key=lambda p: (live_bytes(buffers, p), -p), default=-1)


def lower_bound(buffers: Sequence[Buffer]) -> int:
    """Bytes that no placement can go below: the peak of what is live."""
    return live_bytes(buffers, peak_position(buffers))


def place(buffers: Sequence[Buffer], alignment: int) -> Placement:
    """Place the buffers; see the module's docstring. Offsets are multiples of `alignment`."""
    aligned = [Buffer(_align(b.size, alignment), b.first, b.last) for b in buffers]
    bound = lower_bound(aligned)
    conflicts = [
        [j for j, other in enumerate(aligned) if j != i and buffer.conflicts(other)]
        for i, buffer in enumerate(aligned)
    ]
    keys: tuple[Callable[[int], tuple[int, int]], ...] = (
        lambda i: (-aligned[i].size, i),
        lambda i: (-aligned[i].size * (aligned[i].last - aligned[i].first + 1), i),
        lambda i: (aligned[i].first, i),
        lambda i: (-aligned[i].last, i),
    )
    orders = [sorted(range(len(aligned)), key=key) for key in keys]
    placed = [(_first_fit(aligned, conflicts, order, bound), order) for order in orders]
    best, order = min(placed, key=lambda p: p[0].bytes)
    return _improve(aligned, conflicts, order, best)


def _align(size: int, alignment: int) -> int:
    return (size + alignment - 1) // alignment * alignment


def _first_fit(
    buffers: Sequence[Buffer],
    conflicts: Sequence[Sequence[int]],
    order: Sequence[int],
    bound: int,
) -> Placement:
    offsets = [-1] * len(buffers)
    for i in order:
        taken = sorted((offsets[j], buffers[j].size) for j in conflicts[i] if offsets[j] >= 0)
        offset = 0
        for start, size in taken:
            if offset + buffers[i].size <= start:
                break
            offset = max(offset, start + size)
        offsets[i] = offset
    top = max((o + b.size for o, b in zip(offsets, buffers, strict=True)), default=0)
    return Placement(tuple(offsets), top, bound)


def _improve(
    buffers: Sequence[Buffer],
    conflicts: Sequence[Sequence[int]],
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
        placement = _first_fit(buffers, conflicts, candidate, best.lower_bound)
        if placement.bytes <= best.bytes:
            best, current = placement, candidate
    return best
