"""Writes small int8 `.tflite` files with the schema's object API."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import flatbuffers
import numpy as np
from ai_edge_litert import schema_py_generated as schema

RESHAPE = schema.BuiltinOperator.RESHAPE
TILE = schema.BuiltinOperator.TILE


class Builder:
    """One subgraph; tensors and ops are appended, then `build` packs them."""

    def __init__(self) -> None:
        self.model = schema.ModelT()
        self.model.version = 3
        self.model.description = b"test"
        self.model.operatorCodes = []
        self.model.buffers = [schema.BufferT()]
        self.graph = schema.SubGraphT()
        self.graph.tensors, self.graph.operators = [], []
        self.model.subgraphs = [self.graph]

    def tensor(
        self,
        shape: Sequence[int],
        dtype: int = schema.TensorType.INT8,
        scale: float | None = 0.5,
        data: Any = None,
    ) -> int:
        """Append a tensor; `data` makes it a constant."""
        tensor = schema.TensorT()
        number = len(self.graph.tensors)
        tensor.name, tensor.shape, tensor.type = f"m_1/layer{number}_1/op", list(shape), dtype
        tensor.buffer, tensor.hasRank = 0, True
        if scale is not None:
            tensor.quantization = schema.QuantizationParametersT()
            tensor.quantization.scale, tensor.quantization.zeroPoint = [scale], [-3]
        if data is not None:
            buffer = schema.BufferT()
            buffer.data = np.frombuffer(np.asarray(data).tobytes(), np.uint8)
            self.model.buffers.append(buffer)
            tensor.buffer = len(self.model.buffers) - 1
        self.graph.tensors.append(tensor)
        return number

    def constant(self, values: Sequence[int]) -> int:
        """Append a constant int32 vector."""
        array = np.asarray(values, np.int32)
        return self.tensor(array.shape, schema.TensorType.INT32, None, array)

    def op(self, kind: int, inputs: Sequence[int], outputs: Sequence[int]) -> None:
        """Append an op without options."""
        codes = [code.builtinCode for code in self.model.operatorCodes]
        if kind not in codes:
            code = schema.OperatorCodeT()
            code.builtinCode, code.deprecatedBuiltinCode, code.version = kind, min(kind, 127), 1
            self.model.operatorCodes.append(code)
            codes.append(kind)
        op = schema.OperatorT()
        op.opcodeIndex, op.inputs, op.outputs = codes.index(kind), list(inputs), list(outputs)
        self.graph.operators.append(op)

    def reshape(self, source: int, shape: Sequence[int], scale: float = 0.5) -> int:
        """Append a RESHAPE; its output."""
        output = self.tensor(shape, scale=scale)
        self.op(RESHAPE, [source, self.constant(shape)], [output])
        return output

    def tile(self, source: int, multiples: Sequence[int]) -> int:
        """Append a TILE; its output."""
        dimensions = self.graph.tensors[source].shape
        shape = [int(d) * m for d, m in zip(dimensions, multiples, strict=True)]
        output = self.tensor(shape)
        self.op(TILE, [source, self.constant(multiples)], [output])
        return output

    def build(self, inputs: Sequence[int], outputs: Sequence[int]) -> bytes:
        """The file's bytes, with a signature that names inputs and outputs."""
        self.graph.inputs, self.graph.outputs = list(inputs), list(outputs)
        signature = schema.SignatureDefT()
        signature.signatureKey, signature.subgraphIndex = "serving_default", 0
        signature.inputs = [_mapping(f"in{i}", t) for i, t in enumerate(inputs)]
        signature.outputs = [_mapping(f"out{i}", t) for i, t in enumerate(outputs)]
        self.model.signatureDefs = [signature]
        builder = flatbuffers.Builder(1024)
        builder.Finish(self.model.Pack(builder), b"TFL3")
        return bytes(builder.Output())


def _mapping(name: str, tensor: int) -> Any:
    mapping = schema.TensorMapT()
    mapping.name, mapping.tensorIndex = name, tensor
    return mapping


def nearest(builder: Builder, source: int, factors: tuple[int, int]) -> int:
    """Append Keras 3's upsampling by (rows, columns); its output."""
    _, height, width, channels = (int(d) for d in builder.graph.tensors[source].shape)
    rows, columns = factors
    x = source
    if rows > 1:
        x = builder.reshape(x, [1, height, 1, width, channels])
        x = builder.tile(x, [1, 1, rows, 1, 1])
    if columns > 1:
        x = builder.reshape(x, [1, height * rows, width, 1, channels])
        x = builder.tile(x, [1, 1, 1, columns, 1])
    return builder.reshape(x, [1, height * rows, width * columns, channels])
