"""The rules of operators that compute 16x8: int16 activations, int8 weights."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema
from op_rules import refusal
from single_op import Spec, build

WEIGHTS = Spec((3, 1, 1, 4), scale=0.01, data=np.ones((3, 1, 1, 4), np.int8))


def wide(*shape: int, scale: float = 0.01, zero_point: int = 0) -> Spec:
    return Spec(shape, "int16", scale, zero_point)


def bias(dtype: str, values: Any = (1, 2, 3)) -> Spec:
    return Spec((3,), dtype, scale=1e-4, data=np.array(values, dtype))


def convolution(
    last: Spec, source: Spec | None = None, target: Spec | None = None, weights: Spec = WEIGHTS
) -> str:
    options = schema.Conv2DOptionsT()
    options.padding = schema.Padding.VALID
    options.strideH = options.strideW = 1
    options.dilationHFactor = options.dilationWFactor = 1
    inputs = [source or wide(1, 2, 2, 4), weights, last]
    return refusal(build("CONV_2D", inputs, [target or wide(1, 2, 2, 3)], options))


def depthwise(last: Spec) -> str:
    options = schema.DepthwiseConv2DOptionsT()
    options.padding = schema.Padding.VALID
    options.strideH = options.strideW = options.depthMultiplier = 1
    options.dilationHFactor = options.dilationWFactor = 1
    weights = Spec((1, 1, 1, 3), scale=0.01, data=np.ones((1, 1, 1, 3), np.int8))
    inputs = [wide(1, 2, 2, 3), weights, last]
    return refusal(build("DEPTHWISE_CONV_2D", inputs, [wide(1, 2, 2, 3)], options))


def test_biases() -> None:
    assert (
        convolution(bias("int64")) == convolution(bias("int32")) == depthwise(bias("int64")) == ""
    )
    assert "its bias is int16[3]" in convolution(bias("int16"))
    found = depthwise(bias("int32"))
    assert "its bias is int32[3]" in found and "int64 with int16 ones" in found


def test_sums() -> None:
    assert "beyond 48 bits" in convolution(bias("int64", (0, 2**47, 0)))
    assert "channel 1 can leave 48 bits" in convolution(bias("int64", (0, 2**47 - 1, 0)))
    assert "channel 2 can leave int32" in convolution(bias("int32", (0, 0, 2**31 - 1)))
    small = wide(1, 2, 2, 3, scale=0.99e-4 / 2**7)
    assert "a shift of 8 is needed" in convolution(bias("int64"), target=small)
    assert "a shift" not in convolution(bias("int32"), target=small)


def test_zero_points() -> None:
    found = convolution(bias("int64"), source=wide(1, 2, 2, 4, zero_point=3))
    assert "that of 'in0' is 3" in found and "zero point 0" in found
    assert "is -7" in convolution(bias("int64"), target=wide(1, 2, 2, 3, zero_point=-7))


def test_weights_of_four_bits() -> None:
    packed = Spec((3, 1, 1, 4), "int4", scale=0.01, data=np.ones((3, 1, 1, 4), np.int8))
    assert "its weights are int4" in convolution(bias("int64"), weights=packed)


def test_types_are_not_mixed() -> None:
    assert "'out0' is int8[1, 2, 2, 3]" in convolution(bias("int64"), target=Spec((1, 2, 2, 3)))
    options = schema.AddOptionsT()
    assert "'in1' is int8[3]" in refusal(build("ADD", [wide(3), Spec((3,))], [wide(3)], options))


def product(a: Spec, b: Spec, target: Spec) -> str:
    return refusal(build("MUL", [a, b], [target], schema.MulOptionsT()))


def test_products_have_31_bits() -> None:
    assert product(wide(3), wide(3), wide(3, scale=1.01e-4)) == ""
    assert "With int16" not in product(wide(3), wide(3), wide(3, scale=1.01e-4))
    assert "the scales are" in product(wide(3), wide(3), wide(3, scale=0.99e-4))
    assert "is 5" in product(wide(3, zero_point=5), wide(3), wide(3))


@pytest.mark.parametrize(
    ("kind", "source", "target", "message"),
    [
        ("LOGISTIC", wide(4), wide(4, scale=2.0**-15), ""),
        ("LOGISTIC", wide(4), wide(4, scale=2.0**-14), "With int16: The output's scale is 1/32768"),
        ("LOGISTIC", wide(4, scale=2.7), wide(4, scale=2.0**-15), "below 2.66"),
        ("TANH", wide(4, scale=2.0**-12 * 1.0005), wide(4, scale=2.0**-15), "steps off"),
        ("TANH", wide(4, zero_point=1), wide(4, scale=2.0**-15), "zero point 0"),
        ("TANH", wide(4), Spec((4,), scale=1 / 128), "'out0' is int8[4]"),
        ("RELU", wide(4, scale=1.0), wide(4, scale=2.0**-14), "and a factor is"),
        ("RELU", wide(4), wide(5), "4 elements go in and 5 come out"),
        ("RELU6", wide(4, scale=0.01), wide(4, scale=0.02), "steps from what the file means"),
        ("QUANTIZE", wide(4), Spec((4,), "uint8"), "int16[4] becomes uint8[4]"),
        ("QUANTIZE", Spec((4,), "float32", None), wide(4, scale=2.0**-25), "2^-24"),
        ("QUANTIZE", Spec((4,), "int32", 1.0), wide(4, scale=2.0), "and a factor is 0.5"),
        ("QUANTIZE", Spec((4,), "int32", 1.0), wide(4, scale=2.0**34), ""),  # all becomes 0
        ("DEQUANTIZE", Spec((4,), "int16", [1.0] * 4), Spec((4,), "float32", None), "int16[4]"),
    ],
)
def test_functions(kind: str, source: Spec, target: Spec, message: str) -> None:
    found = refusal(build(kind, [source], [target]))
    assert message in found and bool(message) == bool(found)


def softmax(source: Spec, target: Spec, beta: float = 1.0) -> str:
    options = schema.SoftmaxOptionsT()
    options.beta = beta
    return refusal(build("SOFTMAX", [source], [target], options))


def test_softmax() -> None:
    target = wide(2, 3, scale=2.0**-15)
    assert softmax(wide(2, 3), target) == ""
    assert "1/32768" in softmax(wide(2, 3), wide(2, 3, scale=2.0**-14))
    assert "beta is not negative" in softmax(wide(2, 3), target, beta=-1.0)
    assert "below 2.5" in softmax(wide(2, 3, scale=3.0), target)
    assert "the last axis has 65536" in softmax(wide(65536), wide(65536, scale=2.0**-15))


def test_windows_of_averages() -> None:
    options = schema.Pool2DOptionsT()
    options.padding = schema.Padding.VALID
    options.strideH = options.strideW = 1
    options.filterHeight, options.filterWidth = 2, 2**14 + 1
    source, target = wide(1, 2, 2**14 + 1, 1), wide(1, 1, 1, 1)
    model = build("AVERAGE_POOL_2D", [source], [target], options)
    assert "a window covers 32770 elements" in refusal(model)
