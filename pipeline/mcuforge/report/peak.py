"""Which op makes the peak of the arena, which tensors lie there then, and what would lower it."""

from __future__ import annotations

from collections.abc import Sequence

from mcuforge.planning.arena_blocks import INPUT, OUTPUT, SCRATCH, Block, at_peak
from mcuforge.report.arena_plot import Arena

_MOST_NAMED = 4
_LARGE = 0.2  # of the peak


def explained(arena: Arena) -> list[str]:
    """Sentences on the peak, the first says what is and the others what to do; none without ops."""
    alive = at_peak(arena.blocks, arena.peak)
    if not arena.ops or not alive:
        return []
    return [_what_is(arena, alive), *_remedies(arena, alive), _placement(arena)]


def _what_is(arena: Arena, alive: Sequence[Block]) -> str:
    named = [f"{_name(block)} ({block.bytes:,} B)" for block in alive[:_MOST_NAMED]]
    rest = len(alive) - _MOST_NAMED
    if rest > 0:
        named.append("a smaller one" if rest == 1 else f"{rest} smaller ones")
    total = sum(block.bytes for block in alive)
    over = "output runs over what the op has read"
    if arena.loops and arena.peak in arena.loops:
        over = "output runs over rows that were read, and other rows and scratch lie where none are"
    shared = (
        f", {total - arena.lower_bound:,} B of them shared, as the {over}"
        if total > arena.lower_bound
        else ""
    )
    return f"{_who(arena)} of {arena.lower_bound:,} B: {_joined(named)} lie there{shared}."


def _who(arena: Arena) -> str:
    first, last = arena.peak.first, arena.peak.last
    if last > first:
        return f"Ops {first} to {last}, which run row by row together, make the peak"
    kind, layer = arena.ops[first]
    rows = ", row by row" if arena.peak in arena.loops else ""
    return f"Op {first}, {kind} of {layer}{rows}, makes the peak"


def _remedies(arena: Arena, alive: Sequence[Block]) -> list[str]:
    large = [block for block in alive if block.bytes > _LARGE * arena.lower_bound]
    begin = arena.peak.first - 1
    waiting = [b for b in large if b.first < begin and b.kind not in (INPUT, SCRATCH)]
    scratch = [b for b in large if b.kind == SCRATCH]
    found = [
        f"{_name(block)} waits there since op {block.first} until op {block.last}, as a skip "
        "connection does: with fewer channels, or joined earlier, it lowers the peak."
        for block in waiting
    ]
    found += [
        f"The kernel's scratch of {block.bytes:,} B is much of it: a board without SIMD "
        "instructions, or another shape of the layer, needs less."
        for block in scratch
    ]
    first = next((b for b in alive if b.kind != SCRATCH and b not in waiting), None)
    if first is not None:
        what = "size" if first.kind in (INPUT, OUTPUT) else "size or channels"
        what = "width or channels" if first.rows else what
        found.append(
            f"To lower it, begin with {first.layer or first.name}, {first.type}: half of its "
            f"{what} saves up to {first.bytes // 2:,} B, until another op makes the peak."
        )
    return found


def _placement(arena: Arena) -> str:
    lost = arena.bytes - arena.lower_bound
    if lost <= 0:
        return "No placement of this plan can be smaller than this one."
    return f"The placement is {lost:,} B above what no placement of this plan can be smaller than."


def _name(block: Block) -> str:
    if block.kind == SCRATCH:
        return f"scratch of {block.layer}"
    rows = f"{block.rows[0]} of {block.rows[1]} rows of " if block.rows else ""
    return rows + (block.layer or block.name)


def _joined(words: Sequence[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"
