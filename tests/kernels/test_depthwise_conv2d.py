"""DEPTHWISE_CONV_2D against the oracle."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

import pytest
from ai_edge_litert import schema_py_generated as schema
from draw import ACTIVATIONS, Draw
from single_op import Case, Spec, build

from mcuforge.graph import Padding
from mcuforge.ops.common import output_size


def case(draw: Draw) -> Case | None:
    padding = draw.choice([Padding.SAME, Padding.VALID])
    height, width = draw.integer(1, 9), draw.integer(1, 9)
    filter_h, filter_w = draw.integer(1, 4), draw.integer(1, 4)
    stride_h, stride_w = draw.integer(1, 3), draw.integer(1, 3)
    dilation_h, dilation_w = draw.choice([1, 1, 2, 3]), draw.choice([1, 1, 2, 3])
    channels = draw.integer(12, 40) if draw.chance(0.2) else draw.integer(1, 11)
    multiplier = draw.choice([1, 1, 1, 2, 3])
    batches = draw.choice([1, 1, 1, 2])
    out_h = output_size(padding, height, filter_h, stride_h, dilation_h)
    out_w = output_size(padding, width, filter_w, stride_w, dilation_w)
    if out_h < 1 or out_w < 1:
        return None
    options = schema.DepthwiseConv2DOptionsT()
    options.padding = getattr(schema.Padding, padding.value)
    options.strideH, options.strideW = stride_h, stride_w
    options.dilationHFactor, options.dilationWFactor = dilation_h, dilation_w
    options.depthMultiplier = multiplier
    options.fusedActivationFunction = draw.choice(ACTIVATIONS)
    outputs = channels * multiplier
    weights = draw.int8((1, filter_h, filter_w, outputs), low=-127)
    source = Spec(
        (batches, height, width, channels), scale=draw.scale(), zero_point=draw.zero_point()
    )
    inputs: list[Spec | None] = [
        source,
        Spec(weights.shape, scale=draw.weight_scales(outputs), axis=3, data=weights),
        Spec((outputs,), "int32", scale=None, data=draw.bias(outputs)),
    ]
    target = Spec(
        (batches, out_h, out_w, outputs), scale=draw.scale(1e-3, 4.0), zero_point=draw.zero_point()
    )
    return Case(
        build("DEPTHWISE_CONV_2D", inputs, [target], options, version=3),
        [draw.int8(source.shape)],
        f"{source.shape} * {weights.shape} {padding.value} stride {stride_h},{stride_w} "
        f"dilation {dilation_h},{dilation_w} -> {target.shape}",
    )


def cases(seed: int, count: int) -> Iterator[Case]:
    draw = Draw(seed)
    while count:
        drawn = case(draw)
        if drawn is not None:
            count -= 1
            yield drawn


@pytest.mark.parametrize("seed", range(3))
def test_depthwise_conv2d_equals_the_oracle(
    assert_exact: Callable[[Iterable[Case]], None], seed: int
) -> None:
    assert_exact(cases(seed, 600))
