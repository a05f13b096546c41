"""Factors with a scale of 0, against the oracle: pruned channels, and constants of zeros."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np
from ai_edge_litert import schema_py_generated as schema
from draw import Draw
from single_op import Case, Spec, build
from weighted_op import draw_weighted

from mcuforge.frontend.graph import Padding

CHANNELS = 5


def window(options: Any) -> Any:
    options.padding = getattr(schema.Padding, Padding.VALID.value)
    options.strideH = options.strideW = 1
    if hasattr(options, "dilationHFactor"):
        options.dilationHFactor = options.dilationWFactor = 1
    if hasattr(options, "depthMultiplier"):
        options.depthMultiplier = 1
    return options


SHAPES = {  # of input, weights and output; the channels' axis; options
    "CONV_2D": ((1, 4, 4, 3), (CHANNELS, 2, 2, 3), (1, 3, 3, CHANNELS), 0,
                lambda: window(schema.Conv2DOptionsT())),
    "DEPTHWISE_CONV_2D": ((1, 4, 4, CHANNELS), (1, 2, 2, CHANNELS), (1, 3, 3, CHANNELS), 3,
                          lambda: window(schema.DepthwiseConv2DOptionsT())),
    "FULLY_CONNECTED": ((2, 7), (CHANNELS, 7), (2, CHANNELS), 0, schema.FullyConnectedOptionsT),
}  # fmt: skip


def cases(kind: str, seed: int, count: int) -> Iterator[Case]:
    """Some channels have a scale of 0; their weights are zeros, or not; their biases are."""
    draw = Draw(seed)
    source, weights, target, axis, options = SHAPES[kind]
    for _ in range(count):
        op = draw_weighted(draw, source, weights, target, axis)
        scales = np.resize(np.asarray(op.weights.scale, np.float32), CHANNELS)
        zeros = draw.rng.random(CHANNELS) < draw.choice([0.3, 1.0])
        scales[zeros] = 0.0
        values = np.array(op.weights.data)
        if draw.chance(0.5):
            np.moveaxis(values, axis, 0)[zeros] = 0
        bias = np.where(zeros, 0, op.bias.data).astype(np.int32)
        products = (np.float32(op.source.scale) * scales).tolist()
        changed = replace(
            op,
            weights=replace(op.weights, scale=scales.tolist(), data=values),
            bias=replace(op.bias, scale=products, data=bias),
        )
        inputs = [changed.source, changed.weights, changed.bias]
        yield changed.case(draw, kind, options(), inputs, zeros)


def product() -> Case:
    draw = Draw(2)
    zeros = Spec((3, 4), scale=0.0, zero_point=5, data=np.full((3, 4), 5, np.int8))
    ends = [Spec((3, 4), scale=0.5), zeros], [Spec((3, 4), scale=0.25, zero_point=7)]
    return Case(build("MUL", *ends, schema.MulOptionsT()), [draw.int8((3, 4))])


def test_factors_with_a_scale_of_0_equal_the_oracle(
    assert_exact: Callable[[Iterable[Case]], None],
) -> None:
    assert_exact([*(case for kind in SHAPES for case in cases(kind, 1, 30)), product()])
