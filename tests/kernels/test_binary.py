"""MAXIMUM, MINIMUM, SQUARED_DIFFERENCE and DIV against the oracle, as kernels and as tables."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema
from draw import ACTIVATIONS, Draw
from single_op import Case, Spec, build

Check = Callable[[Iterable[Case]], None]
Quantised = list[tuple[float, int]]  # scale and zero point of both inputs and the output
KINDS = ["MAXIMUM", "MINIMUM", "SQUARED_DIFFERENCE", "DIV"]


def shapes_for_tables(draw: Draw) -> tuple[tuple[int, ...], tuple[int, ...], tuple[int, ...]]:
    """A tensor that is no smaller than a table, and a scalar of any rank."""
    scalar = (1,) * draw.integer(0, 3)
    pair = ((2, 4, 40), scalar) if draw.chance(0.5) else (scalar, (2, 4, 40))
    return *pair, (2, 4, 40)


def quantised(draw: Draw, kind: str) -> Quantised:
    a, b = draw.scale(), draw.scale()
    points = [draw.zero_point() for _ in range(3)]
    if kind in ("MAXIMUM", "MINIMUM"):
        return [(a, points[0])] * 3
    if kind == "SQUARED_DIFFERENCE":
        if draw.chance(0.3):
            a, b = draw.choice([(a, a), (a, float(np.float32(a * 1e-9))), (1e-10, 1e10)])
        lowest = max(a, b) ** 2 / 2**12
        output = float(np.float32(draw.scale(lowest, lowest * draw.choice([10, 1e3, 1e6]))))
    else:
        real = float(2.0 ** draw.rng.uniform(7.1, 21.9))
        output = float(np.float32(a / b / real))
    return list(zip((a, b, output), points, strict=True))


def data_of(draw: Draw, kind: str, position: int, spec: Spec) -> Any:
    """Values of an operand; a constant divisor is never 0."""
    data = draw.int8(spec.shape)
    if kind == "DIV" and position == 1 and spec.data is not None:
        other = -128 if spec.zero_point == 127 else spec.zero_point + 1
        data = np.where(data == spec.zero_point, np.int8(other), data)
    return data


def case(draw: Draw, kind: str, table: bool) -> Case:
    given = shapes_for_tables(draw) if table else draw.broadcast()
    quantisation = quantised(draw, kind)
    specs = [
        Spec(shape, scale=scale, zero_point=zero_point)
        for shape, (scale, zero_point) in zip(given, quantisation, strict=True)
    ]
    constant = draw.choice([None, None, 0, 1])
    if table:
        constant = 0 if len(given[0]) < 3 or given[0] == (1, 1, 1) else 1
    options = None
    if kind == "DIV":
        options = schema.DivOptionsT()
        if specs[2].scale > 1e-8:  # else the clamp of an activation overflows
            options.fusedActivationFunction = draw.choice(ACTIVATIONS)
    if constant is not None:
        specs[constant] = replace(specs[constant], data=np.zeros(1))
    data = [data_of(draw, kind, i, spec) for i, spec in enumerate(specs[:2])]
    if constant is not None:
        specs[constant] = replace(specs[constant], data=data.pop(constant))
    note = f"{given} {quantisation} constant {constant}"
    return Case(build(kind, specs[:2], specs[2:], options), data, note)


def cases(kind: str, seed: int, count: int, table: bool = False) -> Iterator[Case]:
    draw = Draw(seed)
    for _ in range(count):
        yield case(draw, kind, table)


@pytest.mark.parametrize("kind", KINDS)
def test_binary_operators_equal_the_oracle(assert_exact: Check, kind: str) -> None:
    assert_exact([*cases(kind, 0, 120), *cases(kind, 1, 30, table=True)])


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_many_binary_operators_equal_the_oracle(assert_exact: Check, kind: str) -> None:
    assert_exact([*cases(kind, 2, 3000), *cases(kind, 3, 600, table=True)])


def int16_cases(kind: str, seed: int, count: int) -> Iterator[Case]:
    """int16 tensors, either of which may be a constant scalar."""
    draw = Draw(seed)
    for _ in range(count):
        shapes = shapes_for_tables(draw) if draw.chance(0.1) else draw.broadcast()
        a, b = draw.scale(1e-5, 1e-2), draw.scale(1e-5, 1e-2)
        output = float(np.float32(4.0 * max(a, b) ** 2 * 2.0 ** draw.rng.uniform(0.01, 20)))
        scales = (a, b, output) if kind == "SQUARED_DIFFERENCE" else (a, a, a)
        specs = [Spec(s, "int16", scale) for s, scale in zip(shapes, scales, strict=True)]
        data = [draw.values(spec.shape, "int16") for spec in specs[:2]]
        constant = draw.choice([None, 0, 1])
        if constant is not None:
            specs[constant] = replace(specs[constant], data=data.pop(constant))
        yield Case(build(kind, specs[:2], specs[2:]), data, f"{specs}")


def test_binary_operators_of_int16_equal_the_oracle(assert_exact: Check) -> None:
    assert_exact(
        [
            c
            for kind in ("MAXIMUM", "MINIMUM", "SQUARED_DIFFERENCE")
            for c in int16_cases(kind, 5, 50)
        ]
    )


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["MAXIMUM", "MINIMUM", "SQUARED_DIFFERENCE"])
def test_many_binary_operators_of_int16_equal_the_oracle(assert_exact: Check, kind: str) -> None:
    assert_exact(int16_cases(kind, 5, 1000))


def integer_cases(kind: str, seed: int, count: int) -> Iterator[Case]:
    """int32 and int64 tensors, either of which may be a constant; sums and products wrap."""
    draw = Draw(seed)
    for _ in range(count):
        extremum = kind in ("MAXIMUM", "MINIMUM")
        dtype = draw.choice(["int32", "int64"]) if extremum else "int32"
        scale = draw.choice([None, 0.5]) if extremum else None
        shapes = draw.broadcast()
        specs = [Spec(shape, dtype, scale) for shape in shapes]
        data = [integers(draw, dtype, shape) for shape in shapes[:2]]
        options = None
        if not extremum:
            options = getattr(schema, f"{kind.title()}OptionsT")()
            if kind != "ADD":
                options.fusedActivationFunction = draw.choice(ACTIVATIONS)
        constant = draw.choice([None, 0, 1])
        if constant is not None:
            specs[constant] = replace(specs[constant], data=data.pop(constant))
        yield Case(build(kind, specs[:2], specs[2:], options), data, f"{kind} {specs}")


def integers(draw: Draw, dtype: str, shape: tuple[int, ...]) -> Any:
    """Small values, any, or the extremes."""
    limits = np.iinfo(dtype)
    if draw.chance(0.2):
        return draw.rng.choice(np.array([limits.min, -1, 1, limits.max], dtype), shape)
    low, high = draw.choice([(-9, 9), (-50000, 50000), (limits.min, limits.max)])
    return draw.rng.integers(low, high, shape, endpoint=True).astype(dtype)


INTEGER_KINDS = ("ADD", "SUB", "MUL", "MAXIMUM", "MINIMUM")


def test_binary_operators_of_integers_equal_the_oracle(assert_exact: Check) -> None:
    assert_exact([c for kind in INTEGER_KINDS for c in integer_cases(kind, 6, 50)])


@pytest.mark.slow
@pytest.mark.parametrize("kind", INTEGER_KINDS)
def test_many_binary_operators_of_integers_equal_the_oracle(assert_exact: Check, kind: str) -> None:
    assert_exact(integer_cases(kind, 7, 1500))
