"""Keras 3's nearest upsampling, rewritten to RESIZE_NEAREST_NEIGHBOR in the `.tflite` itself.

Keras 3 enlarges by repeating along one axis after the other, which the converter writes as a
chain of RESHAPE and TILE on tensors of five dimensions (neighbouring layers share reshapes):

    [1,H,W,C] RESHAPE [1,H,1,W,C] TILE [1,H,2,W,C] RESHAPE [1,2H,W,1,C] TILE ... RESHAPE [1,2H,2W,C]

TFLM has no TILE kernel. A chain is rewritten only if following every element's index through it
shows that it computes out[y, x] = in[y / fy, x / fx] for whole factors fy and fx.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from ai_edge_litert import schema_py_generated as schema

from mcuforge.tflite import flatbuffer

_RESHAPE = schema.BuiltinOperator.RESHAPE
_TILE = schema.BuiltinOperator.TILE
_RESIZE = schema.BuiltinOperator.RESIZE_NEAREST_NEIGHBOR
_RESIZE_VERSION = 3  # the version that knows half_pixel_centers
_VALUES = (schema.TensorType.INT8, schema.TensorType.FLOAT32)
_MAX_ELEMENTS = 1 << 26  # of an intermediate: far beyond what a microcontroller holds


@dataclass(frozen=True)
class Rewritten:
    """The model, and the names of the tensors that are now the output of a resize."""

    model: bytes
    tensors: tuple[str, ...]


def rewrite_upsampling(model: bytes) -> Rewritten:
    """Rewrite every nearest upsampling by whole factors; the same bytes where there is none."""
    unpacked = flatbuffer.unpack(model)
    names = [name for graph in unpacked.subgraphs for name in _rewrite_graph(unpacked, graph)]
    if not names:
        return Rewritten(model, ())
    flatbuffer.remove_unused(unpacked)
    return Rewritten(flatbuffer.pack(unpacked), tuple(names))


def _rewrite_graph(model: Any, graph: Any) -> list[str]:
    names = []
    position = 0
    while position < len(graph.operators):
        chain = _upsampling_chain(model, graph, position)
        if chain:
            names.append(flatbuffer.name_of(graph.tensors[chain[-1].outputs[0]]))
            graph.operators[position] = _resize_op(model, graph, chain)
            removed = {id(op) for op in chain[1:]}
            graph.operators = [op for op in graph.operators if id(op) not in removed]
        position += 1
    return names


def _upsampling_chain(model: Any, graph: Any, start: int) -> list[Any]:
    """The longest chain of ops from `start` that is an upsampling; empty where there is none."""
    source = _image(graph, graph.operators[start].inputs[0])
    if source is None:
        return []
    indices = np.arange(np.prod(source.shape), dtype=np.int32).reshape(source.shape)
    reached, chain, longest = indices, [], []
    for op in _chain(model, graph, start):
        followed = _follow(model, graph, op, reached)
        if followed is None:
            break
        reached = followed
        chain.append(op)
        target = _image(graph, op.outputs[0])
        if target is not None and _same_scale(source, target) and _is_upsampling(indices, reached):
            longest = list(chain)
    return longest


def _chain(model: Any, graph: Any, start: int) -> list[Any]:
    """RESHAPE and TILE ops from `start`, each the only reader of the one before."""
    op = graph.operators[start]
    chain: list[Any] = []
    while op is not None and flatbuffer.op_kind(model, op) in (_RESHAPE, _TILE):
        chain.append(op)
        op = _only_reader(graph, int(op.outputs[0]))
    return chain


def _only_reader(graph: Any, tensor: int) -> Any:
    readers = [op for op in graph.operators if tensor in [int(i) for i in op.inputs]]
    return readers[0] if len(readers) == 1 and tensor not in graph.outputs else None


def _image(graph: Any, index: int) -> Any:
    """The tensor if it is int8 or float32 [1, H, W, C], else None."""
    tensor = graph.tensors[index]
    is_image = tensor.shape is not None and len(tensor.shape) == 4 and tensor.shape[0] == 1
    return tensor if is_image and tensor.type in _VALUES else None


def _same_scale(a: Any, b: Any) -> bool:
    if a.quantization is None or b.quantization is None:
        return a.quantization is b.quantization and a.type == b.type
    return a.type == b.type and all(
        np.array_equal(getattr(a.quantization, part), getattr(b.quantization, part))
        for part in ("scale", "zeroPoint")
    )


def _follow(
    model: Any, graph: Any, op: Any, indices: npt.NDArray[np.int32]
) -> npt.NDArray[np.int32] | None:
    """What the op does to the indices; None where it does not say, or not what it declares."""
    shape = tuple(int(d) for d in graph.tensors[op.outputs[0]].shape)
    elements = int(np.prod(shape))
    if flatbuffer.op_kind(model, op) == _RESHAPE:
        return indices.reshape(shape) if elements == indices.size else None
    multiples = flatbuffer.constant(model, graph.tensors[op.inputs[1]])
    if multiples is None or elements > _MAX_ELEMENTS:
        return None
    is_int64 = graph.tensors[op.inputs[1]].type == schema.TensorType.INT64
    counts = multiples.tobytes()
    factors = [int(i) for i in np.frombuffer(counts, "<i8" if is_int64 else "<i4")]
    if [d * f for d, f in zip(indices.shape, factors, strict=False)] != list(shape):
        return None
    return np.tile(indices, factors)


def _is_upsampling(before: npt.NDArray[np.int32], after: npt.NDArray[np.int32]) -> bool:
    _, height, width, channels = before.shape
    _, tall, wide, channels_after = after.shape
    if channels != channels_after or tall % height or wide % width or after.size <= before.size:
        return False
    expected = before.repeat(tall // height, axis=1).repeat(wide // width, axis=2)
    return bool(np.array_equal(expected, after))


def _resize_op(model: Any, graph: Any, chain: list[Any]) -> Any:
    options = schema.ResizeNearestNeighborOptionsT()
    options.alignCorners = False
    # (y + 0.5) * in / out stays clear of whole numbers: floor() of it is y / factor for every
    # factor, where y * in / out in float can fall just below
    options.halfPixelCenters = True
    op = schema.OperatorT()
    op.opcodeIndex = _resize_code(model)
    op.inputs = [int(chain[0].inputs[0]), _size_tensor(model, graph, chain[-1])]
    op.outputs = [int(chain[-1].outputs[0])]
    op.builtinOptionsType = schema.BuiltinOptions.ResizeNearestNeighborOptions
    op.builtinOptions = options
    return op


def _resize_code(model: Any) -> int:
    for number, code in enumerate(model.operatorCodes):
        if code.builtinCode == _RESIZE and code.version >= _RESIZE_VERSION:
            return number
    code = schema.OperatorCodeT()
    code.builtinCode = code.deprecatedBuiltinCode = _RESIZE
    code.version = _RESIZE_VERSION
    model.operatorCodes.append(code)
    return len(model.operatorCodes) - 1


def _size_tensor(model: Any, graph: Any, last: Any) -> int:
    """A new constant int32 [2]: height and width of the output."""
    output = graph.tensors[last.outputs[0]]
    buffer = schema.BufferT()
    buffer.data = np.frombuffer(np.asarray(output.shape[1:3], "<i4").tobytes(), np.uint8)
    model.buffers.append(buffer)
    size = schema.TensorT()
    size.name = (flatbuffer.name_of(output) + "/size").encode()
    size.shape = [2]
    size.type = schema.TensorType.INT32
    size.buffer = len(model.buffers) - 1
    size.hasRank = True
    graph.tensors.append(size)
    return len(graph.tensors) - 1
