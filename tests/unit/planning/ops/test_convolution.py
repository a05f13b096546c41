"""Rules of the convolutions and FULLY_CONNECTED."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema
from op_rules import refusal
from single_op import Spec, build

SOURCE = Spec((1, 6, 6, 4), scale=0.5, zero_point=1)
BIAS = Spec((8,), "int32", scale=0.01, data=np.zeros(8, np.int32))
SAME, VALID = schema.Padding.SAME, schema.Padding.VALID
KINDS = ["CONV_2D", "DEPTHWISE_CONV_2D", "TRANSPOSE_CONV"]


def weights(kind: str, **changes: Any) -> Spec:
    shape = (1, 3, 3, 4) if kind == "DEPTHWISE_CONV_2D" else (8, 3, 3, 4)
    values: dict[str, Any] = {"shape": shape, "scale": 0.02, "data": np.ones(shape, np.int8)}
    return Spec(**(values | changes))


def options(kind: str, **changes: Any) -> Any:
    name = {
        "CONV_2D": "Conv2DOptionsT",
        "DEPTHWISE_CONV_2D": "DepthwiseConv2DOptionsT",
        "TRANSPOSE_CONV": "TransposeConvOptionsT",
    }[kind]
    result = getattr(schema, name)()
    result.padding = SAME
    result.strideH = result.strideW = 1
    if kind != "TRANSPOSE_CONV":
        result.dilationHFactor = result.dilationWFactor = 1
    if kind == "DEPTHWISE_CONV_2D":
        result.depthMultiplier = 1
    for key, value in changes.items():
        setattr(result, key, value)
    return result


def refuse(
    kind: str,
    source: Spec = SOURCE,
    filters: Spec | None = None,
    bias: Spec | None = None,
    target: Spec | None = None,
    **changes: Any,
) -> str:
    channels = 4 if kind == "DEPTHWISE_CONV_2D" else 8
    target = target or Spec((1, 6, 6, channels), scale=0.5, zero_point=-3)
    inputs: list[Spec | None] = [source, filters or weights(kind)]
    if kind == "TRANSPOSE_CONV":
        shape = Spec((4,), "int32", None, data=np.array(target.shape, np.int32))
        inputs = [shape, inputs[1], source]
    if bias is not None:
        inputs.append(bias)
    return refusal(build(kind, inputs, [target], options(kind, **changes)))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", ["strideH", "strideW"])
@pytest.mark.parametrize("value", [0, -1, 32768])
def test_strides_out_of_range(kind: str, name: str, value: int) -> None:
    assert f"one of them is {value}" in refuse(kind, **{name: value})


@pytest.mark.parametrize("kind", ["CONV_2D", "DEPTHWISE_CONV_2D"])
@pytest.mark.parametrize(("value", "found"), [(0, 0), (-2, -2), (20000, 40001)])
def test_dilations_out_of_range(kind: str, value: int, found: int) -> None:
    assert f"one of them is {found}" in refuse(kind, dilationHFactor=value)


def test_too_many_phases() -> None:
    assert "have 72" in refuse("TRANSPOSE_CONV", strideH=8, strideW=9)


@pytest.mark.parametrize("kind", KINDS)
def test_weights_must_be_constant_symmetric_int8(kind: str) -> None:
    assert "its weights are no constant" in refuse(kind, filters=weights(kind, data=None))
    assert "zero point of its weights is not 0" in refuse(kind, filters=weights(kind, zero_point=1))
    assert "carry no scale" in refuse(kind, filters=weights(kind, scale=None))


@pytest.mark.parametrize("kind", KINDS)
def test_scales_along_the_wrong_axis(kind: str) -> None:
    found = refuse(kind, filters=weights(kind, scale=(0.1, 0.2, 0.3), axis=1))
    assert "along axis 1" in found


@pytest.mark.parametrize("kind", KINDS)
def test_biases(kind: str) -> None:
    wrong = Spec((3,), "int32", 0.01, data=np.zeros(3, np.int32))
    assert "it has 3 biases" in refuse(kind, bias=wrong)
    assert "not constant" in refuse(kind, bias=Spec(BIAS.shape, "int32", 0.01))
    wide = Spec((8,), "int16", 0.01, data=np.zeros(8, np.int16))
    assert "its bias is int16[8]" in refuse(kind, bias=wide)


@pytest.mark.parametrize("kind", KINDS)
def test_an_accumulator_that_overflows(kind: str) -> None:
    count = 4 if kind == "DEPTHWISE_CONV_2D" else 8
    data = np.full(count, 2**31 - 1000, np.int32)
    assert "can leave int32" in refuse(kind, bias=Spec((count,), "int32", 0.01, data=data))


@pytest.mark.parametrize("kind", KINDS)
def test_an_effective_scale_too_large(kind: str) -> None:
    assert "a shift of 32 is needed" in refuse(kind, filters=weights(kind, scale=2.0**31))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("source", "part"),
    [
        (Spec((1, 6, 6, 4), "float32", None), "float32[1, 6, 6, 4]"),
        (Spec((6, 6, 4), scale=0.5), "[3, 4, 4] dimensions"),
        (Spec((2, 6, 6, 4), scale=0.5), "the batches are 2 and 1"),
        (Spec((1, 0, 6, 4), scale=0.5), "is empty"),
    ],
)
def test_inputs_that_do_not_fit(kind: str, source: Spec, part: str) -> None:
    assert part in refuse(kind, source=source)


@pytest.mark.parametrize("kind", ["CONV_2D", "DEPTHWISE_CONV_2D"])
def test_outputs_of_another_size(kind: str) -> None:
    assert "the output is (6, 6), not (4, 4)" in refuse(kind, padding=VALID)


def test_channels_that_do_not_divide() -> None:
    found = refuse("CONV_2D", source=Spec((1, 6, 6, 6), scale=0.5))
    assert "6 input channels meet 8 filters of 4 channels" in found
    assert "(4, 4) channels, not 8" in refuse("DEPTHWISE_CONV_2D", depthMultiplier=2)


@pytest.mark.parametrize("kind", KINDS)
def test_other_activations(kind: str) -> None:
    tanh = schema.ActivationFunctionType.TANH
    assert "it fuses TANH" in refuse(kind, fusedActivationFunction=tanh)


def test_an_output_shape_that_is_not_the_output() -> None:
    shape = Spec((4,), "int32", None, data=np.array([1, 6, 7, 8], np.int32))
    target = Spec((1, 6, 6, 8), scale=0.5)
    kind = "TRANSPOSE_CONV"
    model = build(kind, [shape, weights(kind), SOURCE], [target], options(kind))
    assert "(1, 6, 7, 8) is asked for" in refusal(model)


def fully_connected(
    source: Spec = Spec((2, 4), scale=0.5),  # noqa: B008 - a frozen value
    filters: Spec = Spec((8, 4), scale=0.02, data=np.ones((8, 4), np.int8)),  # noqa: B008
    bias: Spec | None = None,
    target: Spec = Spec((2, 8), scale=0.5),  # noqa: B008
    weights_format: int = 0,
) -> str:
    given = schema.FullyConnectedOptionsT()
    given.weightsFormat = weights_format
    return refusal(build("FULLY_CONNECTED", [source, filters, bias], [target], given))


def test_fully_connected_refuses() -> None:
    assert "their format is 1" in fully_connected(weights_format=1)
    assert "meets weights" in fully_connected(source=Spec((2, 5), scale=0.5))
    assert "meets weights" in fully_connected(target=Spec((3, 8), scale=0.5))
    far = Spec((8,), "int32", 0.1, data=np.zeros(8, np.int32))
    assert "apart" in fully_connected(bias=far)
    flat = Spec((32,), scale=0.02, data=np.ones(32, np.int8))
    assert "the weights are int8[32]" in fully_connected(filters=flat)


def test_fully_connected_multiplies_computed_weights_of_one_scale() -> None:
    assert fully_connected(filters=Spec((8, 4), scale=0.02, zero_point=3)) == ""
    zero_point = Spec((8, 4), scale=0.02, zero_point=3, data=np.ones((8, 4), np.int8))
    assert fully_connected(filters=zero_point) == ""
    scales = Spec((8, 4), scale=[0.02] * 8)
    assert "weights are no constant" in fully_connected(filters=scales)
    depth = 2**31 // 255**2 + 1
    wide = Spec((2, depth), scale=0.5, zero_point=127)
    filters = Spec((8, depth), scale=0.02, zero_point=-128)
    assert "sums of 33026 products" in fully_connected(source=wide, filters=filters)


def test_fully_connected_of_int16_takes_computed_weights_without_zero_points() -> None:
    def of(depth: int = 4, bias: str = "int32", offset: int = 0, **weights: Any) -> str:
        return fully_connected(
            Spec((2, depth), "int16", 0.5, offset),
            Spec((8, depth), **{"scale": 0.02, **weights}),
            Spec((8,), bias, 0.01, data=np.ones(8, bias)),
            Spec((2, 8), "int16", 0.5),
        )

    assert of() == of(bias="int64") == of(511) == of(512, "int64") == ""
    assert "sums of 512 products may reach 2147483649" in of(512)
    assert "a filter has 131073 taps" in of(2**17 + 1, "int64")
    assert "the zero point of 'in0' is not 0" in of(offset=1)
    assert "the zero point of 'in1' is not 0" in of(zero_point=1)
    assert "weights are no constant" in of(scale=[0.02] * 8)
