"""Every operator, and what the passes know, without inputs: refused in words."""

from __future__ import annotations

import pytest
from ai_edge_litert import schema_py_generated as schema
from tflite_builder import Builder

from mcuforge.errors import ModelError
from mcuforge.frontend import tflite_reader
from mcuforge.frontend.graph import Graph, Op
from mcuforge.frontend.passes import legalise
from mcuforge.frontend.passes.fold_shape_arithmetic import _OPS
from mcuforge.frontend.verify import verify
from mcuforge.planning import problems
from mcuforge.planning.ops.registry import OPERATORS

KINDS = sorted({*OPERATORS, *_OPS, "SHAPE"})


def model(kind: str, inputs: list[int], outputs: int) -> Graph:
    """One op with those inputs; the file's last tensor is a constant that fits its output."""
    b = Builder()
    first = b.tensor([4])
    targets = [b.tensor([4]) for _ in range(outputs)]
    b.tensor([4], data=b"\1\2\3\4")
    b.op(schema.BuiltinOperator.RELU, [first], [b.tensor([4])])
    b.op(schema.BuiltinOperator.RESHAPE, inputs, targets)
    graph = tflite_reader.read_bytes(b.build([first], targets or [first]), "test")
    op = graph.ops[-1]
    changed = Op(op.index, kind, 1, op.inputs, op.outputs, op.attributes)
    return Graph("test", graph.tensors, (*graph.ops[:-1], changed), graph.inputs, graph.outputs)


@pytest.mark.parametrize("inputs", [[], [-1], [-1, -1], [-1] * 9])
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("outputs", [1, 2])
def test_it_is_refused(kind: str, inputs: list[int], outputs: int) -> None:
    with pytest.raises(ModelError, match=kind):
        problems.check(legalise(verify(model(kind, inputs, outputs))))
