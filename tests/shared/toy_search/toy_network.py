"""Dense layers as an int8 `.tflite`, written with the schema's object API."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import flatbuffers
import numpy as np
from ai_edge_litert import schema_py_generated as schema

Array = np.ndarray[Any, Any]


def int8(layers: Sequence[tuple[Array, Array]], samples: Array) -> bytes:
    """The file: weights per tensor, ranges of activations as the samples [N, inputs] have them."""
    model, graph = schema.ModelT(), schema.SubGraphT()
    model.version, model.description, model.subgraphs = 3, b"toy", [graph]
    model.buffers, graph.tensors, graph.operators = [schema.BufferT()], [], []
    code = schema.OperatorCodeT()
    code.builtinCode = code.deprecatedBuiltinCode = schema.BuiltinOperator.FULLY_CONNECTED
    code.version, model.operatorCodes = 4, [code]
    x = samples
    source, scale = _activation(model, x, "points")
    graph.inputs = [source]
    for number, (weights, bias) in enumerate(layers, 1):
        last = number == len(layers)
        x = x @ weights + bias
        x = x if last else np.maximum(x, 0)
        source, scale = _dense(model, source, scale, weights, bias, x, last)
    graph.outputs = [source]
    builder = flatbuffers.Builder(1024)
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output())


def _dense(
    model: Any, source: int, scale: float, weights: Array, bias: Array, x: Array, last: bool
) -> tuple[int, float]:
    graph = model.subgraphs[0]
    step = float(np.abs(weights).max() / 127) or 1.0
    rounded = np.round(weights.T / step).astype(np.int8)
    offsets = np.round(bias / (scale * step)).astype(np.int32)
    name = f"dense_{len(graph.operators)}"
    op, options = schema.OperatorT(), schema.FullyConnectedOptionsT()
    relu, none = schema.ActivationFunctionType.RELU, schema.ActivationFunctionType.NONE
    options.fusedActivationFunction = none if last else relu
    op.builtinOptions, op.builtinOptionsType = options, schema.BuiltinOptions.FullyConnectedOptions
    op.inputs = [
        source,
        _tensor(model, f"{name}/weights", rounded.shape, schema.TensorType.INT8, step, 0, rounded),
        _tensor(
            model, f"{name}/bias", offsets.shape, schema.TensorType.INT32, scale * step, 0, offsets
        ),
    ]
    output, made = _activation(model, x, name)
    op.opcodeIndex, op.outputs = 0, [output]
    graph.operators.append(op)
    return output, made


def _activation(model: Any, values: Array, name: str) -> tuple[int, float]:
    low, high = min(float(values.min()), 0.0), max(float(values.max()), 1e-3)
    scale = (high - low) / 255
    zero_point = round(-128 - low / scale)
    shape = (1, values.shape[1])
    return _tensor(model, name, shape, schema.TensorType.INT8, scale, zero_point), scale


def _tensor(
    model: Any,
    name: str,
    shape: Sequence[int],
    kind: int,
    scale: float,
    zero_point: int,
    data: Array | None = None,
) -> int:
    tensor = schema.TensorT()
    tensor.name, tensor.shape, tensor.type, tensor.buffer = name, list(shape), kind, 0
    tensor.hasRank, tensor.quantization = True, schema.QuantizationParametersT()
    tensor.quantization.scale, tensor.quantization.zeroPoint = [scale], [zero_point]
    if data is not None:
        buffer = schema.BufferT()
        buffer.data = np.frombuffer(data.tobytes(), np.uint8)
        model.buffers.append(buffer)
        tensor.buffer = len(model.buffers) - 1
    model.subgraphs[0].tensors.append(tensor)
    return len(model.subgraphs[0].tensors) - 1
