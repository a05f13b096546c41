"""What TFLM is given in place of operators that LiteRT computes in int8 and TFLM does not.

A unary one becomes the look-up of its 256 results in a constant:

    int8 OP int8   ->   int8 CAST int32 ADD 128 int32 GATHER int8

The results are those of LiteRT's reference kernel, not ours; all other operators of the file stay,
so that TFLM's kernels decide about them. SELECT of tensors of one shape becomes SELECT_V2. Tensors
keep their numbers.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from ai_edge_litert import schema_py_generated as schema

from mcuforge.oracle import child, litert
from mcuforge.tflite import flatbuffer

_OPS = schema.BuiltinOperator
TABLED = (_OPS.EXP, _OPS.LOG, _OPS.GELU, _OPS.RELU_N1_TO_1, _OPS.RELU_0_TO_1)
_INT8 = schema.TensorType.INT8
_EVERY = np.arange(-128, 128).astype(np.int8)


def applied(model: bytes) -> bytes:
    """The `.tflite` that TFLM can run; the same bytes where TFLM has every operator."""
    if _kinds(model).isdisjoint((*TABLED, _OPS.SELECT)):
        return model
    unpacked = flatbuffer.unpack(model)
    graph = unpacked.subgraphs[0]
    _replace_selects(unpacked, graph)
    chosen = [op for op in graph.operators if _is_tabled(unpacked, graph, op)]
    if chosen:
        _replace(unpacked, graph, chosen, _results(unpacked, graph, chosen))
    flatbuffer.remove_unused_codes(unpacked)
    return flatbuffer.pack(unpacked)


def _kinds(model: bytes) -> set[int]:
    """The kinds of ops; none of a damaged file, which TFLM's own process refuses."""
    try:
        view = schema.Model.GetRootAs(model, 0)
        codes = [view.OperatorCodes(i) for i in range(view.OperatorCodesLength())]
        return {max(c.BuiltinCode(), c.DeprecatedBuiltinCode()) for c in codes}
    except Exception:  # whatever the bindings raise
        return set()


def _is_tabled(model: Any, graph: Any, op: Any) -> bool:
    return flatbuffer.op_kind(model, op) in TABLED and graph.tensors[op.inputs[0]].type == _INT8


def _replace_selects(model: Any, graph: Any) -> None:
    for op in graph.operators:
        if flatbuffer.op_kind(model, op) == _OPS.SELECT:
            op.opcodeIndex = _code(model, _OPS.SELECT_V2)
            op.builtinOptionsType = schema.BuiltinOptions.SelectV2Options
            op.builtinOptions = schema.SelectV2OptionsT()


def _results(model: Any, graph: Any, ops: Sequence[Any]) -> list[npt.NDArray[np.int8]]:
    """The 256 results of each op: LiteRT runs a file in which each has inputs of its own."""
    alone = schema.ModelT()
    alone.version, alone.buffers = model.version, [schema.BufferT()]
    alone.operatorCodes = model.operatorCodes
    subgraph = schema.SubGraphT()
    subgraph.tensors, subgraph.operators = [], []
    for op in ops:
        ends = [_of_every(graph.tensors[i]) for i in (op.inputs[0], op.outputs[0])]
        first = len(subgraph.tensors)
        subgraph.tensors += ends
        subgraph.operators.append(_op(op.opcodeIndex, [first], [first + 1]))
        subgraph.operators[-1].builtinOptionsType = op.builtinOptionsType
        subgraph.operators[-1].builtinOptions = op.builtinOptions
    subgraph.inputs = list(range(0, len(subgraph.tensors), 2))
    subgraph.outputs = list(range(1, len(subgraph.tensors), 2))
    alone.subgraphs = [subgraph]
    flatbuffer.remove_unused_codes(alone)  # LiteRT's reference kernels lack others, such as ELU
    sample = [_EVERY] * len(ops)
    reply = child.run(litert.REFERENCE, "BUILTIN_REF", flatbuffer.pack(alone), [sample])
    return reply.outputs[0]


def _of_every(tensor: Any) -> Any:
    """A tensor of 256 values that is quantised likewise."""
    return _tensor("", _INT8, [len(_EVERY)], quantization=tensor.quantization)


def _replace(
    model: Any, graph: Any, ops: Sequence[Any], tables: Sequence[npt.NDArray[np.int8]]
) -> None:
    tables_of = {id(op): table for op, table in zip(ops, tables, strict=True)}
    replaced: list[Any] = []
    for op in graph.operators:
        if id(op) not in tables_of:
            replaced.append(op)
            continue
        shape = list(graph.tensors[op.inputs[0]].shape)
        wide, index = (
            _added(graph, _tensor(name, schema.TensorType.INT32, shape)) for name in ("q", "index")
        )
        middle = _constant(model, graph, schema.TensorType.INT32, np.array(128, np.int32))
        table = _constant(model, graph, _INT8, tables_of[id(op)])
        replaced += [
            _op(_code(model, _OPS.CAST), [op.inputs[0]], [wide], schema.CastOptionsT()),
            _op(_code(model, _OPS.ADD), [wide, middle], [index], schema.AddOptionsT()),
            _op(_code(model, _OPS.GATHER), [table, index], op.outputs, schema.GatherOptionsT()),
        ]
    graph.operators = replaced


def _code(model: Any, kind: int) -> int:
    """The number of an operator code of that kind, which is added."""
    code = schema.OperatorCodeT()
    code.builtinCode, code.deprecatedBuiltinCode, code.version = kind, min(kind, 127), 1
    model.operatorCodes.append(code)
    return len(model.operatorCodes) - 1


def _op(code: int, inputs: Sequence[int], outputs: Sequence[int], options: Any = None) -> Any:
    op = schema.OperatorT()
    op.opcodeIndex, op.inputs, op.outputs = code, list(inputs), list(outputs)
    if options is not None:
        name = type(options).__name__.removesuffix("T")
        op.builtinOptionsType = getattr(schema.BuiltinOptions, name)
        op.builtinOptions = options
    return op


def _tensor(name: str, kind: int, shape: Sequence[int], buffer: int = 0, **fields: Any) -> Any:
    tensor = schema.TensorT()
    tensor.name, tensor.type, tensor.shape, tensor.buffer = name, kind, list(shape), buffer
    for field, value in fields.items():
        setattr(tensor, field, value)
    return tensor


def _added(graph: Any, tensor: Any) -> int:
    graph.tensors.append(tensor)
    return len(graph.tensors) - 1


def _constant(model: Any, graph: Any, kind: int, values: npt.NDArray[Any]) -> int:
    buffer = schema.BufferT()
    buffer.data = np.frombuffer(values.tobytes(), np.uint8)
    model.buffers.append(buffer)
    return _added(graph, _tensor("table", kind, values.shape, len(model.buffers) - 1))
