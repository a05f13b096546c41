"""A classifier of 16 by 16 pictures that fits the smallest board: the ops of a real model, in 3 KB.

Weights are random: what counts is that every engine computes the same bytes from them.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from ai_edge_litert import schema_py_generated as schema
from tflite_builder import Builder

_OPS = schema.BuiltinOperator
_RELU = schema.ActivationFunctionType.RELU


class _Layers:
    """Appends one layer after the other."""

    def __init__(self) -> None:
        self.builder = Builder()
        self.random = np.random.default_rng(2)

    def tensor(self, shape: tuple[int, ...], scale: float, zero_point: int) -> int:
        number = self.builder.tensor(shape, scale=scale)
        self.builder.graph.tensors[number].quantization.zeroPoint = [zero_point]
        return number

    def weights(
        self, shape: tuple[int, ...], axis: int, input_scale: float = 0.05
    ) -> tuple[int, int]:
        """Weights with a scale for each channel, and biases."""
        channels = shape[axis]
        values = self.random.integers(-127, 128, shape, np.int8)
        number = self.builder.tensor(shape, data=values)
        bias = self.random.integers(-2000, 2000, channels, np.int32)
        biases = self.builder.tensor((channels,), schema.TensorType.INT32, 1.0, bias)
        scales = self.random.uniform(0.002, 0.006, channels)
        for tensor, along, factor in ((number, axis, 1.0), (biases, 0, input_scale)):
            quantization = self.builder.graph.tensors[tensor].quantization
            quantization.scale = [float(s * factor) for s in scales]
            quantization.zeroPoint = [0] * channels
            quantization.quantizedDimension = along
        return number, biases

    def op(self, kind: int, inputs: list[int], output: int, options: Any, **values: int) -> int:
        self.builder.op(kind, inputs, [output])
        name = type(options).__name__.removesuffix("T")
        for key, value in values.items():
            assert hasattr(options, key)
            setattr(options, key, value)
        self.builder.graph.operators[-1].builtinOptionsType = getattr(schema.BuiltinOptions, name)
        self.builder.graph.operators[-1].builtinOptions = options
        return output


def small_classifier() -> bytes:
    """The `.tflite`: int8[1, 16, 16, 1] to int8[1, 10]."""
    layers = _Layers()
    source = layers.tensor((1, 16, 16, 1), 0.05, -5)
    convolved = layers.op(
        _OPS.CONV_2D, [source, *layers.weights((8, 3, 3, 1), 0)],
        layers.tensor((1, 8, 8, 8), 0.05, -128), schema.Conv2DOptionsT(),
        strideH=2, strideW=2, dilationHFactor=1, dilationWFactor=1,
        fusedActivationFunction=_RELU,
    )  # fmt: skip
    deep = layers.op(
        _OPS.DEPTHWISE_CONV_2D, [convolved, *layers.weights((1, 3, 3, 8), 3)],
        layers.tensor((1, 8, 8, 8), 0.04, 3), schema.DepthwiseConv2DOptionsT(),
        strideH=1, strideW=1, dilationHFactor=1, dilationWFactor=1, depthMultiplier=1,
    )  # fmt: skip
    added = layers.op(
        _OPS.ADD, [convolved, deep], layers.tensor((1, 8, 8, 8), 0.06, -20), schema.AddOptionsT()
    )
    pooled = layers.op(
        _OPS.MAX_POOL_2D, [added], layers.tensor((1, 4, 4, 8), 0.06, -20),
        schema.Pool2DOptionsT(), strideH=2, strideW=2, filterHeight=2, filterWidth=2,
    )  # fmt: skip
    flat = layers.tensor((1, 128), 0.06, -20)
    layers.builder.op(_OPS.RESHAPE, [pooled, layers.builder.constant((1, 128))], [flat])
    logits = layers.op(
        _OPS.FULLY_CONNECTED, [flat, *layers.weights((10, 128), 0, 0.06)],
        layers.tensor((1, 10), 0.08, 4), schema.FullyConnectedOptionsT(),
    )  # fmt: skip
    result = layers.op(
        _OPS.SOFTMAX, [logits], layers.tensor((1, 10), 1 / 256, -128),
        schema.SoftmaxOptionsT(), beta=1,
    )  # fmt: skip
    return layers.builder.build([source], [result])
