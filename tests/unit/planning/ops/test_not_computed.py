"""Every operator of TFLM is computed, or a message says why not."""

from __future__ import annotations

import pytest
from ai_edge_litert import schema_py_generated as schema
from tflite_builder import Builder

from mcuforge import planning
from mcuforge.planning.ops.not_computed import REASONS
from mcuforge.planning.ops.registry import OPERATORS


@pytest.mark.parametrize("kind", sorted(REASONS))
def test_the_reason_is_told(kind: str) -> None:
    assert kind not in OPERATORS
    builder = Builder()
    tensors = [builder.tensor((1, 4)) for _ in range(2)]
    builder.op(getattr(schema.BuiltinOperator, kind), [tensors[0]], [tensors[1]])
    (problem,) = planning.refusals(builder.build([tensors[0]], [tensors[1]]), "case")
    assert f"no kernel computes {kind}: {REASONS[kind]}" in problem
