"""ADD_N and CUMSUM against the oracle, up to the most elements that may be added."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema
from draw import Draw
from single_op import Case, Spec, build

Check = Callable[[Iterable[Case]], None]


def most_terms(zero_point: int) -> int:
    """So many halves of q - zero_point times 2^20, and one of the byte 0, fit an int32."""
    return min((4095 + zero_point) // (127 - zero_point) if zero_point < 127 else 99,
               (4096 - zero_point) // (128 + zero_point) if zero_point > -128 else 99)  # fmt: skip


def quantised(draw: Draw, terms: int) -> tuple[float, float]:
    """Scales of input and output: of sums that fit, saturate or vanish."""
    scale = draw.scale(1e-4, 1.0)
    ratio = draw.choice([terms**0.5, float(terms), 1.0, 2.0**-18.5, 1e4]) * draw.scale(0.5, 2.0)
    return scale, float(np.float32(scale * max(ratio, 2.0**-18.9)))


def add_n_cases(seed: int, count: int) -> Iterator[Case]:
    draw = Draw(seed)
    for _ in range(count):
        zero_point = draw.zero_point()
        most = most_terms(zero_point)
        terms = draw.choice([2, 3, most, draw.integer(2, most)])
        shape = tuple(draw.integer(1, 5) for _ in range(draw.integer(0, 6)))
        scale, output = quantised(draw, terms)
        specs = [Spec(shape, scale=scale, zero_point=zero_point) for _ in range(terms)]
        goal = Spec(shape, scale=output, zero_point=draw.zero_point())
        data = [draw.int8(shape) for _ in specs]
        if draw.chance(0.2):
            data = [np.full(shape, draw.choice([-128, 127]), np.int8)] * terms
        options = schema.AddNOptionsT()
        note = f"{terms} of {shape} {scale} {zero_point} {output} {goal.zero_point}"
        yield Case(build("ADD_N", specs, [goal], options), data, note)


def cumsum_cases(seed: int, count: int) -> Iterator[Case]:
    draw = Draw(seed)
    for _ in range(count):
        zero_point = draw.zero_point()
        rank = draw.integer(1, 6)
        axis = draw.integer(0, rank - 1)
        shape = [draw.integer(1, 5 if rank < 5 else 3) for _ in range(rank)]
        most = most_terms(zero_point)
        shape[axis] = draw.choice([1, most, draw.integer(1, most)])
        scale, output = quantised(draw, shape[axis])
        named = np.int32(draw.choice([axis, axis - rank]))
        specs = [
            Spec(tuple(shape), scale=scale, zero_point=zero_point),
            Spec(draw.choice([(), (1,)]), "int32", None, data=named),
        ]
        goal = Spec(tuple(shape), scale=output, zero_point=draw.zero_point())
        options = schema.CumsumOptionsT()
        options.exclusive, options.reverse = draw.chance(0.5), draw.chance(0.5)
        note = f"{shape} axis {axis} {scale} {zero_point} {output} {vars(options)}"
        yield Case(build("CUMSUM", specs, [goal], options), [draw.int8(shape)], note)


def test_sums_equal_the_oracle(assert_exact: Check) -> None:
    assert_exact([*add_n_cases(0, 80), *cumsum_cases(1, 150)])


@pytest.mark.slow
def test_many_sums_equal_the_oracle(assert_exact: Check) -> None:
    assert_exact([*add_n_cases(2, 1500), *cumsum_cases(3, 3000)])
