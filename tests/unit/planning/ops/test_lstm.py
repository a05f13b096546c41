"""The rules of UNIDIRECTIONAL_SEQUENCE_LSTM."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema
from op_rules import refusal
from single_op import Spec, build

Changes = dict[int, Spec | None]
BIAS = Spec((2,), "int32", 0.5 * 0.25, data=np.ones(2, np.int32))
HIDDEN = Spec((1, 2), scale=1 / 128, variable=True)
TARGET = Spec((1, 5, 2), scale=1 / 128)


def weights(columns: int) -> Spec:
    return Spec((2, columns), scale=0.25, data=np.ones((2, columns), np.int8))


INPUTS: list[Spec | None] = [
    Spec((1, 5, 3), scale=0.5, zero_point=7),
    *[weights(3)] * 4,
    *[weights(2)] * 4,
    *[None] * 3,
    *[BIAS] * 4,
    None,
    None,
    HIDDEN,
    Spec((1, 2), "int16", 2.0**-11, variable=True),
    *[None] * 4,
]


def model(changes: Changes | None = None, target: Spec = TARGET, **options: Any) -> bytes:
    given = schema.UnidirectionalSequenceLSTMOptionsT()
    given.fusedActivationFunction = schema.ActivationFunctionType.TANH
    for name, value in options.items():
        setattr(given, name, value)
    specs = [(changes or {}).get(i, spec) for i, spec in enumerate(INPUTS)]
    return build("UNIDIRECTIONAL_SEQUENCE_LSTM", specs, [target], given)


def changed(position: int, **fields: Any) -> Changes:
    spec = INPUTS[position]
    assert spec is not None
    return {position: replace(spec, **fields)}


def of_int16(changes: Changes | None = None) -> bytes:
    fine = {
        **changed(0, dtype="int16", scale=0.5 / 256, zero_point=0),
        **changed(18, dtype="int16", scale=1 / 32768),
    }
    bias = replace(BIAS, dtype="int64", scale=BIAS.scale / 256, data=np.ones(2, np.int64))  # type: ignore[operator]
    target = replace(TARGET, dtype="int16", scale=1 / 32768)
    return model(fine | dict.fromkeys(range(12, 16), bias) | (changes or {}), target)


def test_a_standard_lstm_is_accepted() -> None:
    assert refusal(model()) == ""
    assert refusal(model(cellClip=3.0, projClip=1.0)) == ""
    assert refusal(of_int16()) == ""


@pytest.mark.parametrize(
    ("changes", "found"),
    [
        (changed(0), "'in18' is int16[1, 2]"),
        (changed(18), "int8[1, 2]"),
        ({13: BIAS}, "'in13' is int32[2]"),
        ({12: Spec((2,), "int64", None, data=np.full(2, 2**47))}, "beyond 48 bits"),
        (changed(0, dtype="int16", zero_point=0, scale=0.2), "a shift of 8"),
        (changed(1, dtype="int16", data=np.ones((2, 3), np.int16)), "'in1' is int16[2, 3]"),
    ],
)
def test_what_tflm_does_not_compute_of_int16_is_refused(changes: Changes, found: str) -> None:
    assert found in refusal(of_int16(changes))


@pytest.mark.parametrize(
    ("changes", "found"),
    [
        ({9: weights(2)}, "input 9 is there"),
        ({16: weights(2)}, "input 16 is there"),
        ({23: BIAS}, "input 23 is there"),
        ({13: None}, "input 13 is left out"),
        ({1: None}, "input 1 is left out"),
        (changed(0, dtype="int16", zero_point=0), "int16"),
        (changed(2, zero_point=1), "is not 0"),
        (changed(2, scale=(0.25, 0.5)), "not quantised per tensor"),
        (changed(2, data=None), "is no constant"),
        (changed(12, dtype="int64", data=np.ones(2, np.int64)), "int64"),
        (changed(19, dtype="int8"), "int8"),
        (changed(19, zero_point=1), "is not 0"),
        (changed(19, scale=0.001), "it is 0.001"),
        (changed(19, scale=8.0), "it is 8"),
        (changed(18, variable=False), "a state is no variable"),
        (changed(18, shape=(1, 3)), "input 1 is [2, 3], not [3, 3]"),
        (changed(19, shape=(1, 3)), "the cell state is [1, 3]"),
        (changed(0, shape=(5, 3)), "the input is [5, 3]"),
        ({6: weights(3)}, "input 6 is [2, 3], not [2, 2]"),
        (changed(15, scale=0.5, data=np.full(2, 90, np.int32)), "that of the output gate"),
        (changed(12, data=np.full(2, 2**31 - 1, np.int32)), "in the input gate"),
        (changed(0, scale=1e38), "a shift of"),
        (changed(18, scale=1.0), "steps from what the file means"),
    ],
)
def test_what_tflm_does_not_compute_is_refused(changes: Changes, found: str) -> None:
    assert found in refusal(model(changes))


def test_other_options_are_refused() -> None:
    relu = schema.ActivationFunctionType.RELU
    assert "it has RELU" in refusal(model(fusedActivationFunction=relu))
    assert "diagonal" in refusal(model(diagonalRecurrentTensors=True))
    assert "the clip is nan" in refusal(model(cellClip=float("nan")))
    assert "the output is" in refusal(model(target=replace(TARGET, shape=(1, 4, 2))))
    assert "input 18" in refusal(model(timeMajor=True))


def test_the_states_are_two() -> None:
    one = model(changed(19, dtype="int8", scale=1 / 128))
    assert "int8" in refusal(one)
