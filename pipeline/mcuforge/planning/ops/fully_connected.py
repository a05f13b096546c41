"""FULLY_CONNECTED: every row of the input with every filter."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import ClassVar, cast

import numpy as np

from mcuforge.frontend.graph import DType, FullyConnectedAttributes, Graph, Op, Quantization
from mcuforge.planning.ops import Operator, overlap
from mcuforge.planning.ops.common import (
    constraint_activations,
    constraint_arity,
    constraint_fused_activation,
    constraint_not_empty,
    describe,
    quantization,
    suffix,
)
from mcuforge.planning.ops.computed_weights import (
    constraint_sums,
    is_given,
    of_prepared_weights,
    with_products,
)
from mcuforge.planning.ops.weighted_sum import (
    Float64Array,
    OutputStage,
    OutputStageS16,
    WeightedSum,
    effective_scales,
    pack_filters,
)
from mcuforge.planning.plan import I32, KernelCall, KernelParams, OptionalArrayI8

MAX_BIAS_SCALE_DIFFERENCE = 0.02  # of the output scale: TFLM refuses models beyond


@dataclass(frozen=True, eq=False)
class FullyConnectedS8Params(KernelParams):
    """Mirror of nn_fully_connected_s8_params."""

    c_type: ClassVar[str] = "nn_fully_connected_s8_params"
    output_stage: OutputStage
    rows: I32
    inputs: I32
    outputs: I32
    filter_stride: I32
    weights: OptionalArrayI8


@dataclass(frozen=True, eq=False)
class FullyConnectedS16Params(FullyConnectedS8Params):
    """Mirror of nn_fully_connected_s16_params."""

    c_type: ClassVar[str] = "nn_fully_connected_s16_params"
    output_stage: OutputStageS16


PARAMS: dict[DType, type[FullyConnectedS8Params]] = {
    DType.INT8: FullyConnectedS8Params,
    DType.INT16: FullyConnectedS16Params,
}


def _effective_scales(
    source: Quantization, weights: Quantization, target: Quantization
) -> Float64Array:
    """With one weight scale TFLM multiplies it with the input's in float32.

    Source: TFLM's CalculateOpDataFullyConnected and TFLite's GetQuantizedConvolutionMultipler.
    """
    if weights.per_channel:
        return effective_scales(source, weights, target)
    return np.array([_product(source, weights) / target.scale])


def _product(source: Quantization, weights: Quantization) -> float:
    """Input scale times the one weight scale, in float32; may be 0 or infinite."""
    with np.errstate(over="ignore", under="ignore"):
        return float(np.float32(source.scale) * np.float32(weights.scale))


SUM = WeightedSum(scales=_effective_scales)


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


def constraint_packed_weights(graph: Graph, op: Op) -> str | None:
    """Weights stored as int4 have one scale: TFLM refuses more in this op."""
    weights = graph.input(op, 1)
    if not weights.packed or not quantization(weights).per_channel:
        return None
    return f"they have {len(quantization(weights).scales)} scales"


def constraint_product(graph: Graph, op: Op) -> str | None:
    """With one weight scale, its product with the input scale is a float32."""
    source, weights = quantization(graph.input(op, 0)), quantization(graph.input(op, 1))
    if weights.per_channel or np.isfinite(_product(source, weights)):
        return None
    return f"the scales are {source.scale} and {weights.scale}"


def constraint_bias_scale(graph: Graph, op: Op) -> str | None:
    """With one weight scale, the bias scale is within 2 % of the output scale of the product's."""
    weights, bias = quantization(graph.input(op, 1)), graph.optional_input(op, 2)
    if weights.per_channel or bias is None:
        return None
    product = quantization(graph.input(op, 0)).scale * weights.scale
    scale = bias.quantization.scale if bias.quantization else 0.0
    apart = abs(product - scale) / quantization(graph.output(op)).scale
    return None if apart <= MAX_BIAS_SCALE_DIFFERENCE else f"they are {apart:g} of it apart"


def constraint_given(graph: Graph, op: Op) -> str | None:
    """Weights that are computed, with int16 activations, have one scale; their zero point and the
    input's are 0. No sum can leave int32, or 48 bits where TFLM sums in int64."""
    if not is_given(graph, op):
        return None
    source, weights = graph.input(op, 0), graph.input(op, 1)
    offset = next((t for t in (source, weights) if quantization(t).zero_point), None)
    if offset is not None:
        return f"the zero point of '{offset.name}' is not 0"
    return SUM.overflow_of_any_weights(graph, op, weights.shape[-1])


def lower(graph: Graph, op: Op) -> tuple[KernelCall, ...]:
    """One call of `nn_fully_connected_s8` or `nn_fully_connected_s16`."""
    if is_given(graph, op):
        return _lower_given(graph, op)
    source = graph.input(op, 0)
    filters = SUM.filters(graph, op)
    packed = pack_filters(filters)
    params = PARAMS[source.dtype](
        output_stage=SUM.output_stage(graph, op, filters),
        rows=prod(graph.output(op).shape[:-1]),
        inputs=filters.shape[1],
        outputs=filters.shape[0],
        filter_stride=packed.shape[1],
        weights=packed,
    )
    return (
        KernelCall(
            kernel=f"fully_connected_{suffix(source)}",
            params=params,
            inputs=(op.inputs[0],),
            output=op.outputs[0],
            reason="four filters share each load of the input, which is read where it lies",
            overlaps={0: source.dtype.bytes * _overlap_distance(params)},
        ),
    )


def _lower_given(graph: Graph, op: Op) -> tuple[KernelCall, ...]:
    """Zero points are 0: nothing is folded into the bias, and weights are read as they lie."""
    outputs, inputs = graph.input(op, 1).shape
    params = PARAMS[DType.INT16](
        output_stage=SUM.output_stage(graph, op, np.zeros((outputs, 1), np.int64)),
        rows=prod(graph.output(op).shape[:-1]),
        inputs=inputs,
        outputs=outputs,
        filter_stride=inputs,
        weights=None,
    )
    return (
        KernelCall(
            kernel="fully_connected_given_s16",
            params=params,
            inputs=(op.inputs[0], op.inputs[1]),
            output=op.outputs[0],
            reason="the weights are computed, and read where they lie",
        ),
    )


def _overlap_distance(params: FullyConnectedS8Params) -> int:
    """In elements. A step is a row: every filter reads it again."""
    rows = overlap.linear(params.rows, params.inputs, params.outputs)
    return overlap.distance([rows], params.rows * params.inputs, params.outputs)


_SUM_CONSTRAINTS = tuple(
    of_prepared_weights(c) if c == SUM.constraint_accumulator else c for c in SUM.constraints
)

OPERATORS = (
    Operator(
        kinds=("FULLY_CONNECTED",),
        constraints=(
            constraint_arity(2, 3),
            constraint_activations,
            constraint_not_empty,
            constraint_fused_activation,
            of_prepared_weights(SUM.constraint_weights),
            constraint_packed_weights,
            constraint_weights_format,
            constraint_shapes,
            constraint_product,
            constraint_bias_scale,
            *_SUM_CONSTRAINTS,
            constraint_sums,
            constraint_given,
        ),
        lower=with_products(lower),
        kernels=(
            *("fully_connected_s8", "fully_connected_s16", "fully_connected_given_s16"),
            "batch_matmul_s8",
        ),
        since_16x8="0.2.0",
    ),
)
