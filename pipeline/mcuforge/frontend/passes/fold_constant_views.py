"""Reshapes of constants."""

from __future__ import annotations

from dataclasses import replace

from mcuforge.frontend.graph import Graph, Op, Tensor

VIEWS = ("RESHAPE", "SQUEEZE", "EXPAND_DIMS")


def fold_constant_views(graph: Graph) -> Graph:
    """Turn the output of a reshape of a constant into a constant with the same bytes."""
    tensors = list(graph.tensors)
    kept: list[Op] = []
    for op in graph.ops:
        folded = _folded(tensors, op) if op.kind in VIEWS else None
        if folded is None:
            kept.append(op)
        else:
            tensors[folded.index] = folded
    return replace(graph, tensors=tuple(tensors), ops=tuple(kept))


def _folded(tensors: list[Tensor], op: Op) -> Tensor | None:
    if not op.has_first_input:
        return None  # the op's rules refuse it
    source, target = tensors[op.inputs[0]], tensors[op.outputs[0]]
    same_bytes = source.dtype is target.dtype and source.elements == target.elements
    if source.data is None or not same_bytes:
        return None
    return replace(target, data=source.data.reshape(target.shape))
