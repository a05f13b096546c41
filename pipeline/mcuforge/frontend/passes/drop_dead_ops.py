"""Ops whose results nothing reads."""

from __future__ import annotations

from dataclasses import replace

from mcuforge.frontend.graph import Graph, Op


def drop_dead_ops(graph: Graph) -> Graph:
    """Leave out every op whose outputs reach no output of the model, and no variable."""
    needed = {*graph.outputs, *(v.tensor for v in graph.variables)}
    kept: list[Op] = []
    for op in reversed(graph.ops):
        if needed.intersection(op.outputs):
            kept.append(op)
            needed.update(op.inputs)
    return replace(graph, ops=tuple(reversed(kept)))
