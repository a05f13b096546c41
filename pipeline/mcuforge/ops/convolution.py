"""What the convolutions share: the kernel's parameters, packed filters, constraints on weights.

CONV_2D and TRANSPOSE_CONV become calls of `nn_conv2d_s8`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from mcuforge.graph import DType, Graph, Op, Quantization, Tensor
from mcuforge.numerics import INT32_MAX, INT32_MIN, quantize_multipliers, wrap_int32
from mcuforge.ops import Constraint, overlap
from mcuforge.ops.common import MAX_SHIFT, describe, quantization
from mcuforge.plan import I32, ArrayI8, ArrayI32, KernelParams

MAX_OPTION = 32_767
MAX_TAPS = 131_072  # sums of that many int8 products fit int32 whatever the data

Int64Array = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Conv2dS8Params(KernelParams):
    """Mirror of nn_conv2d_s8_params."""

    c_type: ClassVar[str] = "nn_conv2d_s8_params"
    batches: I32
    input_height: I32
    input_width: I32
    input_channels: I32
    group_channels: I32
    output_height: I32
    output_width: I32
    output_channels: I32
    filter_height: I32
    filter_width: I32
    filter_stride: I32
    stride_height: I32
    stride_width: I32
    dilation_height: I32
    dilation_width: I32
    padding_top: I32
    padding_left: I32
    output_start: I32
    output_batch_stride: I32
    output_row_stride: I32
    output_pixel_stride: I32
    input_zero_point: I32
    output_offset: I32
    activation_min: I32
    activation_max: I32
    weights: ArrayI8
    bias: ArrayI32
    multiplier: ArrayI32
    shift: ArrayI32


def scratch_bytes(filter_stride: int) -> int:
    """Scratch of `nn_conv2d_s8`: two patches of 16-bit lanes."""
    return 4 * filter_stride


def overlap_distance(params: Conv2dS8Params) -> int:
    """How far the output may run into the input: see `overlap.distance`.

    A step is two pixels, gathered before their outputs are written; with several groups it is a
    row, which every group reads again. The output must be contiguous.
    """
    batches, rows, columns = overlap.windows(
        (params.batches, params.output_height, params.output_width),
        (params.input_height, params.input_width, params.input_channels),
        (params.stride_height, params.stride_width),
        (params.padding_top, params.padding_left),
        params.output_channels,
        columns=2,
    )
    size = params.batches * params.input_height * params.input_width * params.input_channels
    if params.group_channels == params.input_channels:
        return overlap.distance([batches, rows, columns], size, None)
    return overlap.distance([batches, rows], size, params.output_width * params.output_channels)


def constant(tensor: Tensor) -> Int64Array:
    """Values of a tensor that a constraint has found to be constant, as int64."""
    if tensor.data is None:
        raise ValueError(f"tensor {tensor.index} is not a constant")
    return tensor.data.astype(np.int64)


def pack_filters(filters: Int64Array) -> npt.NDArray[np.int8]:
    """Filters [channels, taps...] -> int8 [channels, taps rounded up to 4], zero-padded."""
    flat = filters.reshape(filters.shape[0], -1)
    padding = -flat.shape[1] % 4
    return np.pad(flat, ((0, 0), (0, padding))).astype(np.int8)


def fold_bias(filters: Int64Array, bias: Int64Array, zero_point: int) -> npt.NDArray[np.int32]:
    """bias - zero_point * sum of each filter, modulo 2^32: the input offset leaves the inner loop.

    Sound because the kernel's sums and the true accumulator agree modulo 2^32, and the true one
    fits int32 (`accumulator_overflow`).
    """
    sums = filters.reshape(filters.shape[0], -1).sum(axis=1)
    return wrap_int32(bias - zero_point * sums).astype(np.int32)


def multipliers(
    source: Quantization, weights: Quantization, target: Quantization, channels: int
) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int32]]:
    """Multiplier and shift of every output channel, in double precision.

    Source: TFLite's PopulateConvolutionQuantizationParams.
    """
    scales = np.asarray(weights.scales, np.float64)
    pairs = quantize_multipliers(source.scale * scales / target.scale).astype(np.int32)
    if not weights.per_channel:
        pairs = np.repeat(pairs, channels, axis=0)
    return pairs[:, 0].copy(), pairs[:, 1].copy()


def bias_values(graph: Graph, op: Op, position: int, channels: int) -> Int64Array:
    """The bias, or zeros where the op has none."""
    bias = graph.optional_input(op, position)
    return np.zeros(channels, np.int64) if bias is None else constant(bias).reshape(-1)


def accumulator_overflow(filters: Int64Array, bias: Int64Array, zero_point: int) -> str | None:
    """What is wrong if some input drives an accumulator out of int32; None if none can."""
    flat = filters.reshape(filters.shape[0], -1)
    low, high = -128 - zero_point, 127 - zero_point
    highest = np.maximum(flat * low, flat * high).sum(axis=1) + bias
    lowest = np.minimum(flat * low, flat * high).sum(axis=1) + bias
    outside = (np.maximum(highest, bias) > INT32_MAX) | (np.minimum(lowest, bias) < INT32_MIN)
    if not outside.any():
        return None
    return f"the accumulator of output channel {int(np.argmax(outside))} can leave int32"


def outside_range(*values: int) -> str | None:
    """What is wrong with options that must be from 1 to 32767; None where they are.

    The bound keeps every position that a kernel computes inside int32.
    """
    wrong = [value for value in values if not 1 <= value <= MAX_OPTION]
    return f"one of them is {wrong[0]}" if wrong else None


def constraint_weights(weights_position: int, axis: int) -> Constraint:
    """A constraint on the weights, whose output channels lie along `axis`."""

    def constraint_constant_int8_weights(graph: Graph, op: Op) -> str | None:
        """The weights are a constant int8 tensor with zero point 0, per tensor or per channel."""
        weights = graph.input(op, weights_position)
        if weights.data is None:
            return "its weights are no constant"
        if weights.dtype is not DType.INT8 or weights.quantization is None:
            return f"its weights are {describe(weights)}, or carry no scale"
        q = weights.quantization
        if any(q.zero_points):
            return "the zero point of its weights is not 0"
        if q.per_channel and q.axis != axis:
            return f"its weights have a scale for every slice along axis {q.axis}, not {axis}"
        return None

    return constraint_constant_int8_weights


def constraint_bias(position: int, channels: int) -> Constraint:
    """A constraint on the bias at `position`, which meets the output's axis `channels`."""

    def constraint_constant_int32_bias(graph: Graph, op: Op) -> str | None:
        """The bias is left out or a constant int32 tensor with a value for each output channel."""
        bias = graph.optional_input(op, position)
        if bias is None:
            return None
        if bias.data is None or bias.dtype is not DType.INT32:
            return (
                f"its bias is {describe(bias)}{'' if bias.data is not None else ', not constant'}"
            )
        expected = graph.output(op).shape[channels]
        return None if bias.elements == expected else f"it has {bias.elements} biases"

    return constraint_constant_int32_bias


def constraint_shifts(input_position: int, weights_position: int) -> Constraint:
    """A constraint on the effective scales."""

    def constraint_effective_scale(graph: Graph, op: Op) -> str | None:
        """input scale * weight scale / output scale is below 2^30 for every channel."""
        source = quantization(graph.input(op, input_position))
        weights = quantization(graph.input(op, weights_position))
        _, shifts = multipliers(source, weights, quantization(graph.output(op)), 1)
        return f"a shift of {shifts.max()} is needed" if shifts.max() > MAX_SHIFT else None

    return constraint_effective_scale
