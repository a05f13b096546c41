"""LOGISTIC, TANH and SOFTMAX of int16 against the oracle."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema
from draw import Draw
from op_rules import refusal
from single_op import Case, Spec, build

Check = Callable[[Iterable[Case]], None]
EVERY_VALUE = np.arange(-32768, 32768).astype(np.int16)
OUTPUT_SCALE = 2.0**-15


def sigmoid_case(kind: str, scale: float) -> Case:
    specs = [Spec(EVERY_VALUE.shape, "int16", s) for s in (scale, OUTPUT_SCALE)]
    return Case(build(kind, specs[:1], specs[1:], version=3), [EVERY_VALUE], f"{scale}")


@pytest.mark.parametrize("kind", ["LOGISTIC", "TANH"])
def test_sigmoids_equal_the_oracle(assert_exact: Check, kind: str) -> None:
    draw = Draw(1)
    powers = [2.0**e for e in (-31, -15, -13, -12, -11, -10, 0, 1)]
    near = [float(np.float32(2.0**e * (1 + off))) for e in (-12, -11) for off in (1e-5, 1e-3)]
    other = [draw.scale(*limits) for limits in [(1e-5, 1e-2)] * 10 + [(1e-9, 2.6)] * 10]
    every = [sigmoid_case(kind, scale) for scale in (*powers, *near, *other)]
    assert_exact([one for one in every if refusal(one.model) == ""])


def softmax_cases(seed: int, count: int) -> Iterator[Case]:
    draw = Draw(seed)
    for _ in range(count):
        rank = draw.integer(1, 4)
        depth = draw.choice([1, 2, 3, draw.integer(4, 40), draw.integer(100, 900)])
        shape = (*(draw.integer(1, 4) for _ in range(rank - 1)), depth)
        options = schema.SoftmaxOptionsT()
        options.beta = draw.choice([1.0, 1.0, 0.5, 2.0])
        scale = draw.scale(*draw.choice([(1e-5, 1e-2), (1e-5, 1e-2), (1e-9, 1.0)]))
        specs = [Spec(shape, "int16", s) for s in (scale, OUTPUT_SCALE)]
        data = draw.values(shape, "int16")
        yield Case(build("SOFTMAX", specs[:1], specs[1:], options), [data], f"{shape} {scale}")


def test_softmax_equals_the_oracle(assert_exact: Check) -> None:
    assert_exact(softmax_cases(2, 100))


@pytest.mark.slow
def test_many_softmaxes_equal_the_oracle(assert_exact: Check) -> None:
    assert_exact(softmax_cases(3, 1500))


def test_every_difference_of_softmax_equals_the_oracle(assert_exact: Check) -> None:
    """Rows of two: the second is any difference, which the whole of both tables are for."""
    rows = np.full((65536, 2), -32768, np.int16)
    rows[:, 0] = np.arange(-32768, 32768)
    options = schema.SoftmaxOptionsT()
    options.beta = 1.0
    specs = [Spec(rows.shape, "int16", s) for s in (10 / 65535, OUTPUT_SCALE)]
    model = build("SOFTMAX", specs[:1], specs[1:], options)
    assert_exact([Case(model, [rows])])
