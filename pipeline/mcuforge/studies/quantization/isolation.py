"""A float model in which one layer alone computes as it does when everything is quantised.

The layer's weights and bias are those of the quantised model, dequantised, and a pair of QUANTIZE
and DEQUANTIZE after it rounds and clips its output to the range that it has there. Everything else
stays float, so that the error at the model's output is this layer's own.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from ai_edge_litert import schema_py_generated as schema

from mcuforge.quantization import weights
from mcuforge.tflite import flatbuffer

_OPS = schema.BuiltinOperator
_VERSIONS = {_OPS.QUANTIZE: 2, _OPS.DEQUANTIZE: 3}  # the first that know int16


def isolate(float_model: bytes, quantized: bytes, tensor_name: str) -> bytes:
    """The float model with the layer that computes this tensor quantised, or the input itself.

    Raises `KeyError` where one of the models has no such activation.
    """
    model, other = flatbuffer.unpack(float_model), flatbuffer.unpack(quantized)
    index = _activation(model, tensor_name)
    source = other.subgraphs[0].tensors[_activation(other, tensor_name)]
    _take_weights(model, other, index, tensor_name)
    _round(model, index, source)
    return flatbuffer.pack(model)


def _activation(model: Any, name: str) -> int:
    graph = model.subgraphs[0]
    for index in [*graph.inputs, *(i for op in graph.operators for i in op.outputs)]:
        if flatbuffer.name_of(graph.tensors[index]) == name:
            return int(index)
    raise KeyError(name)


def _take_weights(model: Any, other: Any, index: int, name: str) -> None:
    """Replace weights and bias of the op that computes the tensor by the quantised model's."""
    stored = {
        flatbuffer.name_of(other.subgraphs[0].tensors[op.target]): op
        for op in weights.weighted_ops(other)
    }
    for op in weights.weighted_ops(model):
        if op.target == index and name in stored:
            twin = stored[name]
            weights.replace(model, op, "weights", weights.values(other, twin.weights))
            if op.bias >= 0 or twin.bias >= 0:  # a correction may have brought one
                zeros = np.zeros(model.subgraphs[0].tensors[index].shape[-1])
                bias = weights.values(other, twin.bias) if twin.bias >= 0 else zeros
                weights.replace(model, op, "bias", bias)
            return


def _round(model: Any, index: int, source: Any) -> None:
    """Round the tensor as `source`, a quantised one, does; everybody then reads the rounded one."""
    graph = model.subgraphs[0]
    place = next((n + 1 for n, op in enumerate(graph.operators) if index in list(op.outputs)), 0)
    stored = _copy(graph, index, "stored", source.type, source.quantization)
    rounded = _copy(graph, index, "rounded", schema.TensorType.FLOAT32, None)
    for op in graph.operators[place:]:
        op.inputs = [rounded if int(i) == index else int(i) for i in op.inputs]
    graph.outputs = [rounded if int(i) == index else int(i) for i in graph.outputs]
    for signature in model.signatureDefs or []:
        for entry in signature.outputs or []:
            entry.tensorIndex = rounded if entry.tensorIndex == index else entry.tensorIndex
    graph.operators[place:place] = [
        _op(model, _OPS.QUANTIZE, index, stored),
        _op(model, _OPS.DEQUANTIZE, stored, rounded),
    ]


def _copy(graph: Any, index: int, suffix: str, kind: int, quantization: Any) -> int:
    like = graph.tensors[index]
    tensor = schema.TensorT()
    tensor.name = f"{flatbuffer.name_of(like)}#{suffix}".encode()
    tensor.shape, tensor.shapeSignature, tensor.hasRank = like.shape, like.shapeSignature, True
    tensor.type, tensor.quantization, tensor.buffer = kind, quantization, 0
    graph.tensors.append(tensor)
    return len(graph.tensors) - 1


def _op(model: Any, kind: int, source: int, target: int) -> Any:
    code = schema.OperatorCodeT()
    code.builtinCode, code.deprecatedBuiltinCode, code.version = kind, kind, _VERSIONS[kind]
    model.operatorCodes.append(code)
    op = schema.OperatorT()
    op.opcodeIndex = len(model.operatorCodes) - 1
    op.inputs, op.outputs = [source], [target]
    return op
