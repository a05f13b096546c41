"""ADD, SUB and MUL against the oracle."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema
from draw import ACTIVATIONS, Draw, many
from single_op import Case, Spec, build

Check = Callable[[Iterable[Case]], None]
OPTIONS = {"ADD": schema.AddOptionsT, "SUB": schema.SubOptionsT, "MUL": schema.MulOptionsT}


def quantised(draw: Draw, kind: str) -> list[tuple[float, int]]:
    """Scale and zero point of both inputs and the output, within the op's range."""
    a, b = draw.scale(), draw.scale()
    if draw.chance(0.2):
        a, b = draw.choice([(a, a), (a, float(np.float32(a * 1e-9))), (1e-15, 1e15)])
    if kind == "MUL":
        real = float(2.0 ** draw.rng.uniform(-34, 14))
        output = float(np.float32(a * b / real))
    else:
        low = 3.0 * max(a, b) / 2**20
        output = draw.choice([draw.scale(low, low * 100), draw.scale(low, max(a, b) * 1e4)])
        output = max(output, draw.scale(1e-3, 1.0)) if draw.chance(0.5) else output
    return [(scale, draw.zero_point()) for scale in (a, b, output)]


def ties(draw: Draw) -> list[tuple[float, int]]:
    """Scales for which ADD and SUB meet ties, which the last bit of a multiplier decides."""
    scale = draw.scale()
    ratio = draw.choice([2 / 5, 2 / 3, 6 / 5, 4 / 3, 10 / 7, 14 / 9])
    output = float(np.float32(scale * ratio))
    return [(s, draw.zero_point()) for s in (scale, scale, output)]


def case(draw: Draw, kind: str, quantisation: list[tuple[float, int]]) -> Case:
    specs = [
        Spec(shape, scale=scale, zero_point=zero_point)
        for shape, (scale, zero_point) in zip(draw.broadcast(), quantisation, strict=True)
    ]
    options = OPTIONS[kind]()
    if specs[2].scale > 1e-8:  # else the clamp of an activation overflows
        options.fusedActivationFunction = draw.choice(ACTIVATIONS)
    data: list[Any] = [draw.int8(spec.shape) for spec in specs[:2]]
    constant = draw.choice([None, None, 0, 1])
    if constant is not None:
        specs[constant] = replace(specs[constant], data=data[constant])
        del data[constant]
    note = f"{[s.shape for s in specs]} {quantisation} constant {constant}"
    return Case(build(kind, specs[:2], specs[2:], options), data, note)


def cases(kind: str, seed: int, count: int) -> Iterator[Case]:
    draw = Draw(seed)
    for _ in range(count):
        tied = kind != "MUL" and draw.chance(0.3)
        yield case(draw, kind, ties(draw) if tied else quantised(draw, kind))


def amplified_cases(kind: str, seed: int, count: int) -> Iterator[Case]:
    """The rescaled narrow input alone, times nearly 1: its own rounding shows in the output."""
    draw = Draw(seed)
    for _ in range(count):
        wide, zero_point = draw.scale(), draw.zero_point()
        narrow = float(np.float32(wide * 2.0 ** draw.rng.uniform(-22, -17)))
        output = float(np.float32(2 * wide / 2**20 * draw.rng.uniform(1.01, 1.5)))
        specs = [
            Spec((256,), scale=wide, zero_point=zero_point),
            Spec((256,), scale=narrow, zero_point=draw.zero_point()),
            Spec((256,), scale=output, zero_point=draw.integer(-20, 20)),
        ]
        data = [np.full(256, zero_point, np.int8), np.arange(-128, 128).astype(np.int8)]
        order = draw.choice([[0, 1], [1, 0]])
        model = build(kind, [specs[i] for i in order], specs[2:], OPTIONS[kind]())
        yield Case(model, [data[i] for i in order], f"{specs} order {order}")


def scalar_cases(kind: str, seed: int, count: int) -> Iterator[Case]:
    """A constant scalar and a tensor that is no smaller than a table."""
    draw = Draw(seed)
    every = np.arange(-128, 128).astype(np.int8).reshape(2, 16, 8)
    for _ in range(count):
        tied = kind != "MUL" and draw.chance(0.3)
        a, b, target = ties(draw) if tied else quantised(draw, kind)
        scalar = (1,) * draw.integer(0, 3)
        constant = Spec(scalar, scale=a[0], zero_point=a[1], data=np.asarray(draw.int8(scalar)))
        inputs = [constant, Spec(every.shape, scale=b[0], zero_point=b[1])]
        options = OPTIONS[kind]()
        if target[0] > 1e-8:  # else the clamp of an activation overflows
            options.fusedActivationFunction = draw.choice(ACTIVATIONS)
        output = Spec(every.shape, scale=target[0], zero_point=target[1])
        order = draw.choice([[0, 1], [1, 0]])
        yield Case(build(kind, [inputs[i] for i in order], [output], options), [every], f"{inputs}")


@pytest.mark.parametrize("kind", ["ADD", "SUB", "MUL"])
def test_scalar_operands_equal_the_oracle(assert_exact: Check, kind: str) -> None:
    assert_exact(scalar_cases(kind, 4, 60))


@pytest.mark.parametrize("seed", range(1))
@pytest.mark.parametrize("kind", ["ADD", "SUB", "MUL"])
def test_elementwise_equals_the_oracle(assert_exact: Check, kind: str, seed: int) -> None:
    assert_exact(cases(kind, seed, many(500)))


def int16_cases(kind: str, seed: int, count: int) -> Iterator[Case]:
    """int16 tensors of any scale, and, where the op takes them, any zero points."""
    draw = Draw(seed)
    for _ in range(count):
        a, b = draw.scale(), draw.scale()
        if kind == "MUL":
            output = a * b / 2.0 ** draw.rng.uniform(-33, 0)
        else:
            output = max(a, b) * 2.0 ** draw.rng.uniform(-13.9, 12)
            output = max(a, b) if draw.chance(0.3) else output
        zero_points = [draw.choice([0, 0, 32767, -32767]) for _ in range(3)]
        specs = [
            Spec(shape, "int16", float(np.float32(scale)), 0 if kind == "MUL" else zero_point)
            for shape, scale, zero_point in zip(
                draw.broadcast(), (a, b, output), zero_points, strict=True
            )
        ]
        options = OPTIONS[kind]()
        options.fusedActivationFunction = draw.choice(ACTIVATIONS)
        data = [draw.values(spec.shape, "int16") for spec in specs[:2]]
        yield Case(build(kind, specs[:2], specs[2:], options, version=2), data, f"{specs}")


def test_elementwise_of_int16_equals_the_oracle(assert_exact: Check) -> None:
    assert_exact([c for kind in ("ADD", "SUB", "MUL") for c in int16_cases(kind, 3, 80)])


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["ADD", "SUB", "MUL"])
def test_much_elementwise_of_int16_equals_the_oracle(assert_exact: Check, kind: str) -> None:
    assert_exact(int16_cases(kind, 3, 1500))


@pytest.mark.parametrize("kind", ["ADD", "SUB"])
def test_rescaled_inputs_are_rounded_like_the_oracle(assert_exact: Check, kind: str) -> None:
    assert_exact(amplified_cases(kind, 5, 150))


def test_a_multiplier_that_rounds_to_two_to_the_31(assert_exact: Check) -> None:
    draw = Draw(9)
    epsilon = 2.0**-23  # (1 - e) * (1 + e) has the fraction 1 - 2^-46
    quantisation = [(1 - epsilon, 3), (1 + epsilon, -5), (64.0, 7)]
    assert_exact([case(draw, "MUL", quantisation) for _ in range(50)])


@pytest.mark.parametrize("kind", ["ADD", "SUB"])
def test_scales_that_float32_cannot_divide(assert_exact: Check, kind: str) -> None:
    draw = Draw(10)
    quantisation = [(1e38, 3), (1e-30, -5), (1e38, 7)]
    assert_exact([case(draw, kind, quantisation) for _ in range(20)])
