"""Writes small float `.tflite` files, and runs them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from ai_edge_litert import schema_py_generated as schema
from tflite_builder import Builder

from mcuforge.quantization.float_model import outputs, with_unique_names
from mcuforge.tflite import flatbuffer

FLOAT32 = schema.TensorType.FLOAT32
OPS = schema.BuiltinOperator
NONE = schema.ActivationFunctionType.NONE
RELU = schema.ActivationFunctionType.RELU
RELU6 = schema.ActivationFunctionType.RELU6
VALID = schema.Padding.VALID

Array = npt.NDArray[Any]


class FloatBuilder:
    """Ops one after the other; each method returns the output's index."""

    def __init__(self, shape: Sequence[int]) -> None:
        self.builder = Builder()
        self.source = self.builder.tensor(shape, FLOAT32, None)

    def constant(self, values: Array) -> int:
        return self.builder.tensor(values.shape, FLOAT32, None, values.astype("<f4"))

    def op(self, kind: int, inputs: Sequence[int], shape: Sequence[int], options: Any) -> int:
        output = self.builder.tensor(shape, FLOAT32, None)
        self.builder.op(kind, inputs, [output])
        name = type(options).__name__.removesuffix("T")
        self.builder.graph.operators[-1].builtinOptionsType = getattr(schema.BuiltinOptions, name)
        self.builder.graph.operators[-1].builtinOptions = options
        return output

    def shape(self, tensor: int) -> list[int]:
        return [int(d) for d in self.builder.graph.tensors[tensor].shape]

    def conv(
        self, x: int, weights: Array, bias: Array, activation: int = RELU, kind: str = "conv"
    ) -> int:
        """CONV_2D (weights [out, h, w, in]) or, of `kind` depthwise, [1, h, w, channels]; VALID."""
        depthwise = kind == "depthwise"
        options = (schema.DepthwiseConv2DOptionsT if depthwise else schema.Conv2DOptionsT)()
        options.padding, options.fusedActivationFunction = VALID, activation
        options.strideH = options.strideW = 1
        options.dilationHFactor = options.dilationWFactor = 1
        if depthwise:
            options.depthMultiplier = 1
        _, height, width, _ = self.shape(x)
        channels = weights.shape[3 if depthwise else 0]
        shape = [1, height - weights.shape[1] + 1, width - weights.shape[2] + 1, channels]
        inputs = [x, self.constant(weights), self.constant(bias)]
        code = OPS.DEPTHWISE_CONV_2D if depthwise else OPS.CONV_2D
        return self.op(code, inputs, shape, options)

    def transpose_conv(self, x: int, weights: Array, bias: Array, stride: int) -> int:
        """TRANSPOSE_CONV, VALID; weights [out, h, w, in]."""
        options = schema.TransposeConvOptionsT()
        options.padding, options.strideH, options.strideW = VALID, stride, stride
        options.fusedActivationFunction = NONE
        _, height, width, _ = self.shape(x)
        channels, tall, wide, _ = weights.shape
        shape = [1, (height - 1) * stride + tall, (width - 1) * stride + wide, channels]
        inputs = [self.builder.constant(shape), self.constant(weights), x, self.constant(bias)]
        output = self.op(OPS.TRANSPOSE_CONV, inputs, shape, options)
        self.builder.model.operatorCodes[-1].version = 3  # the first with a bias
        return output

    def dense(self, x: int, weights: Array, bias: Array, activation: int = NONE) -> int:
        """FULLY_CONNECTED; weights [out, in]."""
        options = schema.FullyConnectedOptionsT()
        options.fusedActivationFunction = activation
        inputs = [x, self.constant(weights), self.constant(bias)]
        return self.op(OPS.FULLY_CONNECTED, inputs, [1, len(weights)], options)

    def pool(self, x: int) -> int:
        """MAX_POOL_2D, 2 x 2."""
        options = schema.Pool2DOptionsT()
        options.padding, options.fusedActivationFunction = VALID, NONE
        options.strideH = options.strideW = options.filterHeight = options.filterWidth = 2
        _, height, width, channels = self.shape(x)
        return self.op(OPS.MAX_POOL_2D, [x], [1, height // 2, width // 2, channels], options)

    def leaky(self, x: int, slope: float) -> int:
        """LEAKY_RELU."""
        options = schema.LeakyReluOptionsT()
        options.alpha = slope
        return self.op(OPS.LEAKY_RELU, [x], self.shape(x), options)

    def build(self, *results: int) -> bytes:
        """The `.tflite`."""
        model = self.builder.build([self.source], results)
        return with_unique_names(flatbuffer.pack(flatbuffer.unpack(model)))


def run(model: bytes, samples: Sequence[Array]) -> Array:
    """The outputs, stacked."""
    return np.stack(list(outputs(model, samples)))


def name(model: bytes, tensor: int) -> str:
    """The name of a tensor."""
    return flatbuffer.name_of(flatbuffer.unpack(model).subgraphs[0].tensors[tensor])
