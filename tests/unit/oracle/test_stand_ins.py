"""What TFLM gets in place of operators that it does not compute in int8."""

from __future__ import annotations

import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema
from single_op import Spec, build
from tflite_builder import Builder

from mcuforge.frontend import tflite_reader
from mcuforge.oracle import stand_ins
from mcuforge.oracle.litert import LITERT
from mcuforge.oracle.tflm import TFLM

INT8 = Spec((2, 3, 4), scale=0.05, zero_point=7)
EVERY = [np.arange(24, dtype=np.int8).reshape(2, 3, 4) * np.int8(5)]
REFERENCE = LITERT[-1]


def kinds(model: bytes) -> list[str]:
    return [op.kind for op in tflite_reader.read_bytes(model, "case").ops]


def test_a_model_that_tflm_runs_stays_as_it_is() -> None:
    model = build("HARD_SWISH", [INT8], [INT8])
    assert stand_ins.applied(model) is model


def test_float_exp_is_tflms_own() -> None:
    wide = Spec((4,), "float32", None)
    assert kinds(stand_ins.applied(build("EXP", [wide], [wide], schema.ExpOptionsT()))) == ["EXP"]


@pytest.mark.parametrize(
    ("kind", "options"),
    [
        ("EXP", schema.ExpOptionsT()),
        ("LOG", None),
        ("GELU", schema.GeluOptionsT()),
        ("RELU_N1_TO_1", None),
        ("RELU_0_TO_1", None),
    ],
)
def test_tflm_gives_what_litert_computes(kind: str, options: object) -> None:
    model = build(kind, [INT8], [INT8], options)
    assert kinds(stand_ins.applied(model)) == ["CAST", "ADD", "GATHER"]
    output = tflite_reader.read_bytes(model, "case").ops[0].outputs[0]
    expected = REFERENCE.run(model, [EVERY])[0][0]
    np.testing.assert_array_equal(TFLM.run(model, [EVERY])[0][0], expected)
    np.testing.assert_array_equal(TFLM.trace(model, [EVERY], [output])[0][output], expected)


def test_select_becomes_select_v2() -> None:
    model = build("SELECT", [Spec((4,), "bool", None), INT8, INT8], [INT8], schema.SelectOptionsT())
    assert kinds(stand_ins.applied(model)) == ["SELECT_V2"]


def test_an_operator_that_litert_lacks_does_not_matter() -> None:
    b = Builder()
    tensors = [b.tensor((2, 3)) for _ in range(3)]
    b.op(schema.BuiltinOperator.ELU, tensors[:1], tensors[1:2])
    b.op(schema.BuiltinOperator.LOG, tensors[1:2], tensors[2:])
    model = b.build(tensors[:1], tensors[2:])
    values = np.arange(6, dtype=np.int8).reshape(2, 3)
    assert TFLM.run(model, [[values]])[0][0].shape == (2, 3)
