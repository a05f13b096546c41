"""Evens out the ranges of the channels between two layers.

Where a layer feeds another through nothing but ops that commute with positive factors, channel i
may be divided by any s_i > 0 in the first and multiplied by it in the second. With r1_i and r2_i
the largest weights that write and read it, s_i = sqrt(r1_i / r2_i) makes both equal to
sqrt(r1_i * r2_i) (M. Nagel et al., "Data-Free Quantization Through Weight Equalization and Bias
Correction", 2019, section 4.1). The float model computes the same as before.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from ai_edge_litert import schema_py_generated as schema

from mcuforge.quantization import weights
from mcuforge.quantization.weights import WeightedOp
from mcuforge.tflite import flatbuffer

_OPS = schema.BuiltinOperator
_COMMUTES = (
    _OPS.RELU,
    _OPS.MAX_POOL_2D,
    _OPS.AVERAGE_POOL_2D,
    _OPS.RESIZE_NEAREST_NEIGHBOR,
    _OPS.RESIZE_BILINEAR,
)
_POSITIVE = (schema.ActivationFunctionType.NONE, schema.ActivationFunctionType.RELU)
_ROUNDS = 20  # of a chain of layers; it settles long before
_SETTLED = 1e-3
_LARGEST_FACTOR = 1e4  # beyond it a channel is as good as dead


def equalize(model: bytes) -> bytes:
    """The float model with evened channels; the same bytes where no two layers allow it."""
    unpacked = flatbuffer.unpack(model)
    pairs = _pairs(unpacked)
    for _ in range(_ROUNDS):
        changes = [_even(unpacked, first, second) for first, second in pairs]
        if max(changes, default=0.0) < _SETTLED:
            break
    if not pairs:
        return model
    flatbuffer.remove_unused(unpacked)
    return flatbuffer.pack(unpacked)


def _pairs(model: Any) -> list[tuple[WeightedOp, WeightedOp]]:
    """Layers and the layer that alone reads their output."""
    by_source: dict[int, list[WeightedOp]] = {}
    ops = list(weights.weighted_ops(model))
    for op in ops:
        by_source.setdefault(op.source, []).append(op)
    found = []
    for first in ops:
        end = _end_of_chain(model, first)
        readers = by_source.get(end, []) if end is not None else []
        if len(readers) == 1 and _channels_match(model, first, readers[0]):
            found.append((first, readers[0]))
    return found


def _end_of_chain(model: Any, first: WeightedOp) -> int | None:
    """The tensor that the next layer reads, behind ops that commute with positive factors."""
    graph = model.subgraphs[0]
    op, target = first.op, first.target
    while _is_positive(op):
        readers = [o for o in graph.operators if target in [int(i) for i in o.inputs]]
        if len(readers) != 1 or target in [int(i) for i in graph.outputs]:
            return None
        if flatbuffer.op_kind(model, readers[0]) not in _COMMUTES:
            return target
        op, target = readers[0], int(readers[0].outputs[0])
    return None


def _is_positive(op: Any) -> bool:
    function = getattr(op.builtinOptions, "fusedActivationFunction", _POSITIVE[0])
    return function in _POSITIVE


def _channels_match(model: Any, first: WeightedOp, second: WeightedOp) -> bool:
    tensors = model.subgraphs[0].tensors
    written = tensors[first.weights].shape[first.output_axis]
    read = tensors[second.weights].shape[second.input_axis]
    return bool(written == read)


def _even(model: Any, first: WeightedOp, second: WeightedOp) -> float:
    """Even one pair; the largest change of a factor from 1."""
    writing, reading = weights.values(model, first.weights), weights.values(model, second.weights)
    factors = _factors(_largest(writing, first.output_axis), _largest(reading, second.input_axis))
    weights.replace(model, first, "weights", writing / _along(factors, writing, first.output_axis))
    weights.replace(model, second, "weights", reading * _along(factors, reading, second.input_axis))
    if first.bias >= 0:
        weights.replace(model, first, "bias", weights.values(model, first.bias) / factors)
    return float(np.abs(factors - 1).max())


def _largest(array: npt.NDArray[np.float64], axis: int) -> npt.NDArray[np.float64]:
    others = tuple(a for a in range(array.ndim) if a != axis)
    return np.asarray(np.abs(array).max(axis=others))


def _factors(
    writing: npt.NDArray[np.float64], reading: npt.NDArray[np.float64]
) -> npt.NDArray[np.float64]:
    live = (writing > 0) & (reading > 0)
    ratio = np.where(live, writing, 1.0) / np.where(live, reading, 1.0)
    return np.asarray(np.clip(np.sqrt(ratio), 1 / _LARGEST_FACTOR, _LARGEST_FACTOR))


def _along(
    factors: npt.NDArray[np.float64], array: npt.NDArray[np.float64], axis: int
) -> npt.NDArray[np.float64]:
    shape = [1] * array.ndim
    shape[axis] = len(factors)
    return factors.reshape(shape)
