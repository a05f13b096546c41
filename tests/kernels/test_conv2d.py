"""CONV_2D against the oracle."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial

import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema
from draw import Draw, many
from single_op import Case, Spec, build
from weighted_op import draw_cases, draw_weighted, draw_window

from mcuforge.planning.ops.window import output_sizes


def case(draw: Draw, dtype: str = "int8", wide: str | None = None) -> Case | None:
    window = draw_window(draw, 4, dilations=[1, 1, 2, 3])
    size = draw.integer(1, 9), draw.integer(1, 9)
    groups, group_channels = draw.choice([1, 1, 1, 2, 3]), draw.integer(1, 7)
    batches, outputs = draw.choice([1, 1, 1, 2]), groups * draw.integer(1, 5)
    output = output_sizes(window.padding, size, window.filter_size, window.stride, window.dilation)
    if min(output) < 1:
        return None
    op = draw_weighted(
        draw,
        (batches, *size, groups * group_channels),
        (outputs, *window.filter_size, group_channels),
        (batches, *output, outputs),
        dtype=dtype,
        wide=wide,
    )
    inputs = draw.choice([[op.bias], [op.bias], [op.bias], [None], []])
    options = window.fill(schema.Conv2DOptionsT())
    if wide == "int32":  # also where there is no bias
        options.quantizedBiasType = schema.TensorType.INT32
    return op.case(draw, "CONV_2D", options, [op.source, op.weights, *inputs], window)


cases = partial(draw_cases, case)
int4_cases = partial(draw_cases, partial(case, dtype="int4"))


@pytest.mark.parametrize("seed", range(2))
def test_conv2d_equals_the_oracle(
    assert_exact: Callable[[Iterable[Case]], None], seed: int
) -> None:
    assert_exact(cases(seed, many(600)))


def wide_case(draw: Draw) -> Case | None:
    """What kernels that take several pixels and channels at once meet: rows of windows inside the
    input, with what is left of them and of the channels, and large sums."""
    window = draw_window(draw, 4)
    size, channels = (draw.integer(1, 6), draw.integer(3, 12)), draw.choice([1, 2, 3, 4, 6, 8])
    batches, outputs = draw.choice([1, 1, 2]), draw.integer(1, 13)
    output = output_sizes(window.padding, size, window.filter_size, window.stride)
    if min(output) < 1:
        return None
    op = draw_weighted(
        draw,
        (batches, *size, channels),
        (outputs, *window.filter_size, channels),
        (batches, *output, outputs),
    )
    options = window.fill(schema.Conv2DOptionsT())
    return op.case(draw, "CONV_2D", options, [op.source, op.weights, op.bias], window)


def odd_row_case(draw: Draw) -> Case | None:
    """One row of an odd number of pixels and fours of filters: three pixels go together."""
    window = draw_window(draw, 4, dilations=[1, 1, 1, 2])
    groups, group_channels = draw.choice([1, 1, 1, 2]), draw.choice([1, 1, 2, 3, 4, 5, 8])
    size, outputs = (draw.integer(1, 4), draw.integer(3, 18)), 4 * groups * draw.integer(1, 3)
    output = output_sizes(window.padding, size, window.filter_size, window.stride, window.dilation)
    if output[0] != 1 or output[1] < 3 or output[1] % 2 == 0:
        return None
    op = draw_weighted(
        draw,
        (1, *size, groups * group_channels),
        (outputs, *window.filter_size, group_channels),
        (1, *output, outputs),
    )
    options = window.fill(schema.Conv2DOptionsT())
    return op.case(draw, "CONV_2D", options, [op.source, op.weights, op.bias], window)


def test_odd_rows_equal_the_oracle(assert_exact: Callable[[Iterable[Case]], None]) -> None:
    assert_exact(draw_cases(odd_row_case, 22, many(60)))


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(4))
def test_many_odd_rows_equal_the_oracle(
    assert_exact: Callable[[Iterable[Case]], None], seed: int
) -> None:
    assert_exact(draw_cases(odd_row_case, 100 + seed, 600))


def test_rows_of_several_channels_equal_the_oracle(
    assert_exact: Callable[[Iterable[Case]], None],
) -> None:
    assert_exact(draw_cases(wide_case, 21, 60))


@pytest.mark.slow
def test_many_rows_of_several_channels_equal_the_oracle(
    assert_exact: Callable[[Iterable[Case]], None],
) -> None:
    assert_exact(draw_cases(wide_case, 22, 2000))


def int16_cases(seed: int, count: int) -> list[Case]:
    """As many with each type of bias."""
    biases = ("int32", "int64")
    return [one for b in biases for one in draw_cases(partial(case, wide=b), seed, count)]


def test_conv2d_of_int16_equals_the_oracle(
    assert_exact: Callable[[Iterable[Case]], None],
) -> None:
    assert_exact(int16_cases(7, 80))


@pytest.mark.slow
def test_many_conv2ds_of_int16_equal_the_oracle(
    assert_exact: Callable[[Iterable[Case]], None],
) -> None:
    assert_exact(int16_cases(8, 1000))


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
