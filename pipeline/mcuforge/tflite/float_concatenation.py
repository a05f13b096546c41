"""CONCATENATION that the converter left in float, in integers: what it reads is quantised before.

TensorFlow's converter has no int8 form of ELU and others, and leaves a CONCATENATION that reads one
in float as well. Quantising each value gives the same before as after:

    DEQUANTIZE a, float ELU, CONCATENATION, QUANTIZE -> b
    QUANTIZE float ELU -> b, CONCATENATION of a and that, in integers

Where a and b are quantised differently, `rewrite_rescaling` then puts a QUANTIZE between.
"""

from __future__ import annotations

from typing import Any

from ai_edge_litert import schema_py_generated as schema

from mcuforge.tflite import flatbuffer
from mcuforge.tflite.rewrite_rescaling import operator_code, unary

_Op = schema.BuiltinOperator
_NONE = schema.ActivationFunctionType.NONE
_VERSION = 2  # from here on CONCATENATION takes int8


def rewrite_float_concatenations(model: Any, graph: Any, integers: dict[int, int]) -> bool:
    """Rewrite all of a subgraph; True where there was one.

    `integers` are the tensors that DEQUANTIZE reads, by what it writes.
    """
    changed = False
    for op in graph.operators[::-1]:  # of two, one of which reads the other, the later one first
        if flatbuffer.op_kind(model, op) != _Op.CONCATENATION:
            continue
        quantize = _only_reader(graph, int(op.outputs[0]))
        if quantize is None or not _is_float(model, graph, op, quantize):
            continue
        _quantise_inputs(model, graph, op, int(quantize.outputs[0]), integers)
        graph.operators.remove(quantize)
        changed = True
    return changed


def _only_reader(graph: Any, tensor: int) -> Any | None:
    """The op that reads a tensor, if it is one alone and the tensor is no output."""
    found = [op for op in graph.operators if tensor in op.inputs]
    return found[0] if len(found) == 1 and tensor not in graph.outputs else None


def _is_float(model: Any, graph: Any, op: Any, reader: Any) -> bool:
    """Whether `op` joins floats that are computed, without an activation, for a QUANTIZE."""
    tensors = [graph.tensors[i] for i in op.inputs]
    options = op.builtinOptions
    return (
        flatbuffer.op_kind(model, reader) == _Op.QUANTIZE
        and all(t.type == schema.TensorType.FLOAT32 for t in tensors)
        and all(flatbuffer.constant(model, t) is None for t in tensors)
        and (options is None or options.fusedActivationFunction == _NONE)
    )


def _quantise_inputs(
    model: Any, graph: Any, op: Any, target: int, integers: dict[int, int]
) -> None:
    added: dict[int, Any] = {}
    for tensor in dict.fromkeys(int(i) for i in op.inputs if int(i) not in integers):
        shape = graph.tensors[tensor].shape
        number = flatbuffer.add_tensor(model, graph, graph.tensors[target], shape)
        added[tensor] = unary(model, _Op.QUANTIZE, tensor, number)
    made = integers | {tensor: int(quantize.outputs[0]) for tensor, quantize in added.items()}
    op.inputs, op.outputs = [made[int(i)] for i in op.inputs], [target]
    op.opcodeIndex = operator_code(model, _Op.CONCATENATION, _VERSION)
    place = next(n for n, each in enumerate(graph.operators) if each is op)
    graph.operators[place:place] = list(added.values())
