"""Which tensors one op alone reads: what fusing it with their writer may take away."""

from __future__ import annotations

from collections import Counter

from mcuforge.frontend.graph import Graph, Op


def only_readers(graph: Graph) -> dict[int, Op]:
    """Tensor -> the op that reads it, where it does so once, and nothing else needs the tensor."""
    count = Counter(i for op in graph.ops for i in op.inputs)
    needed = {*graph.outputs, *graph.inputs, *(v.tensor for v in graph.variables)}
    return {
        i: op for op in graph.ops for i in op.inputs if count[i] == 1 and i >= 0 and i not in needed
    }
