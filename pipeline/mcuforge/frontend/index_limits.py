"""Inputs of a model that hold indices, and how many there are to name.

Any other number makes the inference fail, so that random samples must know.
"""

from __future__ import annotations

from mcuforge.frontend.graph import DType, GatherAttributes, Graph, Op

_INDICES = (DType.INT32, DType.INT64)
# Where what goes in comes out again.
_PASSING = (
    *("RESHAPE", "SQUEEZE", "EXPAND_DIMS", "SLICE", "STRIDED_SLICE", "TRANSPOSE", "REVERSE_V2"),
    *("SPLIT", "SPLIT_V", "UNPACK", "PACK", "CONCATENATION", "BROADCAST_TO", "TILE", "CAST"),
)


def index_limits(graph: Graph) -> dict[int, int]:
    """Tensor of an input -> n, where its elements must lie within 0 ... n - 1."""
    origins = {i: {i} for i in graph.inputs if graph.tensor(i).dtype in _INDICES}
    limits: dict[int, int] = {}
    for op in graph.ops:
        named = _named(graph, op)
        if named is not None:
            tensor, extent = named
            for origin in origins.get(tensor, ()):
                limits[origin] = min(extent, limits.get(origin, extent))
        elif op.kind in _PASSING:
            found = set[int]().union(*(origins.get(i, set()) for i in op.inputs))
            origins.update((tensor, found) for tensor in op.outputs if found)
    return limits


def _named(graph: Graph, op: Op) -> tuple[int, int] | None:
    """The tensor of an op's indices, and how many elements each may name; None without."""
    if op.kind == "EMBEDDING_LOOKUP":
        return op.inputs[0], graph.input(op, 1).shape[0]
    if op.kind == "GATHER_ND":
        depth = graph.input(op, 1).shape[-1]
        return op.inputs[1], min(graph.input(op, 0).shape[:depth])
    if op.kind == "GATHER" and isinstance(op.attributes, GatherAttributes):
        return op.inputs[1], graph.input(op, 0).shape[op.attributes.axis]
    return None
