"""FULLY_CONNECTED against the oracle."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import partial

import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema
from draw import Draw, many
from single_op import Case
from weighted_op import draw_cases, draw_weighted


def case(draw: Draw, dtype: str = "int8", wide: str | None = None) -> Case:
    inputs, outputs = draw.integer(1, 40), draw.integer(1, 12)
    if wide == "int64" and draw.chance(0.1):
        inputs = draw.integer(500, 1600)  # whose sums leave int32
    rows = draw.choice([1, 1, 1, 2, 3])
    shape = draw.choice([(rows, inputs), (rows, 1, inputs), (1, 1, rows, inputs)])
    options = schema.FullyConnectedOptionsT()
    options.weightsFormat = schema.FullyConnectedOptionsWeightsFormat.DEFAULT
    if wide == "int32":  # also where there is no bias
        options.quantizedBiasType = schema.TensorType.INT32
    options.keepNumDims = len(shape) != 2 and draw.chance(0.5)
    target = (*shape[:-1], outputs) if options.keepNumDims else (rows, outputs)
    op = draw_weighted(draw, shape, (outputs, inputs), target, dtype=dtype, wide=wide)
    if wide and draw.chance(0.3):  # of which FULLY_CONNECTED takes any zero point
        op = replace(
            op,
            source=replace(op.source, zero_point=draw.choice([-32768, 32767, 5])),
            target=replace(op.target, zero_point=draw.choice([-32768, 32767, -9])),
        )
    bias = None if draw.chance(0.3) else op.bias
    return op.case(draw, "FULLY_CONNECTED", options, [op.source, op.weights, bias])


def product(draw: Draw) -> Case:
    """Weights that are computed, or constant with a zero point."""
    inputs, outputs, rows = draw.integer(1, 40), draw.integer(1, 12), draw.integer(1, 6)
    options = schema.FullyConnectedOptionsT()
    op = draw_weighted(draw, (rows, inputs), (outputs, inputs), (rows, outputs))
    scale = np.ravel(op.weights.scale)[0].item()
    zero_point = draw.zero_point() or 1
    weights = replace(op.weights, scale=scale, zero_point=zero_point)
    bias = replace(op.bias, scale=float(np.float32(op.source.scale) * np.float32(scale)))
    bias = replace(bias, data=np.clip(bias.data, -(1 << 29), 1 << 29).astype(np.int32))
    computed = draw.chance(0.7)
    chosen = replace(weights, data=None) if computed else weights
    drawn = op.case(
        draw,
        "FULLY_CONNECTED",
        options,
        [op.source, chosen, None if draw.chance(0.3) else bias],
        f"{op.source} {weights.scale} {zero_point}",
    )
    return replace(drawn, inputs=[*drawn.inputs, weights.data]) if computed else drawn


def given(draw: Draw) -> Case:
    """int16 activations with weights that are computed; sums of 32 and of 64 bits."""
    wide = draw.choice(["int32", "int64"])
    inputs, outputs, rows = draw.integer(1, 40), draw.integer(1, 12), draw.integer(1, 6)
    if wide == "int64" and draw.chance(0.2):
        inputs = draw.integer(500, 1600)
    options = schema.FullyConnectedOptionsT()
    if wide == "int32":
        options.quantizedBiasType = schema.TensorType.INT32
    op = draw_weighted(draw, (rows, inputs), (outputs, inputs), (rows, outputs), wide=wide)
    scale = np.ravel(op.weights.scale)[0].item()
    weights = replace(op.weights, scale=scale, data=None)
    bias = replace(op.bias, scale=float(np.float32(op.source.scale) * np.float32(scale)))
    if wide == "int32":
        bias = replace(bias, data=np.clip(bias.data, -(1 << 29), 1 << 29).astype(np.int32))
    inputs_of_op = [op.source, weights, None if draw.chance(0.3) else bias]
    drawn = op.case(draw, "FULLY_CONNECTED", options, inputs_of_op, f"{wide} {scale}")
    return replace(drawn, inputs=[*drawn.inputs, op.weights.data])


cases = partial(draw_cases, case)
products = partial(draw_cases, product)
int4_cases = partial(draw_cases, partial(case, dtype="int4"))


@pytest.mark.parametrize("seed", range(1))
def test_fully_connected_equals_the_oracle(
    assert_exact: Callable[[Iterable[Case]], None], seed: int
) -> None:
    assert_exact(cases(seed, many(600)))


def int16_cases(seed: int, count: int) -> list[Case]:
    """As many with each type of bias."""
    biases = ("int32", "int64")
    return [one for b in biases for one in draw_cases(partial(case, wide=b), seed, count)]


def test_fully_connected_of_int16_equals_the_oracle(
    assert_exact: Callable[[Iterable[Case]], None],
) -> None:
    assert_exact(int16_cases(7, 80))


@pytest.mark.slow
def test_many_fully_connecteds_of_int16_equal_the_oracle(
    assert_exact: Callable[[Iterable[Case]], None],
) -> None:
    assert_exact(int16_cases(8, 1000))


def test_computed_weights_equal_the_oracle(
    assert_exact: Callable[[Iterable[Case]], None],
) -> None:
    assert_exact(products(7, 100))


def test_computed_weights_of_int16_equal_the_oracle(
    assert_exact: Callable[[Iterable[Case]], None],
) -> None:
    assert_exact(draw_cases(given, 7, 60))


@pytest.mark.slow
def test_many_computed_weights_of_int16_equal_the_oracle(
    assert_exact: Callable[[Iterable[Case]], None],
) -> None:
    assert_exact(draw_cases(given, 8, 1500))
