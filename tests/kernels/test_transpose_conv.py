"""TRANSPOSE_CONV against the oracle."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import partial

import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema
from draw import Draw, many
from single_op import Case, Spec
from weighted_op import draw_cases, draw_weighted, draw_window

from mcuforge.frontend.graph import Padding
from mcuforge.planning.ops.window import output_sizes


def output_of(padding: Padding, size: int, window: int, stride: int, draw: Draw) -> int:
    """An output size that a forward convolution would bring back to `size`."""
    if padding is Padding.SAME:
        return draw.integer((size - 1) * stride + 1, size * stride)
    return (size - 1) * stride + window + draw.integer(0, stride - 1)


def case(draw: Draw, wide: str | None = None) -> Case:
    window = draw_window(draw, 5)
    size = draw.integer(1, 6), draw.integer(1, 6)
    channels, outputs = draw.integer(1, 7), draw.integer(1, 6)
    batches = draw.choice([1, 1, 1, 2])
    height, width = (
        output_of(window.padding, *axis, draw)
        for axis in zip(size, window.filter_size, window.stride, strict=True)
    )
    back = output_sizes(window.padding, (height, width), window.filter_size, window.stride)
    assert back == size
    op = draw_weighted(
        draw,
        (batches, *size, channels),
        (outputs, *window.filter_size, channels),
        (batches, height, width, outputs),
        wide=wide,
    )
    extents = np.array(op.target.shape, np.int32)
    computed = draw.chance(0.1)  # at run time: TFLM takes the shape that the file gives the output
    shape = Spec((4,), "int32", scale=None, data=None if computed else extents)
    bias = [op.bias] if draw.chance(0.7) else []
    options = window.fill(schema.TransposeConvOptionsT())
    inputs = [shape, op.weights, op.source, *bias]
    made = op.case(draw, "TRANSPOSE_CONV", options, inputs, window)
    return replace(made, inputs=[extents, *made.inputs]) if computed else made


cases = partial(draw_cases, case)


@pytest.mark.parametrize("seed", range(1))
def test_transpose_conv_equals_the_oracle(
    assert_exact: Callable[[Iterable[Case]], None], seed: int
) -> None:
    assert_exact(cases(seed, many(600)))


def int16_cases(seed: int, count: int) -> list[Case]:
    """As many with each type of bias."""
    biases = ("int16", "int64")
    return [one for b in biases for one in draw_cases(partial(case, wide=b), seed, count)]


def test_transpose_conv_of_int16_equals_the_oracle(
    assert_exact: Callable[[Iterable[Case]], None],
) -> None:
    assert_exact(int16_cases(7, 80))


@pytest.mark.slow
def test_many_transpose_convs_of_int16_equal_the_oracle(
    assert_exact: Callable[[Iterable[Case]], None],
) -> None:
    assert_exact(int16_cases(8, 1000))
