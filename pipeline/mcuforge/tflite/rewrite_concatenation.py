"""CONCATENATION of many inputs in ops that TFLM has: its own takes ten at most.

Neighbours are put together first, ten at a time, until ten are left. Nothing is rescaled: all of
them are quantised as the output is.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ai_edge_litert import schema_py_generated as schema

from mcuforge.tflite import flatbuffer

CONCATENATION = schema.BuiltinOperator.CONCATENATION
MAX_INPUTS = 10


def rewritten(model: Any, graph: Any, op: Any) -> list[Any]:
    """The ops that compute what `op`, a CONCATENATION, does; the last writes its output."""
    inputs, ops = [int(i) for i in op.inputs], []
    while len(inputs) > MAX_INPUTS:
        groups = [inputs[at : at + MAX_INPUTS] for at in range(0, len(inputs), MAX_INPUTS)]
        inputs = []
        for group in groups:
            if len(group) == 1:
                inputs += group
                continue
            inputs.append(_part(model, graph, op, group))
            ops.append(_op(op, group, inputs[-1]))
    return [*ops, _op(op, inputs, int(op.outputs[0]))]


def _part(model: Any, graph: Any, op: Any, inputs: Sequence[int]) -> int:
    """A new tensor for those inputs of `op`."""
    target, axis = graph.tensors[op.outputs[0]], _axis(op)
    shape = [int(d) for d in target.shape]
    shape[axis] = sum(int(graph.tensors[i].shape[axis]) for i in inputs)
    return flatbuffer.add_tensor(model, graph, target, shape)


def _axis(op: Any) -> int:
    return 0 if op.builtinOptions is None else int(op.builtinOptions.axis)


def _op(like: Any, inputs: Sequence[int], output: int) -> Any:
    op = schema.OperatorT()
    op.opcodeIndex, op.inputs, op.outputs = like.opcodeIndex, list(inputs), [output]
    op.builtinOptionsType, op.builtinOptions = like.builtinOptionsType, like.builtinOptions
    return op
