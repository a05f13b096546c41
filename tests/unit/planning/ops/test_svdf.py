"""The rules of SVDF."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema
from op_rules import refusal
from single_op import Spec, build

BIAS_SCALE = 0.25 * 0.5
INPUTS: list[Spec] = [
    Spec((1, 3), scale=0.5, zero_point=-4),
    Spec((4, 3), scale=0.5, data=np.ones((4, 3), np.int8)),
    Spec((4, 2), scale=0.5, data=np.ones((4, 2), np.int8)),
    Spec((2,), "int32", BIAS_SCALE, data=np.ones(2, np.int32)),
    Spec((1, 8), scale=0.25, variable=True),
]
TARGET = Spec((1, 2), scale=0.5, zero_point=-128)


def model(
    changed: dict[int, Spec | None] | None = None,
    target: Spec = TARGET,
    rank: int = 2,
    activation: int = 0,
    inputs: Sequence[Spec] = INPUTS,
) -> bytes:
    options = schema.SVDFOptionsT()
    options.rank, options.fusedActivationFunction = rank, activation
    specs = [(changed or {}).get(i, spec) for i, spec in enumerate(inputs)]
    return build("SVDF", specs, [target], options)


def changed(position: int, **fields: Any) -> dict[int, Spec | None]:
    return {position: replace(INPUTS[position], **fields)}


def test_a_sound_svdf_is_accepted() -> None:
    assert refusal(model()) == ""
    assert refusal(model(activation=schema.ActivationFunctionType.RELU)) == ""


@pytest.mark.parametrize(
    ("specs", "found"),
    [
        ({3: None}, "an input is left out"),  # TFLM crashes without a bias
        (changed(0, dtype="int16", zero_point=0), "int16"),
        (changed(1, zero_point=1), "has zero point 1"),
        (changed(1, data=None), "is no constant"),
        (changed(2, scale=(0.5,) * 4), "not quantised per tensor"),
        (changed(3, dtype="int64", data=np.ones(2, np.int64)), "int64"),
        (changed(4, dtype="int16"), "int16"),
        (changed(4, variable=False), "is no variable"),
        (changed(4, shape=(1, 9)), "state: [1, 9], not [1, 8]"),
        (changed(2, shape=(3, 2), data=np.ones((3, 2), np.int8)), "time weights: [3, 2]"),
        (changed(1, shape=(4, 2), data=np.ones((4, 2), np.int8)), "feature weights: [4, 2]"),
        (changed(3, shape=(3,), data=np.ones(3, np.int32)), "bias: [3]"),
        (changed(3, scale=BIAS_SCALE * 1.001), "apart"),
        (changed(0, scale=3e38), "one is larger"),
    ],
)
def test_what_tflm_does_not_compute_is_refused(specs: dict[int, Spec | None], found: str) -> None:
    assert found in refusal(model(specs))


def test_ranks_and_activations() -> None:
    assert "do not make units" in refusal(model(rank=3))
    assert "rank 0" in refusal(model(rank=0))
    assert "output: [1, 3]" in refusal(model(target=replace(TARGET, shape=(1, 3))))
    for activation in ("RELU6", "TANH"):
        kind = getattr(schema.ActivationFunctionType, activation)
        assert "which the output's range does not" in refusal(model(activation=kind))


def test_sums_that_leave_int32_are_refused() -> None:
    huge = changed(3, data=np.full(2, 2**31 - 1, np.int32))
    assert "can leave int32" in refusal(model(huge))
