"""Constants that are moved about: TRANSPOSE of weights, GATHER of a table, BROADCAST_TO of a bias.

The bytes are what the op would make on the device, so that it needs not be there. What would grow
by much stays, as it would take flash instead of time.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from mcuforge.frontend.graph import Activation, DType, Graph, Op, Tensor
from mcuforge.frontend.passes.array_moves import FAILED, MOVES, Known

MAX_GROWTH = 2  # of an op's outputs, beside its inputs
MAX_MORE_BYTES = 1024
MAX_BYTES = 2**24  # that a model's ops move, more than its constants have
_NOT_MOVED = (DType.INT4, DType.FLOAT16, DType.RESOURCE, DType.OTHER)


def fold_constant_moves(graph: Graph) -> Graph:
    """Turn the outputs of ops that move constants, and of ZEROS_LIKE, into constants."""
    tensors = list(graph.tensors)
    kept: list[Op] = []
    left = MAX_BYTES + 4 * sum(t.data.nbytes for t in tensors if t.data is not None)
    for op in graph.ops:
        left -= _bytes_moved(tensors, op)
        folded = _folded(tensors, op) if left >= 0 else None
        if folded is None:
            kept.append(op)
            continue
        for tensor in folded:
            tensors[tensor.index] = tensor
    return replace(graph, tensors=tuple(tensors), ops=tuple(kept))


def _bytes_moved(tensors: Sequence[Tensor], op: Op) -> int:
    """What folding the op would read and write."""
    if op.kind not in MOVES and op.kind != "ZEROS_LIKE":
        return 0
    present = [tensors[i] for i in op.inputs if i >= 0]
    return sum(t.bytes for t in (*present, *(tensors[i] for i in op.outputs)))


def _folded(tensors: Sequence[Tensor], op: Op) -> list[Tensor] | None:
    """The op's outputs as constants; None where they are not known, or are better computed."""
    targets = [tensors[i] for i in op.outputs]
    if op.kind == "ZEROS_LIKE":
        return _zeros(tensors, op)
    sources = [tensors[i] for i in op.inputs if i >= 0]
    if op.kind not in MOVES or len(sources) != len(op.inputs) or not sources:
        return None
    if any(t.data is None for t in sources) or not _alike(sources, targets):
        return None
    if getattr(op.attributes, "activation", Activation.NONE) is not Activation.NONE:
        return None
    read, written = (sum(t.bytes for t in group) for group in (sources, targets))
    if written > MAX_GROWTH * read + MAX_MORE_BYTES:
        return None
    return _moved(op, sources, targets, read)


def _alike(sources: Sequence[Tensor], targets: Sequence[Tensor]) -> bool:
    """True where every source of the outputs' type means what they do: nothing is rescaled."""
    dtype, quantization = targets[0].dtype, targets[0].quantization
    moved = [t for t in (*sources, *targets) if t.dtype is dtype]
    if dtype in _NOT_MOVED or (quantization is not None and quantization.per_channel):
        return False
    return all(_numbers(t) == _numbers(targets[0]) for t in moved)


def _numbers(tensor: Tensor) -> tuple[tuple[float, ...], tuple[int, ...]] | None:
    q = tensor.quantization
    return None if q is None else (q.scales, q.zero_points)


def _zeros(tensors: Sequence[Tensor], op: Op) -> list[Tensor] | None:
    """The output of ZEROS_LIKE, where a zero byte means zero."""
    target = tensors[op.outputs[0]]
    q = target.quantization
    shifted = q is not None and any(q.zero_points)
    if target.dtype in _NOT_MOVED or shifted or not op.has_first_input:
        return None
    if target.shape != tensors[op.inputs[0]].shape or target.bytes > MAX_BYTES:
        return None
    return [_constant(target, np.zeros(target.shape, target.dtype.numpy))]


def _moved(
    op: Op, sources: Sequence[Tensor], targets: Sequence[Tensor], read: int
) -> list[Tensor] | None:
    values = [t.data for t in sources if t.data is not None]
    try:
        found = MOVES[op.kind](Known(op, values, [t.shape for t in targets], MAX_GROWTH * read))
    except FAILED:
        return None  # damaged, or hostile: the op's rules say how
    results = found if isinstance(found, list) else [found]
    if [(r.shape, r.dtype) for r in results] != [(t.shape, t.dtype.numpy) for t in targets]:
        return None
    return [_constant(t, r) for t, r in zip(targets, results, strict=True)]


def _constant(tensor: Tensor, values: npt.NDArray[Any]) -> Tensor:
    data = np.array(values, order="C")
    data.flags.writeable = False
    return replace(tensor, data=data)
