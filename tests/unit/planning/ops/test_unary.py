"""Rules of the look-up operators, QUANTIZE and DEQUANTIZE."""

from __future__ import annotations

from typing import Any

import pytest
from ai_edge_litert import schema_py_generated as schema
from op_rules import refusal
from single_op import Spec, build

INT8 = Spec((1, 4), scale=0.1)
LOGISTIC = Spec((1, 4), scale=1 / 256, zero_point=-128)
TANH = Spec((1, 4), scale=1 / 128)
FLOAT = Spec((1, 4), "float32", None)


def leaky(alpha: float) -> Any:
    options = schema.LeakyReluOptionsT()
    options.alpha = alpha
    return options


def scaled(scale: float, dtype: str = "int8") -> Spec:
    return Spec((1, 4), dtype, scale)


@pytest.mark.parametrize(
    ("kind", "source", "target", "part"),
    [
        ("RELU", Spec((1, 4), "int16"), Spec((1, 4)), "is int8"),
        ("RELU", Spec((1, 4), scale=None), INT8, "not quantised"),
        ("RELU", Spec((2, 4), scale=[0.1, 0.2]), Spec((2, 4)), "int8[2, 4] with 2 scales"),
        ("RELU", INT8, Spec((1, 5)), "4 elements go in and 5 come out"),
        ("RELU", Spec((0, 4)), Spec((0, 4)), "is empty"),
        ("RELU", scaled(1e6), scaled(1e-2), "2^23"),
        ("RELU", scaled(1e38), scaled(1e-38), "2^23"),
        ("ABS", scaled(2.0**23), scaled(1.0), "2^23"),
        ("RELU6", scaled(1e-9), INT8, "2^-28"),
        ("LOGISTIC", INT8, Spec((1, 4), scale=1 / 256), "1/256"),
        ("LOGISTIC", INT8, Spec((1, 4), scale=1 / 128, zero_point=-128), "of the function"),
        ("LOGISTIC", scaled(1e-9), LOGISTIC, "2^-28"),
        ("LOGISTIC", scaled(1e11), LOGISTIC, "2^35"),
        ("TANH", INT8, Spec((1, 4), scale=1 / 64), "of the function"),
        ("TANH", INT8, Spec((1, 4), scale=1 / 128, zero_point=9), "of the function"),
        ("TANH", scaled(1e-9), TANH, "2^-28"),
        ("HARD_SWISH", scaled(1.0), scaled(2.0**-8), "2^-9"),
        ("HARD_SWISH", scaled(1.0), scaled(2.0**10), "2^-9"),
        ("HARD_SWISH", scaled(2.0**-24), scaled(2.0**-24), "2^-22"),
        ("HARD_SWISH", scaled(2.0**24), scaled(2.0**24), "2^23"),
        ("RSQRT", scaled(1e-30), scaled(1e-3), "2^-30"),
        ("RSQRT", scaled(1.0), scaled(5e3), "2^11"),
        ("RSQRT", scaled(1.0, "int16"), scaled(1.0, "int16"), "int16"),
        ("ELU", scaled(1.0), scaled(1e-9), "2^31"),
        ("ELU", scaled(1e38), scaled(1e-38), "2^31"),
        ("QUANTIZE", scaled(1.0, "int16"), scaled(1.0, "uint8"), "int16[1, 4] becomes uint8"),
        ("QUANTIZE", scaled(1.0, "uint8"), scaled(1.0, "uint8"), "becomes"),
        ("QUANTIZE", FLOAT, scaled(1.0, "uint8"), "becomes"),
        ("QUANTIZE", FLOAT, Spec((4, 1), scale=[1.0, 2.0, 3.0, 4.0]), "becomes"),
        ("QUANTIZE", Spec((1, 4), scale=None), INT8, "not quantised per tensor"),
        ("QUANTIZE", INT8, Spec((1, 4), scale=None), "int8[1, 4] becomes int8[1, 4]"),
        ("QUANTIZE", scaled(1e6), scaled(1e-2), "2^23"),
        ("QUANTIZE", INT8, Spec((1, 5)), "elements"),
        ("DEQUANTIZE", scaled(1.0, "uint8"), FLOAT, "uint8"),
        ("DEQUANTIZE", Spec((1, 4), scale=None), FLOAT, "not quantised"),
        ("DEQUANTIZE", INT8, INT8, "becomes int8"),
    ],
)
def test_refused(kind: str, source: Spec, target: Spec, part: str) -> None:
    message = refusal(build(kind, [source], [target]))
    assert part in message and kind in message and "Rule: " in message


@pytest.mark.parametrize("alpha", [-1e10, float("nan"), float("inf"), 1e10])
def test_leaky_relu_refuses_alpha(alpha: float) -> None:
    assert "alpha is" in refusal(build("LEAKY_RELU", [INT8], [INT8], leaky(alpha)))


@pytest.mark.parametrize(
    ("kind", "source", "target", "options"),
    [
        ("RELU", scaled(2.0**22), scaled(1.0), None),
        ("RELU", scaled(1e-30), scaled(1e30), None),
        ("RELU", INT8, Spec((4,), scale=0.1), None),
        ("ABS", INT8, INT8, None),
        ("RELU6", scaled(1e3), scaled(1e3), None),
        ("LEAKY_RELU", INT8, INT8, leaky(0.0)),
        ("LOGISTIC", scaled(2.0), LOGISTIC, None),
        ("TANH", INT8, TANH, None),
        ("TANH", INT8, Spec((1, 4), scale=1 / 127), None),
        ("LOGISTIC", INT8, Spec((1, 4), scale=1 / 255, zero_point=-128), None),
        ("HARD_SWISH", INT8, INT8, None),
        ("RSQRT", INT8, INT8, None),
        ("ELU", INT8, INT8, None),
        ("EXP", INT8, scaled(1e4), schema.ExpOptionsT()),
        ("LOG", INT8, INT8, None),
        ("GELU", INT8, INT8, schema.GeluOptionsT()),
        ("RELU_N1_TO_1", INT8, INT8, None),
        ("QUANTIZE", FLOAT, INT8, None),
        ("QUANTIZE", scaled(1.0, "uint8"), INT8, None),
        ("QUANTIZE", INT8, scaled(1.0, "uint8"), None),
        ("DEQUANTIZE", INT8, FLOAT, None),
    ],
)
def test_accepted(kind: str, source: Spec, target: Spec, options: Any) -> None:
    assert refusal(build(kind, [source], [target], options)) == ""


def test_the_number_of_inputs_is_checked_first() -> None:
    assert "it has 1 inputs" in refusal(build("ADD", [INT8], [INT8], schema.AddOptionsT()))
    assert "it has 2 inputs" in refusal(build("RELU", [INT8, INT8], [INT8]))
    assert "an input is left out" in refusal(
        build("ADD", [None, INT8], [INT8], schema.AddOptionsT())
    )
    assert "it has 2 outputs" in refusal(build("RELU", [INT8], [INT8, INT8]))
