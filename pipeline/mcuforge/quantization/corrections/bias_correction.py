"""Takes back the shift that rounded weights put on a layer's mean.

Rounding turns the weights W into W + e. Over the data the output of a channel then moves by e times
the mean of its inputs, E[x]; this much is subtracted from its bias (M. Nagel et al., "Data-Free
Quantization Through Weight Equalization and Bias Correction", 2019, section 4.2, with E[x] measured
on the calibration samples). Padding is taken as if it had the inputs' mean, too.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
from ai_edge_litert import schema_py_generated as schema

from mcuforge.quantization import weights
from mcuforge.quantization.weights import WeightedOp
from mcuforge.tflite import flatbuffer

Means = Mapping[str, npt.NDArray[np.float64]]


def correct_biases(model: bytes, quantized: bytes, means: Means) -> bytes:
    """The float model with corrected biases; `quantized` was made from it with int8 weights.

    `means` holds the mean of each channel of each activation, by tensor name.
    """
    unpacked, rounded = flatbuffer.unpack(model), flatbuffer.unpack(quantized)
    names = [flatbuffer.name_of(t) for t in unpacked.subgraphs[0].tensors]
    targets = {
        flatbuffer.name_of(rounded.subgraphs[0].tensors[op.target]): op
        for op in weights.weighted_ops(rounded)
    }
    for op in list(weights.weighted_ops(unpacked)):
        twin = targets.get(names[op.target])
        mean = means.get(names[op.source])
        if twin is None or mean is None:
            continue
        error = weights.values(rounded, twin.weights) - weights.values(unpacked, op.weights)
        shift = _shift(op, error, mean)
        bias = weights.values(unpacked, op.bias) if op.bias >= 0 else np.zeros_like(shift)
        weights.replace(unpacked, op, "bias", bias - shift)
    flatbuffer.remove_unused(unpacked)
    return flatbuffer.pack(unpacked)


def _shift(
    op: WeightedOp, error: npt.NDArray[np.float64], mean: npt.NDArray[np.float64]
) -> npt.NDArray[np.float64]:
    """What the weights' error adds to the mean of each output channel."""
    axes = tuple(axis for axis in range(error.ndim) if axis != op.output_axis)
    if op.depthwise:
        repeated = np.repeat(mean, error.shape[op.output_axis] // len(mean))
        return np.asarray(error.sum(axis=axes) * repeated)
    if error.shape[op.input_axis] != len(mean):  # a dense layer behind a flattening
        mean = np.resize(mean, error.shape[op.input_axis])
    shift = np.asarray((error * mean).sum(axis=axes))
    if op.kind == schema.BuiltinOperator.TRANSPOSE_CONV:
        # of all taps, each output position meets those of its phase
        options = op.op.builtinOptions
        shift = shift / (options.strideH * options.strideW)
    return shift
