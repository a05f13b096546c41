"""Rules of PRELU, LOG_SOFTMAX and L2_NORMALIZATION."""

from __future__ import annotations

import pytest
from ai_edge_litert import schema_py_generated as schema
from op_rules import refusal
from single_op import Spec, build


def spec(*shape: int, scale: float = 0.5, zero_point: int = 0, dtype: str = "int8") -> Spec:
    return Spec(shape, dtype, scale, zero_point)


@pytest.mark.parametrize(
    ("x", "alpha", "output", "part"),
    [
        (spec(1, 4), spec(4), spec(1, 4), ""),
        (spec(4), spec(2, 4), spec(2, 4), ""),
        (spec(1, 4), spec(3), spec(1, 4), "become int8[1, 4]"),
        (spec(1, 4), spec(4, dtype="int16"), spec(1, 4), "int16[4]"),
        (spec(1, 4, scale=1e4), spec(4), spec(1, 4, scale=1e-4), "2^23"),
        (spec(1, 4), spec(4, scale=2.0**15), spec(1, 4, scale=0.25), "2^15"),
        (spec(1, 0), spec(1), spec(1, 0), "is empty"),
    ],
)
def test_prelu(x: Spec, alpha: Spec, output: Spec, part: str) -> None:
    message = refusal(build("PRELU", [x, alpha], [output]))
    assert part in message and bool(part) == bool(message)


LOGARITHM = spec(1, 4, scale=1 / 16, zero_point=127)


@pytest.mark.parametrize(
    ("source", "target", "part"),
    [
        (spec(1, 4), LOGARITHM, ""),
        (spec(1, 4), spec(1, 4, scale=1 / 16), "1/16"),
        (spec(1, 4), spec(1, 4, scale=1 / 8, zero_point=127), "1/16"),
        (spec(4), LOGARITHM, "becomes int8[1, 4]"),
        (spec(1, 4, scale=2.0**-26), LOGARITHM, "2^-26"),
        (spec(1, 4096), spec(1, 4096, scale=1 / 16, zero_point=127), "4095"),
    ],
)
def test_log_softmax(source: Spec, target: Spec, part: str) -> None:
    message = refusal(build("LOG_SOFTMAX", [source], [target], schema.LogSoftmaxOptionsT()))
    assert part in message and bool(part) == bool(message)


UNIT = spec(1, 4, scale=1 / 128)


@pytest.mark.parametrize(
    ("source", "target", "activation", "part"),
    [
        (spec(1, 4), UNIT, 0, ""),
        (spec(1, 4), spec(1, 4), 0, "1/128"),
        (spec(1, 4), UNIT, 1, "it fuses RELU"),
        (spec(4), UNIT, 0, "becomes int8[1, 4]"),
        (spec(1, 1, 1, 1, 4), spec(1, 1, 1, 1, 4, scale=1 / 128), 0, "rank 1 to 4"),
        (spec(33026), spec(33026, scale=1 / 128), 0, "33025"),
    ],
)
def test_l2_normalization(source: Spec, target: Spec, activation: int, part: str) -> None:
    options = schema.L2NormOptionsT()
    options.fusedActivationFunction = activation
    message = refusal(build("L2_NORMALIZATION", [source], [target], options))
    assert part in message and bool(part) == bool(message)
