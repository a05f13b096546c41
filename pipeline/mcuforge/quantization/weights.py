"""The ops that hold weights, in an unpacked float model, and access to their constants."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

import numpy as np
import numpy.typing as npt
from ai_edge_litert import schema_py_generated as schema

from mcuforge.tflite import flatbuffer

_OPS = schema.BuiltinOperator


class _Layout(NamedTuple):
    """Positions among an op's inputs, and the weights' axes."""

    source: int
    weights: int
    bias: int
    output_axis: int
    input_axis: int


_LAYOUT = {
    _OPS.CONV_2D: _Layout(0, 1, 2, 0, 3),
    _OPS.DEPTHWISE_CONV_2D: _Layout(0, 1, 2, 3, 3),
    _OPS.FULLY_CONNECTED: _Layout(0, 1, 2, 0, 1),
    _OPS.TRANSPOSE_CONV: _Layout(2, 1, 3, 0, 3),
}
_DTYPES = {
    schema.TensorType.FLOAT32: "<f4",
    schema.TensorType.INT8: "i1",
    schema.TensorType.INT32: "<i4",
    schema.TensorType.INT64: "<i8",
}


@dataclass(frozen=True, eq=False)
class WeightedOp:
    """A convolution or matrix product. Indices are looked up in the op, which may be edited."""

    op: Any
    kind: int

    @property
    def source(self) -> int:
        """The input's index."""
        return int(self.op.inputs[_LAYOUT[self.kind].source])

    @property
    def weights(self) -> int:
        """The weights' index."""
        return int(self.op.inputs[_LAYOUT[self.kind].weights])

    @property
    def bias(self) -> int:
        """The bias's index, -1 where there is none."""
        place = _LAYOUT[self.kind].bias
        return int(self.op.inputs[place]) if place < len(self.op.inputs) else -1

    @property
    def target(self) -> int:
        """The output's index."""
        return int(self.op.outputs[0])

    @property
    def output_axis(self) -> int:
        """The axis of the weights that counts output channels."""
        return _LAYOUT[self.kind].output_axis

    @property
    def input_axis(self) -> int:
        """The axis of the weights that counts input channels."""
        return _LAYOUT[self.kind].input_axis

    @property
    def depthwise(self) -> bool:
        """True where each output channel reads one input channel."""
        return bool(self.kind == _OPS.DEPTHWISE_CONV_2D)


def weighted_ops(model: Any) -> Iterator[WeightedOp]:
    """The ops with constant weights, in order of execution."""
    graph = model.subgraphs[0]
    for op in graph.operators:
        kind = flatbuffer.op_kind(model, op)
        if kind not in _LAYOUT:
            continue
        found = WeightedOp(op, kind)
        if flatbuffer.constant(model, graph.tensors[found.weights]) is not None:
            yield found


def values(model: Any, tensor: int) -> npt.NDArray[np.float64]:
    """A constant in real values: float32 as it is, integers times their scales."""
    described = model.subgraphs[0].tensors[tensor]
    content = flatbuffer.constant(model, described).tobytes()
    array = np.frombuffer(content, _DTYPES[described.type]).reshape(described.shape)
    if described.type == schema.TensorType.FLOAT32:
        return array.astype(np.float64)
    scales = np.asarray(described.quantization.scale, np.float64)
    shape = [1] * array.ndim
    if len(scales) > 1:
        shape[described.quantization.quantizedDimension] = len(scales)
    return np.asarray(array * scales.reshape(shape if len(scales) > 1 else [1] * array.ndim))


def replace(
    model: Any,
    op: WeightedOp,
    position: Literal["weights", "bias"],
    content: npt.NDArray[np.float64],
) -> None:
    """Give `op` a float32 constant of its own in place of its weights or bias."""
    layout = _LAYOUT[op.kind]
    place = layout.weights if position == "weights" else layout.bias
    graph = model.subgraphs[0]
    buffer = schema.BufferT()
    buffer.data = np.frombuffer(np.ascontiguousarray(content, "<f4").tobytes(), np.uint8)
    model.buffers.append(buffer)
    tensor = schema.TensorT()
    tensor.name = f"{flatbuffer.name_of(graph.tensors[op.target])}/{position}#{len(graph.tensors)}"
    tensor.name = tensor.name.encode()
    tensor.shape = list(content.shape)
    tensor.type = schema.TensorType.FLOAT32
    tensor.buffer = len(model.buffers) - 1
    tensor.hasRank = True
    graph.tensors.append(tensor)
    inputs = [int(i) for i in op.op.inputs]
    inputs += [-1] * (place + 1 - len(inputs))
    inputs[place] = len(graph.tensors) - 1
    op.op.inputs = inputs
