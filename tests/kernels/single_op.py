"""Builds `.tflite` files that hold one op, for running the same model on the oracle and on ours."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import flatbuffers
import numpy as np
import numpy.typing as npt
from ai_edge_litert import schema_py_generated as schema

_TYPES = {
    "int4": schema.TensorType.INT4,
    "int8": schema.TensorType.INT8,
    "uint8": schema.TensorType.UINT8,
    "int16": schema.TensorType.INT16,
    "int32": schema.TensorType.INT32,
    "int64": schema.TensorType.INT64,
    "float32": schema.TensorType.FLOAT32,
    "bool": schema.TensorType.BOOL,
    "resource": schema.TensorType.RESOURCE,
}


@dataclass(frozen=True, eq=False)
class Spec:
    """A tensor of a single-op model. `data` makes it a constant; several scales: per channel.

    A `variable` is no input of the model: it keeps its value from one step to the next.
    """

    shape: tuple[int, ...]
    dtype: str = "int8"
    scale: float | Sequence[float] | None = 1.0
    zero_point: int = 0
    axis: int = 0
    data: npt.NDArray[Any] | None = None
    variable: bool = False


@dataclass(frozen=True, eq=False)
class Case:
    """One model and the values of its non-constant inputs (one array each).

    `more` holds the inputs of further steps, of models that keep state.
    """

    model: bytes
    inputs: list[npt.NDArray[Any]]
    note: str = field(default="")
    more: tuple[list[npt.NDArray[Any]], ...] = ()
    for_oracle: bytes | None = None  # what TFLM is given where it lacks an operator


def build(
    kind: str,
    inputs: Sequence[Spec | None],
    outputs: Sequence[Spec],
    options: Any = None,
    version: int = 1,
) -> bytes:
    """A `.tflite` with one op: `kind` of schema.BuiltinOperator, `options` a ...OptionsT."""
    model = schema.ModelT()
    model.version = 3
    model.description = "single op"
    model.buffers = [schema.BufferT()]
    graph = schema.SubGraphT()
    graph.tensors = []
    op = schema.OperatorT()
    op.opcodeIndex = 0
    op.inputs = [add_tensor(model, graph, s, f"in{i}") for i, s in enumerate(inputs)]
    op.outputs = [add_tensor(model, graph, s, f"out{i}") for i, s in enumerate(outputs)]
    if options is not None:
        name = type(options).__name__.removesuffix("T")
        op.builtinOptionsType = getattr(schema.BuiltinOptions, name)
        op.builtinOptions = options
    graph.operators = [op]
    graph.inputs = [
        index
        for index, spec in zip(op.inputs, inputs, strict=True)
        if spec is not None and spec.data is None and not spec.variable
    ]
    graph.outputs = list(op.outputs)
    code = schema.OperatorCodeT()
    code.builtinCode = getattr(schema.BuiltinOperator, kind)
    code.deprecatedBuiltinCode = min(code.builtinCode, 127)
    code.version = version
    model.operatorCodes = [code]
    model.subgraphs = [graph]
    builder = flatbuffers.Builder(1024)
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output())


def add_tensor(model: Any, graph: Any, spec: Spec | None, name: str) -> int:
    """Append a tensor to the subgraph, and its data to the model's buffers; -1 for no tensor."""
    if spec is None:
        return -1
    tensor = schema.TensorT()
    tensor.name = name
    tensor.shape = list(spec.shape)
    tensor.type = _TYPES[spec.dtype]
    tensor.buffer = 0
    tensor.isVariable = spec.variable
    if spec.scale is not None:
        tensor.quantization = _quantization(spec)
    if spec.data is not None:
        buffer = schema.BufferT()
        stored = packed(spec.data) if spec.dtype == "int4" else spec.data
        buffer.data = np.frombuffer(np.ascontiguousarray(stored).tobytes(), np.uint8)
        model.buffers.append(buffer)
        tensor.buffer = len(model.buffers) - 1
    graph.tensors.append(tensor)
    return len(graph.tensors) - 1


def packed(values: npt.NDArray[Any]) -> npt.NDArray[np.uint8]:
    """int4 values two a byte, the first in the low half; 1s fill what an odd number leaves."""
    nibbles = np.append(values.astype(np.int8).reshape(-1), np.int8(-1)).view(np.uint8) & 15
    even = nibbles[: len(nibbles) & ~1]
    return (even[0::2] | even[1::2] << 4).astype(np.uint8)


def _quantization(spec: Spec) -> Any:
    quantization = schema.QuantizationParametersT()
    scales = [spec.scale] if isinstance(spec.scale, float | int) else list(spec.scale or [])
    quantization.scale = [float(s) for s in scales]
    quantization.zeroPoint = [spec.zero_point] * len(scales)
    quantization.quantizedDimension = spec.axis
    return quantization
