"""Rules of comparisons, LOGICAL_..., SELECT_V2 and CAST."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from op_rules import refusal
from single_op import Spec, build

from mcuforge.frontend import tflite_reader
from mcuforge.planning.ops.registry import OPERATORS

BOOL = Spec((1, 4), "bool", None)
INT8 = Spec((1, 4), scale=0.1)
INT32 = Spec((1, 4), "int32", None)
INT16 = Spec((1, 4), "int16", 0.1)
INT64 = Spec((1, 4), "int64", None)
FLOAT = Spec((1, 4), "float32", None)
SCALAR = Spec((), scale=0.1, data=np.int8(3))


@pytest.mark.parametrize(
    ("kind", "inputs", "output", "part"),
    [
        ("LESS", [INT8, replace(INT8, scale=0.2, zero_point=7)], BOOL, ""),
        ("LESS", [INT32, Spec((4,), "int32", None)], BOOL, ""),
        ("EQUAL", [BOOL, BOOL], BOOL, ""),
        ("LESS", [BOOL, BOOL], BOOL, "int8"),
        ("LESS", [FLOAT, FLOAT], BOOL, ""),
        ("LESS", [FLOAT, INT32], BOOL, "float32[1, 4]"),
        ("EQUAL", [INT64, INT64], BOOL, ""),
        ("EQUAL", [INT64, replace(INT64, scale=0.5)], BOOL, "differ"),
        ("GREATER", [INT16, INT16], BOOL, "never prepares their scales"),
        ("SELECT_V2", [BOOL, INT64, INT64], INT64, "int64"),
        ("LESS", [INT8, INT32], BOOL, "int32[1, 4]"),
        ("LESS", [INT8, INT8], INT8, "become int8[1, 4]"),
        ("LESS", [INT8, replace(INT8, scale=None)], BOOL, "not quantised per tensor"),
        ("LESS", [INT8, replace(INT8, scale=1.0)], BOOL, "below 1"),
        ("LESS", [INT8, replace(INT8, shape=(3,))], BOOL, "become bool[1, 4]"),
        ("LOGICAL_AND", [BOOL, BOOL], BOOL, ""),
        ("LOGICAL_NOT", [BOOL], BOOL, ""),
        ("LOGICAL_NOT", [BOOL], Spec((4,), "bool", None), "bool[4]"),
        ("LOGICAL_OR", [BOOL, INT8], BOOL, "int8[1, 4]"),
        ("SELECT_V2", [BOOL, INT8, INT8], INT8, ""),
        ("SELECT_V2", [BOOL, FLOAT, FLOAT], FLOAT, ""),
        ("SELECT_V2", [Spec((), "bool", None), SCALAR, INT8], INT8, ""),
        ("SELECT_V2", [INT8, INT8, INT8], INT8, "bool"),
        ("SELECT_V2", [BOOL, INT32, INT32], INT32, "int32"),
        ("SELECT_V2", [BOOL, INT8, FLOAT], INT8, "float32"),
        ("SELECT_V2", [BOOL, INT8, replace(INT8, scale=0.2)], INT8, "quantised alike"),
        ("SELECT_V2", [BOOL, INT8, INT8], replace(INT8, scale=0.2), "quantised alike"),
        ("SELECT_V2", [BOOL, INT8, INT8], replace(INT8, shape=(4,)), "become int8[4]"),
        ("SELECT", [BOOL, INT8, INT8], INT8, ""),
        ("SELECT", [Spec((1,), "bool", None), INT8, INT8], INT8, "one shape"),
        ("CAST", [INT8], INT32, ""),
        ("CAST", [FLOAT], INT8, ""),
        ("CAST", [BOOL], INT8, ""),
        ("CAST", [INT8], BOOL, "becomes bool"),
        ("CAST", [Spec((1, 4), "uint8")], INT32, "uint8"),
        ("CAST", [INT8], Spec((1, 3), "int32", None), "3 come out"),
    ],
)
def test_rules(kind: str, inputs: list[Spec], output: Spec, part: str) -> None:
    message = refusal(build(kind, inputs, [output]))
    assert part in message and bool(part) == bool(message)


def kernel(kind: str, inputs: list[Spec], output: Spec) -> str:
    graph = tflite_reader.read_bytes(build(kind, inputs, [output]), "case")
    return OPERATORS[kind].lower(graph, graph.ops[0])[0].kernel


def test_a_constant_beside_int8_makes_a_table() -> None:
    assert kernel("GREATER", [INT8, SCALAR], BOOL) == "lookup_s8_u8"
    assert kernel("GREATER", [SCALAR, INT8], BOOL) == "lookup_s8_u8"
    assert kernel("GREATER", [INT8, INT8], BOOL) == "compare_s8"


def test_a_cast_to_the_same_type_is_a_view() -> None:
    graph = tflite_reader.read_bytes(build("CAST", [INT8], [INT8]), "case")
    assert OPERATORS["CAST"].view(graph, graph.ops[0])
