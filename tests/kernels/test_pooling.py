"""MAX_POOL_2D and AVERAGE_POOL_2D against the oracle."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema
from draw import ACTIVATIONS, Draw, many
from single_op import Case, Spec, build

SAME, VALID = schema.Padding.SAME, schema.Padding.VALID


def options(draw: Draw, height: int, width: int) -> schema.Pool2DOptionsT:
    o = schema.Pool2DOptionsT()
    o.padding = draw.choice([SAME, VALID])
    largest = 12 if o.padding == SAME else 7
    o.filterHeight = draw.integer(1, min(largest, height) if o.padding == VALID else largest)
    o.filterWidth = draw.integer(1, min(largest, width) if o.padding == VALID else largest)
    o.strideH, o.strideW = draw.integer(1, 4), draw.integer(1, 4)
    o.fusedActivationFunction = draw.choice(ACTIVATIONS)
    return o


def extent(size: int, window: int, stride: int, padding: int) -> int:
    return -(-size // stride) if padding == SAME else (size - window) // stride + 1


def cases(kind: str, seed: int, count: int, dtype: str = "int8") -> Iterator[Case]:
    draw = Draw(seed)
    for _ in range(count):
        batches = draw.choice([1, 1, 2, 3])
        channels = draw.integer(12, 40) if draw.chance(0.2) else draw.integer(1, 11)
        height, width = draw.integer(1, 9), draw.integer(1, 9)
        o = options(draw, height, width)
        shape = (
            batches,
            extent(height, o.filterHeight, o.strideH, o.padding),
            extent(width, o.filterWidth, o.strideW, o.padding),
            channels,
        )
        scale, zero_point = draw.scale(1e-2, 1.0), draw.zero_point()
        if dtype == "int16":
            scale, zero_point = draw.scale(1e-4, 1e-2), 0
        source = Spec((batches, height, width, channels), dtype, scale, zero_point)
        target = Spec(shape, dtype, scale, zero_point)
        data = draw.values(source.shape, dtype)
        yield Case(build(kind, [source], [target], o, version=3), [data], str(vars(o)))


@pytest.mark.parametrize("seed", range(1))
@pytest.mark.parametrize("kind", ["MAX_POOL_2D", "AVERAGE_POOL_2D"])
def test_pooling_equals_the_oracle(
    assert_exact: Callable[[Iterable[Case]], None], kind: str, seed: int
) -> None:
    assert_exact(cases(kind, seed, many(500)))


def whole_case(height: int, width: int, value: int) -> Case:
    """The average of a whole image of one value, whose sums are as large as can be."""
    o = schema.Pool2DOptionsT()
    o.padding, o.filterHeight, o.filterWidth, o.strideH, o.strideW = VALID, height, width, 1, 1
    source, target = Spec((1, height, width, 17)), Spec((1, 1, 1, 17))
    data = np.full(source.shape, value, np.int8)
    return Case(build("AVERAGE_POOL_2D", [source], [target], o, version=3), [data], str(vars(o)))


def test_whole_pictures_equal_the_oracle(
    assert_exact: Callable[[Iterable[Case]], None],
) -> None:
    """Row by row as well, as the worker does it."""
    assert_exact(whole for seed in range(60) for whole in whole_pictures(seed))


def whole_pictures(seed: int) -> Iterator[Case]:
    draw = Draw(1000 + seed)
    dtype = draw.choice(["int8", "int16"])
    shape = (1, draw.integer(2, 9), draw.integer(1, 9), draw.integer(1, 22))
    o = options(draw, *shape[1:3])
    o.filterHeight, o.filterWidth = shape[1:3]
    o.strideH, o.strideW = shape[1:3]
    zero_point = draw.zero_point() if dtype == "int8" else 0
    source = Spec(shape, dtype, draw.scale(1e-3, 1e-2), zero_point)
    target = Spec((1, 1, 1, shape[3]), dtype, source.scale, zero_point)
    for kind in ("MAX_POOL_2D", "AVERAGE_POOL_2D"):
        model = build(kind, [source], [target], o, version=3)
        yield Case(model, [draw.values(shape, dtype)], str(vars(o)))


def test_the_largest_sums_of_16_bits(assert_exact: Callable[[Iterable[Case]], None]) -> None:
    sizes = [(16, 16), (1, 257), (32, 8), (16, 17)]
    assert_exact(whole_case(*size, value) for size in sizes for value in (-128, 127))


def int16_cases(seed: int, count: int) -> list[Case]:
    kinds = ("MAX_POOL_2D", "AVERAGE_POOL_2D")
    return [one for kind in kinds for one in cases(kind, seed, count, "int16")]


def test_pooling_of_int16_equals_the_oracle(
    assert_exact: Callable[[Iterable[Case]], None],
) -> None:
    assert_exact(int16_cases(5, 70))


@pytest.mark.slow
def test_much_pooling_of_int16_equals_the_oracle(
    assert_exact: Callable[[Iterable[Case]], None],
) -> None:
    assert_exact(int16_cases(6, 1000))
