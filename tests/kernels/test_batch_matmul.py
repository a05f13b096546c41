"""BATCH_MATMUL against the oracle."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema
from draw import Draw
from single_op import Case, Spec, build

Check = Callable[[Iterable[Case]], None]


def shapes(draw: Draw, adjoint: tuple[bool, bool]) -> list[tuple[int, ...]]:
    """Those of x, y and the output."""
    rows, depth, columns = (draw.choice([1, 2, 3, 4, 5, 8, 9, 17, 33]) for _ in range(3))
    batches = tuple(draw.integer(1, 3) for _ in range(draw.integer(0, 3)))
    x, y = batches, batches
    if draw.chance(0.5):
        x = tuple(1 if draw.chance(0.4) else d for d in batches)
        y = tuple(1 if draw.chance(0.4) else d for d in batches)
    if draw.chance(0.3):
        x, y = draw.choice([(x, y[1:]), (x[1:], y), (x, ()), ((), y)])
    a = (depth, rows) if adjoint[0] else (rows, depth)
    b = (columns, depth) if adjoint[1] else (depth, columns)
    return [(*x, *a), (*y, *b), (*np.broadcast_shapes(x, y), rows, columns)]


def cases(seed: int, count: int, dtype: str = "int8") -> Iterator[Case]:
    draw = Draw(seed)
    for _ in range(count):
        options = schema.BatchMatMulOptionsT()
        options.adjX, options.adjY = draw.chance(0.4), draw.chance(0.5)
        a, b = draw.scale(), draw.scale()
        real = float(2.0 ** draw.rng.uniform(*draw.choice([(-14, 0), (-14, 0), (-33, 8)])))
        real = real / 2**9 if dtype == "int16" else real
        scales = (a, b, float(np.float32(a * b / real)))
        specs = [
            Spec(shape, dtype, scale, draw.choice([0, draw.zero_point()]) * (dtype == "int8"))
            for shape, scale in zip(shapes(draw, (options.adjX, options.adjY)), scales, strict=True)
        ]
        data: list[Any] = [draw.values(spec.shape, dtype) for spec in specs[:2]]
        note = f"{[(s.shape, s.scale, s.zero_point) for s in specs]} {options.adjX} {options.adjY}"
        if draw.chance(0.4):
            specs[1] = replace(specs[1], data=data.pop())
        yield Case(build("BATCH_MATMUL", specs[:2], specs[2:], options), data, note)


def test_batch_matmul_equals_the_oracle(assert_exact: Check) -> None:
    assert_exact(cases(0, 150))


@pytest.mark.slow
def test_many_batch_matmuls_equal_the_oracle(assert_exact: Check) -> None:
    assert_exact(cases(1, 5000))


def test_batch_matmul_of_int16_equals_the_oracle(assert_exact: Check) -> None:
    assert_exact(cases(3, 80, "int16"))


@pytest.mark.slow
def test_many_batch_matmuls_of_int16_equal_the_oracle(assert_exact: Check) -> None:
    assert_exact(cases(4, 1500, "int16"))
