"""Makes room for biases that would not fit into the 32 bits that litert-quantizer gives them.

A bias is stored in steps of the input's scale times the weights'. Where a channel's weights are all
zero or tiny, as in pruned layers, that step is so small that its bias overflows. Such a channel's
weights get a larger scale, for which the bias fits: what the tiny weights lose by it is far below
the bias's own rounding.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from ai_edge_litert import schema_py_generated as schema

from mcuforge.quantization import weights
from mcuforge.quantization.weights import WeightedOp
from mcuforge.tflite import flatbuffer

_INTEGERS = (schema.TensorType.INT32, schema.TensorType.INT64)
_LARGEST_BIAS = 2.0**30  # in steps: leaves as much to what is added to it
_LARGEST_WEIGHT = 127

Bounds = dict[str, npt.NDArray[np.float64]]


def weight_bounds(model: bytes, quantized: bytes) -> Bounds:
    """For weights of the float model whose bias overflowed in `quantized`: bounds that leave room.

    By tensor name, the largest magnitude that int8 must cover: float64, of the weights' rank, with
    one value for each scale. Empty where all biases fit.
    """
    floats, integers = flatbuffer.unpack(model), flatbuffer.unpack(quantized)
    by_target = {_name(integers, op.target): op for op in weights.weighted_ops(integers)}
    bounds: Bounds = {}
    for op in weights.weighted_ops(floats):
        twin = by_target.get(_name(floats, op.target))
        if twin is None or not _has_integer_bias(integers, twin):
            continue
        scales = np.asarray(_tensor(integers, twin.weights).quantization.scale, np.float64)
        step = float(_tensor(integers, twin.source).quantization.scale[0])
        bias = np.abs(weights.values(floats, op.bias))
        needed = bias / (step * _LARGEST_BIAS)
        if len(scales) == 1:
            needed = needed.max(keepdims=True)
        if (needed > scales).any():
            shape = [1] * len(_tensor(floats, op.weights).shape)
            shape[op.output_axis] = len(scales)
            bound = np.maximum(needed, scales) * _LARGEST_WEIGHT
            bounds[_name(floats, op.weights)] = bound.reshape(shape)
    return bounds


def _has_integer_bias(model: Any, op: WeightedOp) -> bool:
    return op.bias >= 0 and _tensor(model, op.bias).type in _INTEGERS


def _tensor(model: Any, index: int) -> Any:
    return model.subgraphs[0].tensors[index]


def _name(model: Any, index: int) -> str:
    return flatbuffer.name_of(_tensor(model, index))
