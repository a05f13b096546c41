"""Every operator of TFLM is computed, or a message says why not."""

from __future__ import annotations

import pytest
from ai_edge_litert import schema_py_generated as schema
from tflite_builder import Builder

from mcuforge import planning
from mcuforge.planning.ops.not_computed import REASONS
from mcuforge.planning.ops.registry import OPERATORS
from mcuforge.planning.ops.tflm_kinds import CUSTOM_KINDS, KINDS

# CALL_ONCE and VAR_HANDLE are read with what they name, and custom ops with their codes.
PLAIN = sorted((KINDS - {"CALL_ONCE", "VAR_HANDLE"}) & set(REASONS))


def test_every_operator_of_tflm_is_computed_or_has_a_reason() -> None:
    unexplained = (KINDS | CUSTOM_KINDS) - set(OPERATORS) - set(REASONS)
    assert not unexplained, "compile these, or say why not"


def test_what_is_computed_has_no_reason_not_to_be() -> None:
    assert not set(REASONS) & set(OPERATORS), "they are computed: drop the reasons"
    assert set(REASONS) <= KINDS | CUSTOM_KINDS


@pytest.mark.parametrize("kind", PLAIN)
def test_the_reason_is_told(kind: str) -> None:
    builder = Builder()
    tensors = [builder.tensor((1, 4)) for _ in range(2)]
    builder.op(getattr(schema.BuiltinOperator, kind), [tensors[0]], [tensors[1]])
    (problem,) = planning.refusals(builder.build([tensors[0]], [tensors[1]]), "case")
    assert f"no kernel computes {kind}: {REASONS[kind]}" in problem


def test_reasons_continue_a_sentence() -> None:
    for reason in REASONS.values():
        assert not reason.endswith(".") and (reason[0].islower() or reason.startswith("TFLM"))
