"""FULLY_CONNECTED against the oracle."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial

import pytest
from ai_edge_litert import schema_py_generated as schema
from draw import Draw
from single_op import Case
from weighted_op import draw_cases, draw_weighted


def case(draw: Draw, dtype: str = "int8") -> Case:
    inputs, outputs = draw.integer(1, 40), draw.integer(1, 12)
    rows = draw.choice([1, 1, 1, 2, 3])
    shape = draw.choice([(rows, inputs), (rows, 1, inputs), (1, 1, rows, inputs)])
    options = schema.FullyConnectedOptionsT()
    options.weightsFormat = schema.FullyConnectedOptionsWeightsFormat.DEFAULT
    options.keepNumDims = len(shape) != 2 and draw.chance(0.5)
    target = (*shape[:-1], outputs) if options.keepNumDims else (rows, outputs)
    op = draw_weighted(draw, shape, (outputs, inputs), target, dtype=dtype)
    bias = None if draw.chance(0.3) else op.bias
    return op.case(draw, "FULLY_CONNECTED", options, [op.source, op.weights, bias])


cases = partial(draw_cases, case)
int4_cases = partial(draw_cases, partial(case, dtype="int4"))


@pytest.mark.parametrize("seed", range(3))
def test_fully_connected_equals_the_oracle(
    assert_exact: Callable[[Iterable[Case]], None], seed: int
) -> None:
    assert_exact(cases(seed, 600))
