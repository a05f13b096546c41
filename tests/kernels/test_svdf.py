"""SVDF against the oracle, over sequences."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema
from draw import Draw
from single_op import Case, Spec, build

Check = Callable[[Iterable[Case]], None]
STEPS = 7


def svdf_cases(state: str, seed: int, count: int) -> Iterator[Case]:
    draw = Draw(seed)
    for _ in range(count):
        yield svdf_case(draw, state)


def svdf_case(draw: Draw, state: str) -> Case:
    rank, units, inputs = draw.integer(1, 3), draw.integer(1, 5), draw.integer(1, 19)
    batches, memory = draw.choice([1, 1, 2]), draw.choice([1, 2, 3, 8, 10])
    filters = rank * units
    source = Spec((batches, inputs), scale=draw.scale(1e-3, 0.1), zero_point=draw.zero_point())
    features = draw.int8((filters, inputs), -127)
    wide = state == "int16"
    times = times_of(draw, (filters, memory), wide)
    scales = draw.scale(1e-3, 0.1), draw.scale(1e-4, 0.1)
    # most responses fit the state, some saturate
    state_scale = float(np.float32(source.scale * scales[0] * draw.choice([0.01, 0.3, 3, 30])))  # type: ignore[operator]
    bias_scale = float(np.float32(state_scale) * np.float32(scales[1]))
    zero_point = 0 if wide else draw.choice([0, 0, -50, 37, -128, 127])
    kept = Spec((batches, filters * memory), state, state_scale, zero_point, variable=True)
    target = Spec(
        (batches, units), scale=bias_scale * draw.choice([0.5, 30, 1000]) * (300 if wide else 1),
        zero_point=draw.zero_point(),
    )  # fmt: skip
    options = schema.SVDFOptionsT()
    options.rank = rank
    if target.zero_point == -128 and draw.chance(0.5):
        options.fusedActivationFunction = schema.ActivationFunctionType.RELU
    bias = draw.rng.integers(-3000, 3000, units).astype(np.int32)
    model = build(
        "SVDF",
        [
            source,
            Spec(features.shape, scale=scales[0], data=features),
            Spec(times.shape, state, scales[1], data=times),
            Spec((units,), "int32", bias_scale, data=bias),
            kept,
        ],
        [target],
        options,
        version=3,
    )
    first, *more = [[draw.int8((batches, inputs))] for _ in range(STEPS)]
    return Case(model, first, f"rank {rank} units {units} memory {memory}", tuple(more))


def times_of(draw: Draw, shape: tuple[int, int], wide: bool) -> Any:
    if not wide:
        return draw.int8(shape, -127)
    limit = draw.choice([200, 32767])  # the larger one lets sums leave int32
    return draw.rng.integers(-limit, limit + 1, shape).astype(np.int16)


@pytest.mark.parametrize("state", ["int8", "int16"])
def test_svdf_equals_the_oracle_over_sequences(assert_exact: Check, state: str) -> None:
    assert_exact(svdf_cases(state, seed=1, count=60))


@pytest.mark.slow
@pytest.mark.parametrize("state", ["int8", "int16"])
def test_many_svdfs_equal_the_oracle(assert_exact: Check, state: str) -> None:
    assert_exact(svdf_cases(state, seed=2, count=600))
