"""Ops whose results nothing reads."""

from __future__ import annotations

from dataclasses import replace

from mcuforge.frontend.graph import Graph, Op


def drop_dead_ops(graph: Graph) -> Graph:
    """Leave out every op whose outputs reach no output of the model, and no variable.

    Those that read a variable may move it on (SVDF, LSTM): they stay, but for a READ_VARIABLE.
    """
    variables = {v.tensor for v in graph.variables}
    needed = {*graph.outputs, *variables}
    kept: list[Op] = []
    for op in reversed(graph.ops):
        moves = op.kind != "READ_VARIABLE" and variables.intersection(op.inputs)
        if moves or needed.intersection(op.outputs):
            kept.append(op)
            needed.update(op.inputs)
    return replace(graph, ops=tuple(reversed(kept)))
