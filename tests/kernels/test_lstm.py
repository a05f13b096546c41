"""UNIDIRECTIONAL_SEQUENCE_LSTM against the oracle, over several inferences."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema
from draw import Draw
from single_op import Case, Spec, build

Check = Callable[[Iterable[Case]], None]
INVOKES = 3


def lstm_cases(dtype: str, seed: int, count: int) -> Iterator[Case]:
    draw = Draw(seed)
    for _ in range(count):
        yield lstm_case(draw, dtype)


def lstm_case(draw: Draw, dtype: str) -> Case:
    wide = dtype == "int16"
    batches, steps = draw.choice([1, 1, 2, 3]), draw.integer(1, 4)
    inputs = draw.choice([draw.integer(1, 19), 509, 1030]) if wide else draw.integer(1, 19)
    units = draw.integer(1, 17)
    time_major = draw.chance(0.3)
    rows = (steps, batches) if time_major else (batches, steps)
    fine = 1 / 256 if wide else 1.0
    source = Spec((*rows, inputs), dtype, draw.scale(1e-3, 0.1) * fine, zero_point_of(draw, wide))
    hidden_scale = draw.choice([1 / 128, 1 / 127, draw.scale(1e-3, 0.02)]) * fine
    zero_point = zero_point_of(draw, wide)
    hidden = Spec((batches, units), dtype, hidden_scale, zero_point, variable=True)
    power = draw.choice([-11, -12, -11, -15, -9, -13, -20, -4, 1])
    cell = Spec((batches, units), "int16", 2.0**power, variable=True)
    shapes = [(units, inputs)] * 4 + [(units, units)] * 4
    # gates from nearly closed to saturated
    spread = draw.choice([1e-5, 1e-3, 0.02, 0.3])
    weights = [
        Spec(s, scale=draw.scale(spread, spread * 4), data=draw.int8(s, -127)) for s in shapes
    ]
    limit = draw.choice([0, 1000, 100_000, 2**40 if wide else 2**29])
    biases = [
        Spec(
            (units,),
            "int64" if wide else "int32",
            float(np.float32(source.scale) * np.float32(weights[i].scale)),  # type: ignore[arg-type]
            data=draw.rng.integers(-limit, limit + 1, units).astype(np.int64 if wide else np.int32),
        )
        for i in range(4)
    ]
    options = schema.UnidirectionalSequenceLSTMOptionsT()
    options.fusedActivationFunction = schema.ActivationFunctionType.TANH
    options.cellClip = draw.choice([0.0, 0.0, 10.0, 0.4, 1e-9, 1e9])
    options.projClip = draw.choice([0.0, 0.1])
    options.timeMajor = time_major
    model = build(
        "UNIDIRECTIONAL_SEQUENCE_LSTM",
        [
            source, *weights, *[None] * 3, *biases, None, None, hidden, cell, *[None] * 4,
        ],
        [Spec((*rows, units), dtype, hidden.scale, hidden.zero_point)],
        options,
    )  # fmt: skip
    first, *more = [[draw.values((*rows, inputs), dtype)] for _ in range(INVOKES)]
    return Case(model, first, f"{rows} {inputs} -> {units}, cell 2^{power}", tuple(more))


def zero_point_of(draw: Draw, wide: bool) -> int:
    """Converters give int16 none; TFLM adds it."""
    return draw.choice([0, 0, 0, 300, -32768, 32767]) if wide else draw.zero_point()


@pytest.mark.parametrize("dtype", ["int8", "int16"])
def test_lstms_equal_the_oracle_over_sequences(assert_exact: Check, dtype: str) -> None:
    assert_exact(lstm_cases(dtype, seed=1, count=40 if dtype == "int8" else 20))


@pytest.mark.slow
@pytest.mark.parametrize("dtype", ["int8", "int16"])
def test_many_lstms_equal_the_oracle(assert_exact: Check, dtype: str) -> None:
    assert_exact(lstm_cases(dtype, seed=2, count=1500))
