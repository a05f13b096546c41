"""Integer arithmetic on what is known: what an open batch leaves behind in a file.

A converter that does not know the batch computes shapes at run time: SHAPE of a tensor, then
STRIDED_SLICE, PACK, MUL, ... of its numbers. All shapes of the file are static, so the numbers are.

Only int32 and int64 tensors of at most `MAX_ELEMENTS` are computed, exactly, in Python's integers,
and of a model at most `MAX_NUMBERS`; an op whose result does not fit its tensor, would fail, or
comes after that, is left for the planner to name.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from mcuforge.frontend.graph import Activation, DType, Graph, Op, ReducerAttributes, Tensor
from mcuforge.frontend.passes.array_moves import FAILED, MOVES, Known, Move

MAX_ELEMENTS = 1024
MAX_NUMBERS = 2**17
_INTEGERS = (DType.INT32, DType.INT64)

Numbers = npt.NDArray[Any]  # dtype object: Python's integers, which do not overflow


def fold_shape_arithmetic(graph: Graph) -> Graph:
    """Turn the outputs of SHAPE, and of integer ops on constants, into constants."""
    tensors = list(graph.tensors)
    kept: list[Op] = []
    left = MAX_NUMBERS
    for op in graph.ops:
        left -= _numbers_read(tensors, op)
        folded = _folded(tensors, op) if left >= 0 else None
        if folded is None:
            kept.append(op)
            continue
        for tensor in folded:
            tensors[tensor.index] = tensor
    return replace(graph, tensors=tuple(tensors), ops=tuple(kept))


def _numbers_read(tensors: list[Tensor], op: Op) -> int:
    """How many numbers the op's arithmetic would look at."""
    if op.kind not in _OPS:
        return 0
    known = [v for v in (tensors[i] for i in op.inputs if i >= 0) if v.data is not None]
    return sum(min(t.elements, MAX_ELEMENTS) for t in known if t.dtype in _INTEGERS)


def _folded(tensors: list[Tensor], op: Op) -> list[Tensor] | None:
    """The op's outputs as constants; None where they cannot be known."""
    targets = [tensors[i] for i in op.outputs]
    if not all(t.dtype in _INTEGERS and t.elements <= MAX_ELEMENTS for t in targets):
        return None
    results = _results(tensors, op, [t.shape for t in targets])
    if results is None or len(results) != len(targets):
        return None
    folded = [_constant(t, r) for t, r in zip(targets, results, strict=True)]
    return [t for t in folded if t is not None] if None not in folded else None


def _results(
    tensors: list[Tensor], op: Op, shapes: Sequence[tuple[int, ...]]
) -> Sequence[Numbers] | None:
    if op.kind == "SHAPE" and len(op.inputs) == 1 and op.inputs[0] >= 0:
        source = tensors[op.inputs[0]]
        return None if source.has_unknown_extent else [np.array(source.shape, object)]
    compute = _OPS.get(op.kind)
    if len(op.inputs) > MAX_ELEMENTS:
        return None
    values = [_values(tensors, i) for i in op.inputs]
    known = [v for v in values if v is not None]
    fused = getattr(op.attributes, "activation", Activation.NONE) is not Activation.NONE
    too_large = sum(v.size for v in known) > 2 * MAX_ELEMENTS
    if compute is None or not known or len(known) != len(values) or fused or too_large:
        return None
    try:
        found = compute(Known(op, known, shapes, MAX_ELEMENTS))
    except FAILED:
        return None  # damaged, or hostile
    return found if isinstance(found, list) else [found]


def _values(tensors: list[Tensor], index: int) -> Numbers | None:
    tensor = tensors[index] if index >= 0 else None
    if tensor is None or tensor.data is None:
        return None
    if tensor.dtype not in _INTEGERS or tensor.elements > MAX_ELEMENTS:
        return None
    return tensor.data.astype(object)


def _constant(tensor: Tensor, values: Numbers) -> Tensor | None:
    """The tensor with those values; None where shape or range do not fit."""
    limits = np.iinfo(tensor.dtype.value)
    values = np.asarray(values, object)
    if values.shape != tensor.shape or any(not limits.min <= v <= limits.max for v in values.flat):
        return None
    data = values.astype(tensor.dtype.value)
    data.flags.writeable = False
    return replace(tensor, data=data)


def _divided(a: int, b: int) -> int:
    """C's division, which rounds towards zero."""
    return abs(a) // abs(b) * (1 if (a < 0) == (b < 0) else -1)


def _product(known: Known) -> Numbers:
    source, axes = known.values
    a = known.op.attributes
    keep = isinstance(a, ReducerAttributes) and a.keep_dims
    return np.asarray(np.prod(source, axis=tuple(int(x) for x in axes.flat), keepdims=keep), object)


def _elementwise(function: Callable[[int, int], int]) -> Callable[[Known], Numbers]:
    both = np.frompyfunc(function, 2, 1)

    def compute(known: Known) -> Numbers:
        a, b = known.values
        if int(np.prod(np.broadcast_shapes(a.shape, b.shape))) > MAX_ELEMENTS:
            raise ValueError("too large")
        return np.asarray(both(a, b), object)

    return compute


_OPS: dict[str, Move] = {
    **MOVES,
    "ADD": _elementwise(lambda a, b: a + b),
    "SUB": _elementwise(lambda a, b: a - b),
    "MUL": _elementwise(lambda a, b: a * b),
    "DIV": _elementwise(_divided),
    "FLOOR_DIV": _elementwise(lambda a, b: a // b),
    "FLOOR_MOD": _elementwise(lambda a, b: a % b),
    "MAXIMUM": _elementwise(max),
    "MINIMUM": _elementwise(min),
    "NEG": lambda k: -k.values[0],
    "CAST": lambda k: k.values[0],
    "REDUCE_PROD": _product,
    "BROADCAST_ARGS": lambda k: np.array(
        np.broadcast_shapes(*(tuple(v.tolist()) for v in k.values)), object
    ),
}
