"""The ops of a graph that may run row by row, and what they may read through."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass

from mcuforge.frontend.graph import Graph
from mcuforge.planning.plan import KernelCall, RowOp
from mcuforge.planning.rows import row_op
from mcuforge.planning.rows.arranged_ops import arrangement
from mcuforge.planning.rows.arrangement import Arrangement
from mcuforge.planning.rows.by_rows import ONE_BY_ONE, ByRows, Steps
from mcuforge.planning.rows.pace import paces
from mcuforge.planning.rows.read_through import Reading, tiler

MOST_ELEMENTS = 1 << 24  # that are looked at: a hostile file may have many


@dataclass(frozen=True, eq=False)
class Candidates:
    """For each op how it runs row by row, or None, and what may be read through."""

    row_ops: Sequence[RowOp | None]
    reading: Reading


def candidates(
    graph: Graph,
    views: Collection[int],
    alone: Collection[int],
    choose: Callable[[KernelCall], KernelCall],
) -> list[Candidates]:
    """The choices of how many rows are made at once.

    There is nothing for `views`, the positions of ops that move nothing. Tensors that are `alone`
    in their memory may be read through. `choose`: see `row_op.of`.
    """
    arranged = _arranged(graph, views)
    found = {
        p: made
        for p, op in enumerate(graph.ops)
        if p not in views and (made := row_op.of(graph, op, choose, arranged.get(p))) is not None
    }
    reading = _reading(graph, found, arranged, alone, choose)
    return [Candidates(_in_steps(graph, found, pace), reading) for pace in paces(found)]


def _in_steps(
    graph: Graph, found: Mapping[int, ByRows], pace: Mapping[int, Steps]
) -> list[RowOp | None]:
    return [
        found[p].in_steps(pace.get(p, ONE_BY_ONE)) if p in found else None
        for p in range(len(graph.ops))
    ]


def _reading(
    graph: Graph,
    found: Mapping[int, ByRows],
    arranged: Mapping[int, Arrangement],
    alone: Collection[int],
    choose: Callable[[KernelCall], KernelCall],
) -> Reading:
    tilers = {
        p: one
        for p, made in found.items()
        if (one := tiler(graph, graph.ops[p], made, choose)) is not None
    }
    arranged = {p: each for p, each in arranged.items() if p in found}
    reads = [(t, p) for p, op in enumerate(graph.ops) for t in op.inputs]
    reads += [(t, -1) for t in graph.outputs]
    count = Counter(t for t, _ in reads)
    reader = {t: p for t, p in reads if p >= 0 and count[t] == 1 and t in alone}
    return Reading(graph, arranged, tilers, reader)


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
