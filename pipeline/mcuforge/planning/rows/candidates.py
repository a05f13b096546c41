"""The ops of a graph that may run row by row, and what they may read through."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection

from mcuforge.frontend.graph import Graph
from mcuforge.planning.plan import KernelCall, RowOp
from mcuforge.planning.rows import row_op
from mcuforge.planning.rows.arrangement import Arrangement, arrangement
from mcuforge.planning.rows.read_through import Reading, tiler

MOST_ELEMENTS = 1 << 24  # that are looked at: a hostile file may have many


def candidates(
    graph: Graph,
    views: Collection[int],
    alone: Collection[int],
    choose: Callable[[KernelCall], KernelCall],
) -> tuple[list[RowOp | None], Reading]:
    """For each op how it runs row by row; None for `views`, the positions of ops that move nothing.

    Tensors that are `alone` in their memory may be read through. `choose`: see `row_op.of`.
    """
    arranged = _arranged(graph, views)
    row_ops = [
        None if p in views else row_op.of(graph, op, choose, arranged.get(p))
        for p, op in enumerate(graph.ops)
    ]
    tilers = {
        p: one
        for p, op in enumerate(graph.ops)
        if (one := tiler(graph, op, row_ops[p], choose)) is not None
    }
    arranged = {p: found for p, found in arranged.items() if row_ops[p] is not None}
    reads = [(t, p) for p, op in enumerate(graph.ops) for t in op.inputs]
    reads += [(t, -1) for t in graph.outputs]
    count = Counter(t for t, _ in reads)
    reader = {t: p for t, p in reads if p >= 0 and count[t] == 1 and t in alone}
    return row_ops, Reading(graph, arranged, tilers, reader)


def _arranged(graph: Graph, views: Collection[int]) -> dict[int, Arrangement]:
    """What ops arrange, by their positions."""
    left, found = MOST_ELEMENTS, {}
    for position, op in enumerate(graph.ops):
        left -= sum(graph.tensor(t).elements for t in op.outputs)
        if left < 0:
            break
        if position not in views and (one := arrangement(graph, op)) is not None:
            found[position] = one
    return found
