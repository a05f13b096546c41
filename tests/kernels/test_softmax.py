"""SOFTMAX against the oracle."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema
from draw import Draw, many
from single_op import Case, Spec, build

Check = Callable[[Iterable[Case]], None]


OUTPUTS = {"int8": (1 / 256, -128), "int16": (1 / 65536, -32768)}


def case(
    draw: Draw, shape: tuple[int, ...], scale: float, beta: float, output: str = "int8"
) -> Case:
    options = schema.SoftmaxOptionsT()
    options.beta = beta
    source = Spec(shape, scale=scale, zero_point=draw.zero_point())
    step, zero_point = OUTPUTS[output]
    if output == "int16" and draw.chance(0.5):
        step = 1 / 65535  # TFLM allows a thousandth
    target = Spec(shape, output, step, zero_point)
    model = build("SOFTMAX", [source], [target], options)
    return Case(model, [draw.int8(shape)], f"{shape} scale {scale} beta {beta}")


def cases(seed: int, count: int, output: str = "int8") -> Iterator[Case]:
    draw = Draw(seed)
    for _ in range(count):
        shape = tuple(draw.integer(1, 5) for _ in range(draw.integer(0, 3)))
        depth = draw.choice([1, 2, 3, 10, 11, draw.integer(1, 120)])
        low, high = draw.choice([(1e-3, 1.0), (1e-3, 1.0), (6e-8, 1e-3), (1.0, 1e12)])
        beta = draw.choice([1.0, 1.0, 1.0, 0.5, 10.0])
        yield case(draw, (*shape, depth), draw.scale(low, high), beta, output)


def long_cases(seed: int, count: int, output: str = "int8") -> Iterator[Case]:
    """Rows so long that TFLM would stop on flat ones; these have one clear maximum."""
    draw = Draw(seed)
    for _ in range(count):
        one = case(draw, (2, draw.integer(512, 4095)), 0.1, 1.0, output)
        data = draw.rng.integers(-128, -100, one.inputs[0].shape).astype(np.int8)
        data[:, draw.integer(0, 511)] = draw.integer(0, 127)
        yield Case(one.model, [data], one.note)


@pytest.mark.parametrize("seed", range(1))
def test_softmax_equals_the_oracle(assert_exact: Check, seed: int) -> None:
    assert_exact([*cases(seed, many(750)), *long_cases(seed, 20)])


def test_softmax_of_any_two_values_equals_the_oracle(assert_exact: Check) -> None:
    """All pairs of bytes that differ, at scales from one that tells hardly any of them apart."""
    draw, values = Draw(6), np.arange(-128, 128, dtype=np.int8)
    differences = np.stack([values, values[::-1]], axis=1)
    pairs = np.concatenate([differences, np.stack([values, np.full(256, 127, np.int8)], axis=1)])
    every = [case(draw, pairs.shape, scale, 1.0) for scale in (1e-6, 0.003, 0.04, 0.2, 1.0, 30.0)]
    assert_exact([Case(one.model, [pairs], one.note) for one in every])


def test_softmax_with_an_int16_output_equals_the_oracle(assert_exact: Check) -> None:
    assert_exact([*cases(5, many(150), "int16"), *long_cases(5, 5, "int16")])
