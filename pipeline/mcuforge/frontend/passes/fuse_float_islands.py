"""Unary ops that a file computes in float between int8 tensors.

A converter that has no int8 form of an op (NEG and SQUARE of a LayerNormalization, ELU) puts it
between a DEQUANTIZE and a QUANTIZE. What comes out depends on one int8 alone, as of any unary op:

    int8 DEQUANTIZE float NEG float QUANTIZE int8   ->   int8 NEG int8, computed in float
"""

from __future__ import annotations

from dataclasses import replace

from mcuforge.frontend.graph import DType, FloatIslandAttributes, Graph, Op
from mcuforge.frontend.passes.drop_dead_ops import drop_dead_ops

_KINDS = "ABS CEIL COS ELU EXP FLOOR LOG NEG ROUND RSQRT SIN SQRT SQUARE"
KINDS = frozenset(_KINDS.split())  # of those that TFLM computes in float


def fuse_float_islands(graph: Graph) -> Graph:
    """Make one op of each DEQUANTIZE, unary ops of `KINDS`, and QUANTIZE.

    The op is called as the last of these. What else reads a tensor between stays as it is.
    """
    writers = {op.outputs[0]: op for op in graph.ops if len(op.outputs) == 1}
    return replace(graph, ops=tuple(_fused(graph, writers, op) for op in graph.ops))


def ops_in_islands(graph: Graph) -> frozenset[int]:
    """Indices of the ops in float that nothing but islands reads."""
    read = drop_dead_ops(graph)
    left = {op.index for op in drop_dead_ops(fuse_float_islands(read)).ops}
    return frozenset(op.index for op in read.ops if op.kind in KINDS and op.index not in left)


def _fused(graph: Graph, writers: dict[int, Op], op: Op) -> Op:
    if op.kind != "QUANTIZE" or not _is_unary(op) or not _per_tensor_int8(graph, op.outputs[0]):
        return op
    steps: list[str] = []
    maker = writers.get(op.inputs[0])
    while maker is not None and _is_float_step(graph, maker):
        steps.insert(0, maker.kind)
        maker = writers.get(maker.inputs[0])
    if not steps or maker is None or maker.kind != "DEQUANTIZE" or not _is_unary(maker):
        return op
    source = maker.inputs[0]
    if not _per_tensor_int8(graph, source):
        return op
    attributes = FloatIslandAttributes(tuple(steps))
    return replace(op, kind=steps[-1], inputs=(source,), attributes=attributes)


def _is_unary(op: Op) -> bool:
    return len(op.inputs) == 1 and len(op.outputs) == 1 and op.has_first_input


def _is_float_step(graph: Graph, op: Op) -> bool:
    if op.kind not in KINDS or not _is_unary(op):
        return False
    return graph.input(op, 0).dtype is graph.output(op).dtype is DType.FLOAT32


def _per_tensor_int8(graph: Graph, index: int) -> bool:
    tensor = graph.tensor(index)
    q = tensor.quantization
    known = q is not None and not q.per_channel
    return tensor.dtype is DType.INT8 and known and not tensor.is_constant
