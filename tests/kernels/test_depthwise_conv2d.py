"""DEPTHWISE_CONV_2D against the oracle."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import partial

import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema
from draw import Draw, many
from single_op import Case
from weighted_op import Weighted, Window, draw_cases, draw_weighted, draw_window

from mcuforge.frontend.graph import Padding
from mcuforge.planning.ops.window import output_sizes


def case(draw: Draw, dtype: str = "int8", wide: str | None = None) -> Case | None:
    window = draw_window(draw, 4, dilations=[1, 1, 2, 3])
    channels = draw.integer(12, 40) if draw.chance(0.2) else draw.integer(1, 11)
    return sliding(draw, window, channels, draw.choice([1, 1, 1, 2, 3]), dtype, wide)


def case_of_one_channel(draw: Draw) -> Case | None:
    """What is computed as a convolution."""
    dtype = draw.choice(["int8", "int8", "int4"])
    return sliding(draw, draw_window(draw, 5, dilations=[1, 2]), 1, draw.integer(4, 11), dtype)


def case_of_small_filters(draw: Draw) -> Case | None:
    """At most 3x3, mostly with scales that trained models have."""
    window = Window(
        draw.choice([Padding.SAME, Padding.VALID]),
        draw.choice([(3, 3), (3, 3), (3, 3), (1, 3), (3, 1), (2, 2), (2, 3), (1, 2)]),
        (draw.integer(1, 3), draw.integer(1, 2)),
        (draw.choice([1, 1, 1, 2]), 1),
    )
    size = draw.integer(1, 7), draw.integer(1, 14)
    output = output_sizes(window.padding, size, window.filter_size, window.stride, window.dilation)
    if min(output) < 1:
        return None
    channels, batches = draw.integer(1, 9), draw.choice([1, 1, 2])
    op = draw_weighted(
        draw,
        (batches, *size, channels),
        (1, *window.filter_size, channels),
        (batches, *output, channels),
        axis=3,
    )
    if draw.chance(0.9):
        op = with_trained_scales(draw, op, channels)
    options = window.fill(schema.DepthwiseConv2DOptionsT())
    options.depthMultiplier = 1
    return op.case(draw, "DEPTHWISE_CONV_2D", options, [op.source, op.weights, op.bias], window)


def with_trained_scales(draw: Draw, op: Weighted, channels: int) -> Weighted:
    """Outputs of zero point -128, as a RELU makes them, or of any; here and there a channel that
    has lost all of its weights."""
    least, most = draw.choice([(5, 9), (5, 9), (9, 13), (1, 16)])
    shifts = draw.rng.uniform(least, most, channels)
    scales = [float(np.float32(0.05 * 2.0**-s)) for s in shifts]
    weights = np.array(op.weights.data)
    bias = draw.rng.integers(-(1 << 14), 1 << 14, channels).astype(np.int32)
    if draw.chance(0.3):
        lost = draw.integer(0, channels - 1)
        weights[..., lost] = 0
        bias[lost] = draw.choice([1 << 30, -(1 << 30), 5])
    return replace(
        op,
        source=replace(op.source, scale=0.05),
        weights=replace(op.weights, scale=scales, data=weights),
        bias=replace(op.bias, scale=[float(np.float32(0.05) * np.float32(s)) for s in scales],
                     data=bias),
        target=replace(
            op.target, scale=0.05, zero_point=draw.choice([-128, -128, draw.zero_point()])
        ),
    )  # fmt: skip


def sliding(
    draw: Draw,
    window: Window,
    channels: int,
    multiplier: int,
    dtype: str = "int8",
    wide: str | None = None,
) -> Case | None:
    size, batches = (draw.integer(1, 9), draw.integer(1, 9)), draw.choice([1, 1, 1, 2])
    output = output_sizes(window.padding, size, window.filter_size, window.stride, window.dilation)
    if min(output) < 1:
        return None
    op = draw_weighted(
        draw,
        (batches, *size, channels),
        (1, *window.filter_size, channels * multiplier),
        (batches, *output, channels * multiplier),
        axis=3,
        dtype=dtype,
        wide=wide,
    )
    options = window.fill(schema.DepthwiseConv2DOptionsT())
    options.depthMultiplier = multiplier
    return op.case(draw, "DEPTHWISE_CONV_2D", options, [op.source, op.weights, op.bias], window)


cases = partial(draw_cases, case)
int4_cases = partial(draw_cases, partial(case, dtype="int4"))


@pytest.mark.parametrize("seed", range(2))
def test_depthwise_conv2d_equals_the_oracle(
    assert_exact: Callable[[Iterable[Case]], None], seed: int
) -> None:
    assert_exact(cases(seed, many(600)))


def test_depthwise_conv2d_of_one_channel_equals_the_oracle(
    assert_exact: Callable[[Iterable[Case]], None],
) -> None:
    assert_exact(draw_cases(case_of_one_channel, 9, 60))


def test_depthwise_conv2d_of_small_filters_equals_the_oracle(
    assert_exact: Callable[[Iterable[Case]], None],
) -> None:
    assert_exact(draw_cases(case_of_small_filters, 10, 200))


@pytest.mark.slow
def test_many_depthwise_conv2ds_of_small_filters_equal_the_oracle(
    assert_exact: Callable[[Iterable[Case]], None],
) -> None:
    assert_exact(draw_cases(case_of_small_filters, 11, 4000))


def test_depthwise_conv2d_of_int16_equals_the_oracle(
    assert_exact: Callable[[Iterable[Case]], None],
) -> None:
    assert_exact(draw_cases(partial(case, wide="int64"), 7, 100))


@pytest.mark.slow
def test_many_depthwise_conv2ds_of_int16_equal_the_oracle(
    assert_exact: Callable[[Iterable[Case]], None],
) -> None:
    assert_exact(draw_cases(partial(case, wide="int64"), 8, 1000))
