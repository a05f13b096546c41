"""A `.tflite` as objects to edit, and back. Only for files that our own converter just wrote."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import flatbuffers
import numpy as np
from ai_edge_litert import schema_py_generated as schema

FILE_IDENTIFIER = b"TFL3"
LAST_OLD_CODE = 127  # stands in the older, narrow field for all operators after it
BUFFER_ALIGNMENT = 16  # the schema's force_align, which kernels rely on


class _AlignedBuffer(schema.BufferT):  # type: ignore[misc]
    """A buffer that keeps its alignment: the bindings' own Pack drops the schema's force_align."""

    def Pack(self, builder: Any) -> int:  # noqa: N802 (the bindings' name)
        if self.data is None or len(self.data) == 0:
            return int(super().Pack(builder))
        content = np.asarray(self.data, np.uint8).tobytes()
        builder.StartVector(1, len(content), BUFFER_ALIGNMENT)
        builder.head -= len(content)
        builder.Bytes[builder.head : builder.head + len(content)] = content
        data = builder.EndVector()
        schema.BufferStart(builder)
        schema.BufferAddData(builder, data)
        return int(schema.BufferEnd(builder))


def unpack(model: bytes) -> Any:
    """The model's `ModelT`."""
    return schema.ModelT.InitFromPackedBuf(model, 0)


def pack(model: Any) -> bytes:
    """The bytes of a `ModelT`, every buffer aligned to 16 bytes."""
    model.buffers = [_aligned(buffer) for buffer in model.buffers]
    builder = flatbuffers.Builder(1024)
    builder.Finish(model.Pack(builder), FILE_IDENTIFIER)
    return bytes(builder.Output())


def _aligned(buffer: Any) -> _AlignedBuffer:
    aligned = _AlignedBuffer()
    aligned.data, aligned.offset, aligned.size = buffer.data, buffer.offset, buffer.size
    return aligned


def op_kind(model: Any, op: Any) -> int:
    """The op's builtin code. It moved to a wider field; files carry either or both."""
    code = model.operatorCodes[op.opcodeIndex]
    return max(int(code.builtinCode), int(code.deprecatedBuiltinCode))


def name_of(tensor: Any) -> str:
    """A tensor's name."""
    return (tensor.name or b"").decode("utf-8", errors="replace")


def constant(model: Any, tensor: Any) -> Any:
    """The bytes of a constant tensor as a uint8 array, else None."""
    data = model.buffers[tensor.buffer].data
    return None if data is None or len(data) == 0 else np.asarray(data, np.uint8)


def add_tensor(model: Any, graph: Any, like: Any, shape: Sequence[int], data: Any = None) -> int:
    """The number of a new tensor of that name, type and quantisation; `data` makes it constant."""
    tensor = schema.TensorT()
    tensor.name, tensor.shape, tensor.type = like.name, list(shape), like.type
    tensor.quantization, tensor.buffer, tensor.hasRank = like.quantization, 0, True
    if data is not None:
        buffer = schema.BufferT()
        buffer.data = np.frombuffer(data.tobytes(), np.uint8)
        model.buffers.append(buffer)
        tensor.buffer = len(model.buffers) - 1
    graph.tensors.append(tensor)
    return len(graph.tensors) - 1


def code_of(model: Any, kind: int, version: int = 1) -> int:
    """The number of the operator code of that kind, which is added where there is none."""
    for number, code in enumerate(model.operatorCodes):
        if max(code.builtinCode, code.deprecatedBuiltinCode) == kind:
            return number
    code = schema.OperatorCodeT()
    code.builtinCode, code.deprecatedBuiltinCode = kind, min(kind, LAST_OLD_CODE)
    code.version = version
    model.operatorCodes.append(code)
    return len(model.operatorCodes) - 1


def remove_unused(model: Any) -> None:
    """Drop the tensors, operator codes and buffers that nothing refers to any more."""
    for graph in model.subgraphs:
        _remove_unused_tensors(model, graph)
    remove_unused_codes(model)
    _remove_unused_buffers(model)


def remove_unused_codes(model: Any) -> None:
    """Drop the operator codes that no op refers to: TFLM looks every one up."""
    ops = [op for graph in model.subgraphs for op in graph.operators]
    codes = _renumbering(op.opcodeIndex for op in ops)
    for op in ops:
        op.opcodeIndex = codes[op.opcodeIndex]
    model.operatorCodes = [model.operatorCodes[old] for old in codes]


def _remove_unused_tensors(model: Any, graph: Any) -> None:
    used = {int(i) for op in graph.operators for i in [*op.inputs, *op.outputs] if i >= 0}
    used |= {int(i) for i in [*graph.inputs, *graph.outputs]}
    numbers = _renumbering(used)
    for op in graph.operators:
        op.inputs = [numbers.get(int(i), -1) for i in op.inputs]
        op.outputs = [numbers[int(i)] for i in op.outputs]
    graph.inputs = [numbers[int(i)] for i in graph.inputs]
    graph.outputs = [numbers[int(i)] for i in graph.outputs]
    graph.tensors = [graph.tensors[old] for old in numbers]
    position = next(i for i, other in enumerate(model.subgraphs) if other is graph)
    for signature in model.signatureDefs or []:
        if signature.subgraphIndex == position:
            for entry in [*(signature.inputs or []), *(signature.outputs or [])]:
                entry.tensorIndex = numbers[entry.tensorIndex]


def _remove_unused_buffers(model: Any) -> None:
    tensors = [tensor for graph in model.subgraphs for tensor in graph.tensors]
    metadata = model.metadata or []
    # buffer 0 is the schema's sentinel for "no data"
    numbers = _renumbering([0, *(x.buffer for x in tensors), *(x.buffer for x in metadata)])
    for entry in [*tensors, *metadata]:
        entry.buffer = numbers[entry.buffer]
    if model.metadataBuffer is not None:
        model.metadataBuffer = [numbers[i] for i in model.metadataBuffer if i in numbers]
    model.buffers = [model.buffers[old] for old in numbers]


def _renumbering(used: Iterable[int]) -> dict[int, int]:
    """Old number -> new number, in ascending order."""
    return {old: new for new, old in enumerate(sorted({int(i) for i in used}))}
