"""Ops that only move values, left in float by the converter, in the integers around them.

TensorFlow's converter quantises no op of which an output is never used: it has seen no range for
it. Unrolled recurrent layers begin with such a SPLIT, since their first state is 0. Values that are
only moved need no range:

    DEQUANTIZE a, move, QUANTIZE -> b        move of the integers, then QUANTIZE a -> b

A CONCATENATION that joins them with what is computed in float: `float_concatenation.py`.
"""

from __future__ import annotations

import copy
from typing import Any

from ai_edge_litert import schema_py_generated as schema

from mcuforge.tflite import flatbuffer
from mcuforge.tflite.float_concatenation import rewrite_float_concatenations
from mcuforge.tflite.rewrite_rescaling import operator_code

_Op = schema.BuiltinOperator
# Position of the input that is moved.
_MOVES = {
    _Op.SPLIT: 1, _Op.SPLIT_V: 0, _Op.UNPACK: 0, _Op.STRIDED_SLICE: 0, _Op.SLICE: 0,
    _Op.RESHAPE: 0, _Op.TRANSPOSE: 0, _Op.SQUEEZE: 0, _Op.EXPAND_DIMS: 0,
}  # fmt: skip
_INTEGERS = (schema.TensorType.INT8, schema.TensorType.INT16)
_VERSION = 2  # from here on these ops take int8


def rewrite_float_moves(model: bytes) -> bytes:
    """The model with every such op rewritten; the same bytes where there is none."""
    unpacked = flatbuffer.unpack(model)
    changed = [_rewrite_graph(unpacked, graph) for graph in unpacked.subgraphs]
    if not any(changed):
        return model
    flatbuffer.remove_unused(unpacked)
    return flatbuffer.pack(unpacked)


def _rewrite_graph(model: Any, graph: Any) -> bool:
    integers = {
        int(op.outputs[0]): int(op.inputs[0])
        for op in graph.operators
        if flatbuffer.op_kind(model, op) == _Op.DEQUANTIZE
        and graph.tensors[op.inputs[0]].type in _INTEGERS
    }
    joined = rewrite_float_concatenations(model, graph, integers)
    readers = _readers(graph)
    found = [
        op
        for op in graph.operators
        if (kind := flatbuffer.op_kind(model, op)) in _MOVES
        and int(op.inputs[_MOVES[kind]]) in integers
        and _only_quantised(model, graph, op, readers)
    ]
    for op in found:
        _move_integers(model, graph, op, integers, readers)
    still_read = _readers(graph).keys() | {int(i) for i in graph.outputs}
    graph.operators = [
        op
        for op in graph.operators
        if flatbuffer.op_kind(model, op) != _Op.DEQUANTIZE or int(op.outputs[0]) in still_read
    ]
    return joined or bool(found)


def _readers(graph: Any) -> dict[int, list[Any]]:
    readers: dict[int, list[Any]] = {}
    for op in graph.operators:
        for tensor in op.inputs:
            readers.setdefault(int(tensor), []).append(op)
    return readers


def _only_quantised(model: Any, graph: Any, op: Any, readers: dict[int, list[Any]]) -> bool:
    """Whether nothing but QUANTIZE reads what the op gives."""
    given = {int(t) for t in op.outputs}
    if given & {int(i) for i in graph.outputs}:
        return False
    every = [reader for t in given for reader in readers.get(t, [])]
    return all(flatbuffer.op_kind(model, reader) == _Op.QUANTIZE for reader in every)


def _move_integers(
    model: Any, graph: Any, op: Any, integers: dict[int, int], readers: dict[int, list[Any]]
) -> None:
    kind = flatbuffer.op_kind(model, op)
    position = _MOVES[kind]
    source = integers[int(op.inputs[position])]
    op.inputs = [source if i == position else int(t) for i, t in enumerate(op.inputs)]
    op.opcodeIndex = operator_code(model, kind, _VERSION)
    for tensor in map(int, op.outputs):
        graph.tensors[tensor].type = graph.tensors[source].type
        graph.tensors[tensor].quantization = copy.deepcopy(graph.tensors[source].quantization)
        for reader in readers.get(tensor, []):
            reader.opcodeIndex = operator_code(model, _Op.QUANTIZE, _VERSION)
