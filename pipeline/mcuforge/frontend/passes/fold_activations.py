"""RELU and RELU6 that only clamp what an op before them computes: that op clamps at once.

    int8 CONV_2D int8 RELU6 int8   ->   int8 CONV_2D with RELU6 fused, int8

That is exact where the RELU's input and output are quantised alike: then TFLM's RELU takes bytes as
they are, and clamps them at the bounds that a fused activation has (CalculateActivationRange).
Where it rescales, the value would be rounded once instead of twice, and the ops stay apart.
"""

from __future__ import annotations

from dataclasses import replace

from mcuforge.frontend.graph import (
    Activation,
    Conv2DAttributes,
    DepthwiseConv2DAttributes,
    DType,
    ElementwiseAttributes,
    FullyConnectedAttributes,
    Graph,
    Op,
    TransposeConvAttributes,
)
from mcuforge.frontend.passes.only_reader import only_readers

ACTIVATIONS = {"RELU": Activation.RELU, "RELU6": Activation.RELU6}
KINDS = frozenset(
    ["CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED", "TRANSPOSE_CONV", "ADD", "SUB", "MUL"]
)
_Clamping = (
    Conv2DAttributes
    | DepthwiseConv2DAttributes
    | TransposeConvAttributes
    | FullyConnectedAttributes
    | ElementwiseAttributes
)


def fold_activations(graph: Graph) -> Graph:
    """Fuse each RELU or RELU6 with the op of `KINDS` whose output it alone reads, where exact."""
    readers = only_readers(graph)
    writers = {
        op.outputs[0]: op
        for op in graph.ops
        if op.kind in KINDS and len(op.outputs) == 1 and op.outputs[0] in readers
    }
    fused = {
        op.index: _fused(writers[op.inputs[0]], op)
        for op in graph.ops
        if _only_clamps(graph, op) and _clamps_nothing(writers.get(op.inputs[0]))
    }
    gone = {writers[op.inputs[0]].index for op in graph.ops if op.index in fused}
    return replace(
        graph, ops=tuple(fused.get(op.index, op) for op in graph.ops if op.index not in gone)
    )


def _only_clamps(graph: Graph, op: Op) -> bool:
    if op.kind not in ACTIVATIONS or len(op.inputs) != 1 or not op.has_first_input:
        return False
    source, output = graph.input(op, 0), graph.output(op)
    a, b = source.quantization, output.quantization
    if a is None or b is None or a.per_channel or b.per_channel or not a.scales or not b.scales:
        return False
    same = (a.scale, a.zero_point) == (b.scale, b.zero_point)
    return same and source.dtype is output.dtype is DType.INT8 and source.shape == output.shape


def _clamps_nothing(op: Op | None) -> bool:
    if op is None or not isinstance(op.attributes, _Clamping):
        return False
    return op.attributes.activation is Activation.NONE


def _fused(op: Op, clamp: Op) -> Op:
    """The op at the place of the clamp, whose output it writes."""
    if not isinstance(op.attributes, _Clamping):
        raise TypeError(f"{op.kind} carries {type(op.attributes).__name__}")
    return replace(
        op,
        index=clamp.index,
        outputs=clamp.outputs,
        attributes=replace(op.attributes, activation=ACTIVATIONS[clamp.kind]),
        notes=(*op.notes, f"{clamp.title} is its activation"),
    )
