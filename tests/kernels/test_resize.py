"""RESIZE_NEAREST_NEIGHBOR and RESIZE_BILINEAR against the oracle."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema
from draw import Draw, many
from single_op import Case, Spec, build

Check = Callable[[Iterable[Case]], None]
OPTIONS = {
    "RESIZE_NEAREST_NEIGHBOR": schema.ResizeNearestNeighborOptionsT,
    "RESIZE_BILINEAR": schema.ResizeBilinearOptionsT,
}


def case(kind: str, shape: tuple[int, ...], size: tuple[int, int], options: Any, data: Any) -> Case:
    zero_point = 3 if data.dtype == np.int8 else 0
    source = Spec(shape, str(data.dtype), 0.5, zero_point)
    target = Spec((shape[0], *size, shape[3]), str(data.dtype), 0.5, zero_point)
    sizes = Spec((2,), "int32", None, data=np.array(size, np.int32))
    note = f"{shape} -> {size}, {options.alignCorners} {options.halfPixelCenters}"
    return Case(build(kind, [source, sizes], [target], options), [data], note)


def options(draw: Draw, kind: str) -> Any:
    o = OPTIONS[kind]()
    o.alignCorners, o.halfPixelCenters = draw.chance(0.4), draw.chance(0.4)
    if kind == "RESIZE_BILINEAR" and o.alignCorners:
        o.halfPixelCenters = False
    return o


def cases(kind: str, seed: int, count: int, dtype: str = "int8") -> Iterator[Case]:
    draw = Draw(seed)
    for _ in range(count):
        height, width = draw.integer(1, 9), draw.integer(1, 9)
        shape = (draw.choice([1, 1, 2]), height, width, draw.choice([1, 2, 3, 4, 5, 8, 23]))
        size = (draw.integer(1, 12), draw.integer(1, 12))
        if draw.chance(0.3):
            size = (2 * height, 3 * width)
        yield case(kind, shape, size, options(draw, kind), draw.values(shape, dtype))


def long_cases(kind: str, seed: int, count: int) -> Iterator[Case]:
    """One long axis, where rounded scales add up to errors of whole pixels."""
    draw = Draw(seed)
    for _ in range(count):
        given = draw.integer(1, 300)
        # For larger outputs TFLM's bilinear kernel may read past the input; they are refused.
        wanted = draw.integer(1, int((2000 * given) ** 0.5))
        along_rows = draw.chance(0.5)
        shape = (1, given, 1, 1) if along_rows else (1, 1, given, 1)
        size = (wanted, 1) if along_rows else (1, wanted)
        data = draw.rng.integers(-128, 128, shape).astype(np.int8)
        yield case(kind, shape, size, options(draw, kind), data)


@pytest.mark.parametrize("seed", range(1))
@pytest.mark.parametrize("kind", list(OPTIONS))
def test_resize_equals_the_oracle(assert_exact: Check, kind: str, seed: int) -> None:
    assert_exact([*cases(kind, seed, many(500)), *long_cases(kind, seed, many(250))])


def test_nearest_of_int16_equals_the_oracle(assert_exact: Check) -> None:
    assert_exact(cases("RESIZE_NEAREST_NEIGHBOR", 4, 120, "int16"))
