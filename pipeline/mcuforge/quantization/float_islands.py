"""Computes in integers what litert-quantizer leaves in float for want of a rule.

It surrounds such an op with DEQUANTIZE and QUANTIZE, whose parameters are those of the ranges that
were asked for. Where the op has an integer kernel that takes any scales, the three become one:

    int8 DEQUANTIZE float OP float QUANTIZE int8   ->   int8 OP int8
"""

from __future__ import annotations

from typing import Any

from ai_edge_litert import schema_py_generated as schema

from mcuforge.tflite import flatbuffer

_OPS = schema.BuiltinOperator
_ISLANDS = (_OPS.LEAKY_RELU, _OPS.RELU6, _OPS.ABS)  # one input, one output, any scales
_INT8_VERSION = 2  # the version that knows int8, of each of them


def integrate(model: bytes) -> bytes:
    """The quantised model without such islands; the same bytes where there is none."""
    unpacked = flatbuffer.unpack(model)
    graph = unpacked.subgraphs[0]
    changed = [_integrate_op(unpacked, graph, op) for op in list(graph.operators)]
    if not any(changed):
        return model
    _drop_unread(unpacked, graph)
    flatbuffer.remove_unused(unpacked)
    return flatbuffer.pack(unpacked)


def _integrate_op(model: Any, graph: Any, op: Any) -> bool:
    if flatbuffer.op_kind(model, op) not in _ISLANDS:
        return False
    source = _writer(model, graph, int(op.inputs[0]), _OPS.DEQUANTIZE)
    readers = [o for o in graph.operators if int(op.outputs[0]) in [int(i) for i in o.inputs]]
    kinds = {flatbuffer.op_kind(model, o) for o in readers}
    if source is None or kinds != {_OPS.QUANTIZE} or len(readers) != 1:
        return False
    if int(op.outputs[0]) in [int(i) for i in graph.outputs]:
        return False
    before, after = graph.tensors[source.inputs[0]], graph.tensors[readers[0].outputs[0]]
    if before.type != schema.TensorType.INT8 or after.type != schema.TensorType.INT8:
        return False
    op.inputs, op.outputs = [int(source.inputs[0])], [int(readers[0].outputs[0])]
    code = model.operatorCodes[op.opcodeIndex]
    code.version = max(int(code.version), _INT8_VERSION)
    graph.operators = [o for o in graph.operators if o is not readers[0]]
    return True


def _writer(model: Any, graph: Any, tensor: int, kind: int) -> Any:
    """The op of that kind that computes a tensor, or None."""
    for op in graph.operators:
        if tensor in [int(i) for i in op.outputs] and flatbuffer.op_kind(model, op) == kind:
            return op
    return None


def _drop_unread(model: Any, graph: Any) -> None:
    """Drop the DEQUANTIZE ops whose output nobody reads any more."""
    read = {int(i) for op in graph.operators for i in op.inputs} | {int(i) for i in graph.outputs}
    graph.operators = [
        op
        for op in graph.operators
        if flatbuffer.op_kind(model, op) != _OPS.DEQUANTIZE or int(op.outputs[0]) in read
    ]
