"""CONV_2D against the oracle."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

import numpy as np
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
    groups = draw.choice([1, 1, 1, 2, 3])
    group_channels = draw.integer(1, 7)
    outputs = groups * draw.integer(1, 5)
    batches = draw.choice([1, 1, 1, 2])
    out_h = output_size(padding, height, filter_h, stride_h, dilation_h)
    out_w = output_size(padding, width, filter_w, stride_w, dilation_w)
    if out_h < 1 or out_w < 1:
        return None
    options = schema.Conv2DOptionsT()
    options.padding = getattr(schema.Padding, padding.value)
    options.strideH, options.strideW = stride_h, stride_w
    options.dilationHFactor, options.dilationWFactor = dilation_h, dilation_w
    options.fusedActivationFunction = draw.choice(ACTIVATIONS)
    weights = draw.int8((outputs, filter_h, filter_w, group_channels), low=-127)
    bias = draw.bias(outputs)
    source = Spec(
        (batches, height, width, groups * group_channels),
        scale=draw.scale(),
        zero_point=draw.zero_point(),
    )
    inputs: list[Spec | None] = [
        source,
        Spec(weights.shape, scale=draw.weight_scales(outputs), data=weights),
        None if draw.chance(0.15) else Spec((outputs,), "int32", scale=None, data=bias),
    ]
    if inputs[2] is None and draw.chance(0.5):
        inputs.pop()
    target = Spec(
        (batches, out_h, out_w, outputs), scale=draw.scale(1e-3, 4.0), zero_point=draw.zero_point()
    )
    return Case(
        build("CONV_2D", inputs, [target], options, version=3),
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


@pytest.mark.parametrize("seed", range(4))
def test_conv2d_equals_the_oracle(
    assert_exact: Callable[[Iterable[Case]], None], seed: int
) -> None:
    assert_exact(cases(seed, 600))


def multiplier_case(effective: float) -> Case:
    """A 1x1 convolution whose effective scale is exactly `effective`."""
    options = schema.Conv2DOptionsT()
    options.padding = schema.Padding.VALID
    options.strideH = options.strideW = options.dilationHFactor = options.dilationWFactor = 1
    weights = np.array([127, -127, 1], np.int8).reshape(3, 1, 1, 1)
    bias = np.array([-(2**30), 2**30, 12345], np.int32)
    return Case(
        build(
            "CONV_2D",
            [
                Spec((1, 16, 16, 1), scale=1.0, zero_point=-128),
                Spec(weights.shape, scale=effective, data=weights),
                Spec((3,), "int32", scale=effective, data=bias),
            ],
            [Spec((1, 16, 16, 3), scale=1.0, zero_point=7)],
            options,
        ),
        [np.arange(-128, 128, dtype=np.int8).reshape(1, 16, 16, 1)],
        f"effective scale {effective}",
    )


def test_multipliers_at_both_ends(assert_exact: Callable[[Iterable[Case]], None]) -> None:
    below_one = float(np.nextafter(np.float32(1), np.float32(0)))
    exponents = [2.0**e for e in range(-40, 29)]
    rounding = [below_one * 2.0**e for e in (-33, -32, -31, -20, -1, 0, 1, 5)]
    assert_exact(multiplier_case(scale) for scale in [*exponents, *rounding])
