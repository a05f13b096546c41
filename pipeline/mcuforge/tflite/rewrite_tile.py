"""TILE in ops that TFLM has: it has none itself.

An axis after the other: what lies from it on is a row [1, elements], which BROADCAST_TO repeats.
A RESHAPE before and one at the end, whose bytes stay, give the shapes. Types are those of TILE.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any

import numpy as np
from ai_edge_litert import schema_py_generated as schema

from mcuforge.tflite import flatbuffer

TILE = schema.BuiltinOperator.TILE
_RESHAPE = schema.BuiltinOperator.RESHAPE
_BROADCAST_TO = schema.BuiltinOperator.BROADCAST_TO
_BROADCAST_TO_VERSION = 3


def rewritten(model: Any, graph: Any, op: Any, multiples: Sequence[int]) -> list[Any]:
    """The ops that compute what `op`, a TILE by `multiples`, does; the last writes its output."""
    source, target = (graph.tensors[i] for i in (op.inputs[0], op.outputs[0]))
    shape, ops, last = [int(d) for d in source.shape], [], int(op.inputs[0])
    for axis, multiple in enumerate(multiples):
        if multiple == 1:
            continue
        before, row = prod(shape[:axis]), prod(shape[axis:])
        single = flatbuffer.add_tensor(model, graph, target, (before, 1, row))
        repeated = flatbuffer.add_tensor(model, graph, target, (before, multiple, row))
        ops.append(_op(model, graph, _RESHAPE, last, single, (before, 1, row)))
        ops.append(_op(model, graph, _BROADCAST_TO, single, repeated, (before, multiple, row)))
        last = repeated
        shape[axis] *= multiple
    return [*ops, _op(model, graph, _RESHAPE, last, int(op.outputs[0]), shape)]


def _op(model: Any, graph: Any, kind: int, source: int, target: int, shape: Sequence[int]) -> Any:
    """An op whose second input is the shape of its output."""
    numbers = schema.TensorT()
    numbers.name, numbers.type = graph.tensors[target].name, schema.TensorType.INT32
    op = schema.OperatorT()
    version = _BROADCAST_TO_VERSION if kind == _BROADCAST_TO else 1
    op.opcodeIndex = flatbuffer.code_of(model, kind, version)
    data = np.asarray(shape, "<i4")
    op.inputs = [source, flatbuffer.add_tensor(model, graph, numbers, data.shape, data)]
    op.outputs = [target]
    return op
