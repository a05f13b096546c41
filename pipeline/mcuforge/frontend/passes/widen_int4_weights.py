"""Weights stored as int4, two a byte."""

from __future__ import annotations

from dataclasses import replace

from mcuforge.frontend.graph import DType, Graph, Op

# TFLM unpacks the weights of these ops where their input is int8, and no other int4 tensor.
READERS = ("CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED")
_WEIGHTS = 1


def widen_int4_weights(graph: Graph) -> Graph:
    """Make int8 constants of int4 weights: the values are the same, and so is what is computed.

    An int4 constant with any other reader stays int4, so that the rules name it.
    """
    weights: set[int] = set()
    others = set(graph.outputs)
    for op in graph.ops:
        for position, tensor in enumerate(op.inputs):
            (weights if position == _WEIGHTS and _unpacks(graph, op) else others).add(tensor)
    widened = weights - others
    return replace(
        graph,
        tensors=tuple(
            replace(t, dtype=DType.INT8, packed=True)
            if t.dtype is DType.INT4 and t.is_constant and t.index in widened
            else t
            for t in graph.tensors
        ),
    )


def _unpacks(graph: Graph, op: Op) -> bool:
    return op.kind in READERS and op.has_first_input and graph.input(op, 0).dtype is DType.INT8
