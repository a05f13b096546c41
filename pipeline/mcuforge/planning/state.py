"""What a model keeps from one inference to the next, and where it lies: beside the arena.

The region of the state is never shared with activations. A variable that is read may be used where
it lies, without a copy, as long as nothing writes it before the last use of what was read.
"""

from __future__ import annotations

from collections.abc import Callable
from math import inf

from mcuforge.frontend.graph import Graph, Op


def layout(graph: Graph, alignment: int) -> tuple[dict[int, int], int]:
    """Byte offset of every variable that an op uses, and the bytes that they take in all."""
    used = {i for op in graph.ops for i in (*op.inputs, *op.outputs)}
    offsets: dict[int, int] = {}
    end = 0
    for variable in graph.variables:
        if variable.tensor in used:
            begin = -(-end // alignment) * alignment
            offsets[variable.tensor] = begin
            end = begin + graph.tensor(variable.tensor).bytes
    return offsets, end


def reads_in_place(graph: Graph, is_view: Callable[[Op], bool]) -> frozenset[int]:
    """Positions of each READ_VARIABLE that needs no copy.

    `is_view` tells ops whose outputs have the bytes of an input. An output of the model has
    bytes of its own: the variable may change before it is read.
    """
    last_use: dict[int, float] = dict.fromkeys(graph.outputs, inf)
    next_write: dict[int, int] = {}
    found = []
    for position in range(len(graph.ops) - 1, -1, -1):
        op = graph.ops[position]
        if op.kind == "READ_VARIABLE":
            if last_use.get(op.outputs[0], -1) < next_write.get(op.inputs[0], len(graph.ops)):
                found.append(position)
            continue
        used_until: float = position
        if is_view(op):
            used_until = max(used_until, *(last_use.get(t, -1) for t in op.outputs))
        for tensor in (i for i in op.inputs if i >= 0):
            last_use[tensor] = max(last_use.get(tensor, -1), used_until)
        for tensor in op.outputs:
            if graph.tensor(tensor).is_variable:
                next_write[tensor] = position
    return frozenset(found)
