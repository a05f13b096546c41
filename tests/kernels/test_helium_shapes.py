"""Ops with weights where the kernels for Helium have edges: blocks of 4 filters and 16 bytes, pairs
of pixels, and each way to round."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Any

import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema
from draw import Draw
from single_op import Case, Spec
from weighted_op import Weighted, Window, draw_cases

from mcuforge.frontend.graph import Padding
from mcuforge.planning.ops.window import output_sizes

EXTENTS = [1, 2, 3, 4, 5, 7, 8, 9, 12, 13]
CHANNELS = [1, 2, 3, 4, 5, 8, 12, 15, 16, 17, 20, 24, 31, 32, 33, 40, 48, 80]
OUTPUTS = [1, 2, 3, 4, 5, 6, 7, 8, 9, 12, 16, 17]
FILTERS = [(1, 1), (1, 1), (3, 3), (3, 3), (3, 3), (1, 3), (5, 1), (2, 2), (3, 5), (4, 4)]


def weighted(
    draw: Draw,
    source: Sequence[int],
    weights: Sequence[int],
    target: Sequence[int],
    axis: int = 0,
) -> Weighted:
    """As trained models are, with sums that reach a few hundred steps of the output; now and then
    with channels of zeros, weights of -128, large biases, or a channel that is not scaled down."""
    channels = target[-1]
    taps = int(np.prod(weights)) // channels
    values = draw.rng.integers(-127, 128, tuple(weights)).astype(np.int8)
    if draw.chance(0.3):
        values = draw.int8(weights)
    if draw.chance(0.2):
        np.moveaxis(values, axis, 0)[draw.integer(0, channels - 1)] = 0
    steps = 2.0 ** draw.rng.uniform(5, 9) / (127 * 127 * np.sqrt(taps))  # of the output, a product
    scales = steps * draw.rng.uniform(0.3, 1.0, channels)
    if draw.chance(0.1):
        scales[draw.integer(0, channels - 1)] = draw.choice([0.75, 3.0, 2.0**-31, 0.0])
    if draw.chance(0.3):
        scales[:] = 2.0 ** np.round(np.log2(steps))  # ties
    scales = np.maximum(np.float32(scales), np.float32(2.0**-40)).tolist()
    limit = draw.choice([100, 20_000, 20_000, 1 << 20, 1 << 30])
    bias = draw.rng.integers(-limit, limit + 1, channels).astype(np.int32)
    # The scales of input and output are 1: the weights' are those of the requantisation.
    return Weighted(
        Spec(tuple(source), scale=1.0, zero_point=draw.zero_point()),
        Spec(tuple(weights), scale=scales, axis=axis, data=values),
        Spec((channels,), "int32", scale=scales, data=bias),
        Spec(tuple(target), scale=1.0, zero_point=draw.choice([-128, -128, 0, draw.zero_point()])),
    )


def window_and_output(draw: Draw, size: tuple[int, int]) -> tuple[Window, tuple[int, int]]:
    strides = [1, 1, 1, 2, 3]
    window = Window(
        draw.choice([Padding.SAME, Padding.SAME, Padding.VALID]),
        draw.choice(FILTERS),
        (draw.choice(strides), draw.choice(strides)),
        (draw.choice([1, 1, 1, 2]), draw.choice([1, 1, 1, 2])),
    )
    shape = (window.padding, size, window.filter_size, window.stride, window.dilation)
    return window, output_sizes(*shape)


def conv2d(draw: Draw) -> Case | None:
    size = draw.choice(EXTENTS), draw.choice(EXTENTS)
    window, output = window_and_output(draw, size)
    return convolution(draw, size, window, output)


def as_many_taps_as_pixels(draw: Draw) -> Case | None:
    """One output pixel, of whose dilated taps the last ones lie in the padding below and beside."""
    size = draw.choice([(2, 1), (1, 2), (2, 2)])
    dilation = draw.choice([(2, 2), (2, 1), (1, 2)])
    window = Window(Padding.SAME, size, (2, 2), dilation)
    return convolution(
        draw, size, window, output_sizes(window.padding, size, size, (2, 2), dilation)
    )


def convolution(
    draw: Draw, size: tuple[int, int], window: Window, output: tuple[int, int]
) -> Case | None:
    channels, outputs, batches = draw.choice(CHANNELS), draw.choice(OUTPUTS), draw.choice([1, 1, 2])
    if min(output) < 1:
        return None
    op = weighted(
        draw,
        (batches, *size, channels),
        (outputs, *window.filter_size, channels),
        (batches, *output, outputs),
    )
    options = window.fill(schema.Conv2DOptionsT())
    return op.case(draw, "CONV_2D", options, [op.source, op.weights, op.bias], window)


def depthwise(draw: Draw) -> Case | None:
    size = draw.choice(EXTENTS), draw.choice(EXTENTS)
    window, output = window_and_output(draw, size)
    channels, batches = draw.choice(CHANNELS), draw.choice([1, 1, 2])
    if min(output) < 1:
        return None
    op = weighted(
        draw,
        (batches, *size, channels),
        (1, *window.filter_size, channels),
        (batches, *output, channels),
        axis=3,
    )
    options = window.fill(schema.DepthwiseConv2DOptionsT())
    options.depthMultiplier = 1
    return op.case(draw, "DEPTHWISE_CONV_2D", options, [op.source, op.weights, op.bias], window)


def fully_connected(draw: Draw) -> Case | None:
    rows, inputs, outputs = (
        draw.choice([1, 1, 2, 3, 7]),
        draw.choice(CHANNELS),
        draw.choice(OUTPUTS),
    )
    op = weighted(draw, (rows, inputs), (outputs, inputs), (rows, outputs))
    options: Any = schema.FullyConnectedOptionsT()
    return op.case(draw, "FULLY_CONNECTED", options, [op.source, op.weights, op.bias])


OPS = {"conv2d": conv2d, "depthwise": depthwise, "fully_connected": fully_connected}
cases = {kind: partial(draw_cases, case) for kind, case in OPS.items()}


def test_shapes_at_the_edges_of_blocks(assert_exact: Callable[[Iterable[Case]], None]) -> None:
    assert_exact(case for kind in OPS for case in cases[kind](21, 40))


def test_dilated_taps_are_no_dense_row(assert_exact: Callable[[Iterable[Case]], None]) -> None:
    assert_exact(draw_cases(as_many_taps_as_pixels, 23, 20))


@pytest.mark.slow
@pytest.mark.parametrize("kind", OPS)
def test_many_shapes_at_the_edges_of_blocks(
    assert_exact: Callable[[Iterable[Case]], None], kind: str
) -> None:
    assert_exact(cases[kind](22, 1500))
