"""RELU and its kin against the oracle: every case runs all 256 inputs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from functools import partial
from itertools import islice
from typing import Any

import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema
from draw import Draw, many
from op_rules import refusal
from single_op import Case, Spec, build

SHAPE = (1, 4, 8, 8)
EVERY_VALUE = np.arange(-128, 128, dtype=np.int8).reshape(SHAPE)
Check = Callable[[Iterable[Case]], None]


def case(kind: str, source: Spec, target: Spec, options: Any = None) -> Case:
    note = f"{source.scale} {source.zero_point} -> {target.scale} {target.zero_point}"
    return Case(build(kind, [source], [target], options), [EVERY_VALUE], note)


def rescaled(draw: Draw) -> tuple[Spec, Spec]:
    """Input and output; now and then with ratios from far below 2^-31 to just below 2^23."""
    low, high = draw.choice([(1e-4, 1.0), (1e-4, 1.0), (4e-9, 1e-3), (1e-3, 900.0)])
    other = draw.choice([(1e-4, 1.0), (1e-3, 1e7)])
    source = Spec(SHAPE, scale=draw.scale(low, high), zero_point=draw.zero_point())
    same = draw.chance(0.1)
    scale = source.scale if same else draw.scale(*other)
    return source, Spec(SHAPE, scale=scale, zero_point=draw.zero_point())


def relu_cases(kind: str, seed: int, count: int) -> Iterator[Case]:
    draw = Draw(seed)
    for _ in range(count):
        source, target = rescaled(draw)
        # TFLM's RELU6 rescales nothing: what is quantised differently is refused.
        yield case(kind, source, source if kind == "RELU6" else target)


def leaky_relu_cases(seed: int, count: int) -> Iterator[Case]:
    draw = Draw(seed)
    for _ in range(count):
        options = schema.LeakyReluOptionsT()
        slopes = [0.0, 1.0, 0.01, 0.2, 3.0, -0.2, -0.25, draw.scale(), -draw.scale()]
        options.alpha = draw.choice(slopes)
        yield case("LEAKY_RELU", *rescaled(draw), options)


def tied_cases(kind: str, seed: int, count: int) -> Iterator[Case]:
    """Results that are ties, which the last bit of a multiplier decides."""
    draw = Draw(seed)
    for _ in range(count):
        ratio = (draw.integer(0, 120) + 0.5) / draw.integer(1, 126)
        source = Spec(SHAPE, scale=draw.scale(), zero_point=-128)
        target = replace(source, scale=float(np.float32(source.scale / ratio)))
        options = schema.LeakyReluOptionsT() if kind == "LEAKY_RELU" else None
        yield case(kind, source, target, options)


def squash_cases(kind: str, scale: float, zero_point: int, seed: int, count: int) -> Iterator[Case]:
    draw = Draw(seed)
    for _ in range(count):
        low, high = draw.choice([(1e-3, 1.0), (1e-3, 1.0), (4e-9, 1e-3), (1.0, 2.8)])
        source = Spec(SHAPE, scale=draw.scale(low, high), zero_point=draw.zero_point())
        yield case(kind, source, Spec(SHAPE, scale=scale, zero_point=zero_point))


def hard_swish_cases(seed: int, count: int) -> Iterator[Case]:
    """Scales far beyond where 16 bits suffice, too, whose models are refused."""
    draw = Draw(seed)
    for _ in range(count):
        low, high = draw.choice([(1e-3, 0.3), (1e-3, 0.3), (3e-7, 1e-3), (0.3, 100.0)])
        source = Spec(SHAPE, scale=draw.scale(low, high), zero_point=draw.zero_point())
        ratio = draw.choice([draw.scale(0.5, 4.0), draw.scale(0.5, 4.0), draw.scale(0.03, 300.0)])
        scale = float(np.float32(source.scale * ratio))
        yield case("HARD_SWISH", source, Spec(SHAPE, scale=scale, zero_point=draw.zero_point()))


def rsqrt_cases(seed: int, count: int) -> Iterator[Case]:
    """Inputs from the zero point on: below it TFLM stops."""
    draw = Draw(seed)
    for _ in range(count):
        low, high = draw.choice([(1e-5, 1.0), (1e-5, 1.0), (1e-12, 1e-3), (1.0, 1e6)])
        source = Spec(SHAPE, scale=draw.scale(low, high), zero_point=draw.zero_point())
        root = float(np.sqrt(source.scale))
        scale = draw.choice([draw.scale(), draw.scale(1e-3, 0.1) / root])
        scale = float(np.float32(min(scale, 2000.0 / root)))
        target = Spec(SHAPE, scale=scale, zero_point=draw.zero_point())
        one = case("RSQRT", source, target)
        yield Case(one.model, [np.maximum(EVERY_VALUE, np.int8(source.zero_point))], one.note)


def real_function_cases(kind: str, seed: int, count: int) -> Iterator[Case]:
    draw = Draw(seed)
    for _ in range(count):
        source = Spec(
            SHAPE, scale=draw.scale(*draw.choice([(1e-3, 0.3), (1e-3, 0.3), (1e-9, 1e3)]))
        )
        zero_point = draw.choice([-128, draw.zero_point()]) if kind == "LOG" else draw.zero_point()
        source = replace(source, zero_point=zero_point)
        scale = draw.choice([source.scale, draw.scale(1e-3, 1.0), draw.scale(1e-4, 1e6)])
        target = Spec(SHAPE, scale=scale, zero_point=draw.zero_point())
        options = OPTIONS[kind]() if kind in OPTIONS else None
        if kind == "GELU":
            options.approximate = draw.chance(0.5)
        yield case(kind, source, target, options)


OPTIONS = {"GELU": schema.GeluOptionsT, "EXP": schema.ExpOptionsT}


def bounded_cases(kind: str, seed: int, count: int) -> Iterator[Case]:
    draw = Draw(seed)
    for _ in range(count):
        yield case(kind, *rescaled(draw))


FUNCTIONS: dict[str, Callable[[int, int], Iterator[Case]]] = {
    "HARD_SWISH": hard_swish_cases,
    "RSQRT": rsqrt_cases,
    **{kind: partial(real_function_cases, kind) for kind in ("ELU", "EXP", "LOG", "GELU")},
    **{kind: partial(bounded_cases, kind) for kind in ("RELU_N1_TO_1", "RELU_0_TO_1")},
}
LITERT_ONLY = ("EXP", "LOG", "GELU", "RELU_N1_TO_1", "RELU_0_TO_1")  # tables of its kernels


def accepted(kind: str, seed: int, count: int) -> list[Case]:
    """The first that no rule refuses; most are."""
    drawn = FUNCTIONS[kind](seed, 3 * count)
    kept = list(islice((one for one in drawn if refusal(one.model) == ""), count))
    assert len(kept) == count
    return kept


def test_functions_equal_the_oracle(assert_exact: Check) -> None:
    counts = {kind: 5 if kind in LITERT_ONLY else 60 for kind in FUNCTIONS}
    assert_exact([one for kind, n in counts.items() for one in accepted(kind, 5, n)])


@pytest.mark.slow
@pytest.mark.parametrize("kind", FUNCTIONS)
def test_many_functions_equal_the_oracle(assert_exact: Check, kind: str) -> None:
    assert_exact(accepted(kind, 6, 300 if kind in LITERT_ONLY else 2000))


@pytest.mark.parametrize("kind", ["RELU", "RELU6", "ABS"])
def test_clamps_equal_the_oracle(assert_exact: Check, kind: str) -> None:
    assert_exact(relu_cases(kind, seed=1, count=many(250)))


@pytest.mark.parametrize("kind", ["RELU", "LEAKY_RELU", "ABS"])
def test_ties_equal_the_oracle(assert_exact: Check, kind: str) -> None:
    assert_exact(tied_cases(kind, seed=6, count=60))


def test_leaky_relu_equals_the_oracle(assert_exact: Check) -> None:
    assert_exact(leaky_relu_cases(seed=2, count=many(250)))


def test_logistic_equals_the_oracle(assert_exact: Check) -> None:
    assert_exact(squash_cases("LOGISTIC", 1 / 256, -128, seed=3, count=many(250)))


def test_tanh_equals_the_oracle(assert_exact: Check) -> None:
    assert_exact(squash_cases("TANH", 1 / 128, 0, seed=4, count=many(250)))
