"""FULLY_CONNECTED: every row of the input with every filter."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import ClassVar, cast

import numpy as np
import numpy.typing as npt

from mcuforge.graph import FullyConnectedAttributes, Graph, Op, Quantization
from mcuforge.numerics import quantize_multiplier
from mcuforge.ops import Operator, meaning, overlap
from mcuforge.ops.common import (
    MAX_SHIFT,
    clamp_range,
    constraint_arity,
    constraint_fused_activation,
    constraint_int8_activations,
    constraint_not_empty,
    describe,
    quantization,
)
from mcuforge.ops.convolution import (
    MAX_TAPS,
    accumulator_overflow,
    bias_values,
    constant,
    constraint_bias,
    constraint_weights,
    fold_bias,
    multipliers,
    pack_filters,
)
from mcuforge.plan import I32, ArrayI8, ArrayI32, KernelCall, KernelParams

MAX_BIAS_SCALE_DIFFERENCE = 0.02  # of the output scale: TFLM refuses models beyond


@dataclass(frozen=True, eq=False)
class FullyConnectedS8Params(KernelParams):
    """Mirror of nn_fully_connected_s8_params."""

    c_type: ClassVar[str] = "nn_fully_connected_s8_params"
    rows: I32
    inputs: I32
    outputs: I32
    filter_stride: I32
    output_offset: I32
    activation_min: I32
    activation_max: I32
    weights: ArrayI8
    bias: ArrayI32
    multiplier: ArrayI32
    shift: ArrayI32


def constraint_shapes(graph: Graph, op: Op) -> str | None:
    """The weights are [outputs, inputs]; the input holds rows of inputs, the output of outputs."""
    source, weights, output = graph.input(op, 0), graph.input(op, 1), graph.output(op)
    if len(weights.shape) != 2 or not output.shape:
        return f"the weights are {describe(weights)}, the output {describe(output)}"
    outputs, inputs = weights.shape
    rows = prod(output.shape[:-1])
    if output.shape[-1] != outputs or source.elements != rows * inputs:
        return f"{describe(source)} meets weights {describe(weights)} and makes {describe(output)}"
    return None


def constraint_weights_format(_graph: Graph, op: Op) -> str | None:
    """The weights are in the default format, not shuffled for another kernel."""
    weights_format = cast(FullyConnectedAttributes, op.attributes).weights_format
    return None if weights_format == 0 else f"their format is {weights_format}"


def constraint_bias_scale(graph: Graph, op: Op) -> str | None:
    """With one weight scale, the bias scale is within 2 % of the output scale of the product's."""
    weights, bias = quantization(graph.input(op, 1)), graph.optional_input(op, 2)
    if weights.per_channel or bias is None:
        return None
    product = quantization(graph.input(op, 0)).scale * weights.scale
    scale = bias.quantization.scale if bias.quantization else 0.0
    apart = abs(product - scale) / quantization(graph.output(op)).scale
    return None if apart <= MAX_BIAS_SCALE_DIFFERENCE else f"they are {apart:g} of it apart"


def constraint_effective_scale(graph: Graph, op: Op) -> str | None:
    """input scale * weight scale / output scale is below 2^30 for every output, and the product of
    the former a float32."""
    source, weights = quantization(graph.input(op, 0)), quantization(graph.input(op, 1))
    if not weights.per_channel and not np.isfinite(_product(source, weights)):
        return f"the scales are {source.scale} and {weights.scale}"
    _, shift = _multipliers(graph, op)
    return f"a shift of {shift.max()} is needed" if shift.max() > MAX_SHIFT else None


def constraint_accumulator(graph: Graph, op: Op) -> str | None:
    """No input can drive an accumulator out of int32; there are at most 131,072 inputs a row."""
    filters = constant(graph.input(op, 1))
    if filters.shape[1] > MAX_TAPS:
        return f"there are {filters.shape[1]}"
    bias = bias_values(graph, op, 2, len(filters))
    return accumulator_overflow(filters, bias, quantization(graph.input(op, 0)).zero_point)


def _product(source: Quantization, weights: Quantization) -> float:
    """Input scale times the one weight scale, in float32; may be 0 or infinite."""
    with np.errstate(over="ignore", under="ignore"):
        return float(np.float32(source.scale) * np.float32(weights.scale))


def _multipliers(graph: Graph, op: Op) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int32]]:
    """Per channel in double; with one scale TFLM multiplies input and weight scale in float32.

    Source: TFLM's CalculateOpDataFullyConnected and TFLite's GetQuantizedConvolutionMultipler.
    """
    source, weights = quantization(graph.input(op, 0)), quantization(graph.input(op, 1))
    target, channels = quantization(graph.output(op)), graph.input(op, 1).shape[0]
    if weights.per_channel:
        return multipliers(source, weights, target, channels)
    multiplier, shift = quantize_multiplier(_product(source, weights) / target.scale)
    return np.full(channels, multiplier, np.int32), np.full(channels, shift, np.int32)


def lower(graph: Graph, op: Op) -> tuple[KernelCall, ...]:
    """One call of `nn_fully_connected_s8`."""
    filters = constant(graph.input(op, 1))
    outputs, inputs = filters.shape
    rows = prod(graph.output(op).shape[:-1])
    packed = pack_filters(filters)
    zero_point = quantization(graph.input(op, 0)).zero_point
    target = quantization(graph.output(op))
    activation = cast(FullyConnectedAttributes, op.attributes).activation
    low, high = clamp_range(activation, target)
    multiplier, shift = _multipliers(graph, op)
    params = FullyConnectedS8Params(
        rows=rows,
        inputs=inputs,
        outputs=outputs,
        filter_stride=packed.shape[1],
        output_offset=target.zero_point,
        activation_min=low,
        activation_max=high,
        weights=packed,
        bias=fold_bias(filters, bias_values(graph, op, 2, outputs), zero_point),
        multiplier=multiplier,
        shift=shift,
    )
    return (
        KernelCall(
            kernel="fully_connected_s8",
            params=params,
            inputs=(op.inputs[0],),
            output=op.outputs[0],
            reason="four filters share each load of the input, which is read where it lies",
            overlaps={0: _overlap_distance(params)},
        ),
    )


def _overlap_distance(params: FullyConnectedS8Params) -> int:
    """A step is a row: every filter reads it again."""
    rows = overlap.linear(params.rows, params.inputs, params.outputs)
    return overlap.distance([rows], params.rows * params.inputs, params.outputs)


OPERATORS = (
    Operator(
        kinds=("FULLY_CONNECTED",),
        constraints=(
            constraint_arity(2, 3),
            constraint_int8_activations,
            constraint_not_empty,
            constraint_fused_activation,
            constraint_weights(1, axis=0),
            constraint_weights_format,
            constraint_shapes,
            constraint_bias(2, channels=-1),
            constraint_bias_scale,
            constraint_effective_scale,
            meaning.constraint_bias_scale(0, 1, 2),
            constraint_accumulator,
        ),
        lower=lower,
        kernels=("fully_connected_s8",),
    ),
)
