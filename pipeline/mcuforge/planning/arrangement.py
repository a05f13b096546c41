"""How ops that run whole are arranged: in which order, and which inputs are joined where they lie.

Neither costs instructions, and both make the arena smaller for most models, but not for all: what
is joined where it lies must all have room from its first part on. So arrangements are placed, and
the smallest one wins; of equal ones that which copies least.
"""

from __future__ import annotations

from dataclasses import replace

from mcuforge.frontend.graph import Graph
from mcuforge.planning import joined, layout, order
from mcuforge.planning.plan import Plan, PlannedOp

MOST_TRIED = 4  # ops whose inputs are joined in place, one by one where not all are


def arranged(graph: Graph, lowered: tuple[PlannedOp, ...], choose: joined.Choose) -> list[Plan]:
    """The best plan, that with copies and that of the file's order, where these are others.

    Ops that run row by row may do better in the latter. `choose` picks the kernel of the target.
    """
    as_in_file = layout.place(graph, lowered)
    copying = _ordered(as_in_file, lowered)
    best = _joined(graph, lowered, choose, copying)
    return [best, *(p for p in dict.fromkeys((copying, as_in_file)) if p is not best)]


def _joined(
    graph: Graph, lowered: tuple[PlannedOp, ...], choose: joined.Choose, copying: Plan
) -> Plan:
    """The smallest arena, and of equal ones that with the fewest copies."""
    everything = joined.joined(graph, lowered, choose)
    every = joined.positions(everything)
    if not every:
        return copying

    def placed(ops: tuple[PlannedOp, ...]) -> Plan:
        return _ordered(layout.place(graph, ops), ops)

    def without(copied: frozenset[int]) -> Plan:
        return placed(joined.joined(graph, lowered, choose, copied))

    with_gaps = frozenset(p for p in every if any(j.has_gaps for j in everything[p].joins))
    found = {frozenset(every): copying}
    if with_gaps and with_gaps not in found:
        found[with_gaps] = without(with_gaps)
    found[frozenset()] = placed(everything)
    best = min(reversed(found), key=lambda copied: found[copied].arena.bytes)
    for position in sorted(best)[:MOST_TRIED]:
        fewer = best - {position}
        if fewer not in found:
            found[fewer] = without(fewer)
            best = min(fewer, best, key=lambda copied: found[copied].arena.bytes)
    return found[best]


def _ordered(placed: Plan, lowered: tuple[PlannedOp, ...]) -> Plan:
    """A plan in a better order, if there is one with a smaller arena."""
    positions = order.with_less(placed.graph, lowered)
    if positions is None:
        return placed
    graph = replace(placed.graph, ops=tuple(placed.graph.ops[p] for p in positions))
    return min(
        placed,
        layout.place(graph, tuple(lowered[p] for p in positions)),
        key=lambda plan: plan.arena.bytes,
    )
