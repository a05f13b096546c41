"""Rules of MAXIMUM, MINIMUM, SQUARED_DIFFERENCE and DIV, and where a table takes their place."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema
from op_rules import refusal
from single_op import Spec, build

from mcuforge.frontend import tflite_reader
from mcuforge.planning.ops.registry import OPERATORS

KINDS = ["MAXIMUM", "MINIMUM", "SQUARED_DIFFERENCE", "DIV"]


def model(kind: str, a: Spec, b: Spec, output: Spec) -> bytes:
    return build(kind, [a, b], [output], schema.DivOptionsT() if kind == "DIV" else None)


def spec(*shape: int, scale: float = 0.5, zero_point: int = 0, data: Any = None) -> Spec:
    constant = None if data is None else np.array(data, np.int8)
    return Spec(shape, scale=scale, zero_point=zero_point, data=constant)


def output_of(kind: str, *shape: int) -> Spec:
    return spec(*shape, scale=2.0**-8 if kind == "DIV" else 0.5)


@pytest.mark.parametrize("kind", KINDS)
def test_shapes_and_types(kind: str) -> None:
    six = (1,) * 6
    assert refusal(model(kind, spec(2, 3), spec(3), output_of(kind, 2, 3))) == ""
    assert refusal(model(kind, spec(*six), spec(), output_of(kind, *six))) == ""
    seven = model(kind, spec(*six, 1), spec(), output_of(kind, *six, 1))
    assert "rank 6 at most" in refusal(seven)
    apart = model(kind, spec(2, 3), spec(2), output_of(kind, 2, 3))
    assert "become int8[2, 3]" in refusal(apart)
    mixed = model(kind, spec(3), Spec((3,), "int32"), output_of(kind, 3))
    assert "int32[3]" in refusal(mixed)


@pytest.mark.parametrize("kind", ["MAXIMUM", "MINIMUM"])
def test_bytes_are_compared_only_where_they_mean_the_same(kind: str) -> None:
    other = spec(3, scale=0.25)
    assert "scale 0.25" in refusal(model(kind, spec(3), other, spec(3)))
    assert "become 0.25 and 0" in refusal(model(kind, spec(3), spec(3), other))
    assert "zero point 9" in refusal(model(kind, spec(3), spec(3, zero_point=9), spec(3)))
    # Of a constant, only the values that it has count: 0 means 0 on every scale.
    zero = spec(1, scale=0.25, data=[0])
    assert refusal(model(kind, spec(3), zero, spec(3))) == ""
    assert refusal(model(kind, spec(3), spec(1, scale=0.25, data=[9]), spec(3))) != ""


def test_squares_stay_inside_int32() -> None:
    fits, not_quite = (spec(3, scale=0.25 / 2**13 * x) for x in (1.001, 0.999))
    assert refusal(model("SQUARED_DIFFERENCE", spec(3), spec(3, scale=1e-30), fits)) == ""
    assert "2^13" in refusal(model("SQUARED_DIFFERENCE", spec(3), spec(3), not_quite))


def test_quotients_are_shifted_by_31_bits_at_most() -> None:
    def quotient(scale: float, divisor: Spec) -> str:
        return refusal(model("DIV", spec(3, scale=1.0), divisor, spec(3, scale=scale)))

    any_divisor = spec(3, scale=1.0)
    assert quotient(2.0**-6, any_divisor) == "" and quotient(2.0**-21, any_divisor) == ""
    assert "from -2 to" in quotient(2.0**-23, any_divisor)
    assert "to 32" in quotient(2.0**-5, any_divisor)
    assert quotient(2.0**-5, spec(1, scale=1.0, data=[2])) == ""
    assert "is a float32" in quotient(1e-30, spec(3, scale=1e-30))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("scalar", [0, 1])
def test_one_scalar_constant_makes_a_table(kind: str, scalar: int) -> None:
    def kernel(elements: int) -> str:
        pair = [spec(elements), spec(elements)]
        pair[scalar] = spec(1, data=[3])
        graph = tflite_reader.read_bytes(model(kind, *pair, output_of(kind, elements)), "case")
        (call,) = OPERATORS[kind].lower(graph, graph.ops[0])
        assert len(call.inputs) == 2 or call.inputs == (graph.inputs[0],)
        return call.kernel

    assert kernel(256) == "lookup_s8"
    assert kernel(255) == f"{kind.lower()}_s8"


INT32 = Spec((2, 3), "int32", None)
INT64 = Spec((2, 3), "int64", None)
QUANTISED = Spec((2, 3), "int32", 0.5)


@pytest.mark.parametrize(
    ("kind", "inputs", "output", "activation", "part"),
    [
        ("ADD", [INT32, Spec((3,), "int32", None)], INT32, "NONE", ""),
        ("ADD", [INT32, INT32], INT32, "RELU", "would leave out"),
        ("SUB", [INT32, INT32], INT32, "RELU6", ""),
        ("MUL", [INT32, INT32], INT32, "TANH", "it fuses TANH"),
        ("MUL", [QUANTISED, INT32], INT32, "NONE", "quantised"),
        ("ADD", [INT64, INT64], INT64, "NONE", "int64"),
        ("SUB", [INT32, INT64], INT32, "NONE", "int64[2, 3]"),
        ("ADD", [INT32, spec(2, 3)], INT32, "NONE", "int8[2, 3]"),
        ("ADD", [spec(2, 3), spec(2, 3)], INT32, "NONE", "int8[2, 3]"),
        ("MUL", [INT32, Spec((2,), "int32", None)], INT32, "NONE", "become int32[2, 3]"),
        ("MAXIMUM", [INT32, INT32], INT32, "", ""),
        ("MINIMUM", [INT64, INT64], INT64, "", ""),
        ("MINIMUM", [QUANTISED, QUANTISED], QUANTISED, "", ""),
        ("MINIMUM", [QUANTISED, INT32], QUANTISED, "", "differ"),
        ("MAXIMUM", [INT32, INT64], INT64, "", "int64[2, 3]"),
    ],
)
def test_integers_stand_for_themselves(
    kind: str, inputs: list[Spec], output: Spec, activation: str, part: str
) -> None:
    options = None
    if activation:
        options = getattr(schema, f"{kind.title()}OptionsT")()
        options.fusedActivationFunction = getattr(schema.ActivationFunctionType, activation)
    message = refusal(build(kind, inputs, [output], options))
    assert part in message and bool(part) == bool(message)
