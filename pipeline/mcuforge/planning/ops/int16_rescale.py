"""QUANTIZE and DEQUANTIZE from and to int16, QUANTIZE of int32; RELU, RELU6, LEAKY_RELU of int16.

All of them but those with float32 are one rescaling, whose factor may be another below zero, and a
clamp.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from mcuforge.frontend.graph import DType, Graph, LeakyReluAttributes, Op, Quantization
from mcuforge.planning.numerics import INT32_MAX, quantize_multiplier, round_half_away
from mcuforge.planning.ops import Constraint, Operator, Variant, meaning
from mcuforge.planning.ops.common import (
    alike,
    constraint_arity,
    constraint_not_empty,
    constraint_symmetric,
    describe,
    float32_ratio,
    is_per_tensor,
    limits,
    quantization,
    suffix,
)
from mcuforge.planning.ops.quantize import (
    DequantizeS8F32Params,
    QuantizeF32S8Params,
    constraint_float_scale,
    elementwise_call,
)
from mcuforge.planning.ops.unary.lookup import constraint_same_elements
from mcuforge.planning.plan import I32, KernelCall, KernelParams

MAX_SHIFT = 14  # 65535 * 2^14 < 2^30: there is room for a zero point
MAX_INT32_SHIFT = -1  # for the same reason
ONE = (1 << 30, 1)  # multiplier and shift


@dataclass(frozen=True, eq=False)
class RescaleParams(KernelParams):
    """Mirror of nn_rescale_params."""

    c_type: ClassVar[str] = "nn_rescale_params"
    elements: I32
    input_offset: I32
    multiplier: I32
    shift: I32
    negative_multiplier: I32
    negative_shift: I32
    output_offset: I32
    activation_min: I32
    activation_max: I32


@dataclass(frozen=True)
class Scaling:
    """Real factors of values from 0 on and of negative ones, and the limits of the output."""

    positive: float
    negative: float
    clamp: tuple[int, int]


Rescaling = Callable[[Graph, Op], Scaling]


def constraint_quantize_types(graph: Graph, op: Op) -> str | None:
    """It maps float32, int8 or int16 to int16, int16 to int8, or int8 or int16 to int32 and back;
    integers quantised per tensor."""
    source, target = graph.input(op, 0), graph.output(op)
    known = source.dtype is DType.FLOAT32 or is_per_tensor(source, source.dtype)
    types = (source.dtype, target.dtype)
    if known and is_per_tensor(target, target.dtype) and types in _QUANTIZED:
        return None
    return f"{describe(source)} becomes {describe(target)}, or is not quantised per tensor"


_QUANTIZED = (
    (DType.FLOAT32, DType.INT16),
    (DType.INT8, DType.INT16),
    (DType.INT16, DType.INT16),
    (DType.INT16, DType.INT8),
    (DType.INT8, DType.INT32),
    (DType.INT16, DType.INT32),
    (DType.INT32, DType.INT8),
    (DType.INT32, DType.INT16),
)


def constraint_dequantize_types(graph: Graph, op: Op) -> str | None:
    """It maps int16, quantised per tensor, to float32."""
    source, target = graph.input(op, 0), graph.output(op)
    if is_per_tensor(source, DType.INT16) and target.dtype is DType.FLOAT32:
        return None
    return f"{describe(source)} becomes {describe(target)}, or is not quantised per tensor"


def constraint_int16(graph: Graph, op: Op) -> str | None:
    """Input and output are int16, quantised per tensor."""
    return alike((graph.input(op, 0), graph.output(op)))


def constraint_rescaling(rescaling: Rescaling) -> Constraint:
    """The constraint that no value leaves int32 on its way, for QUANTIZE of integers and others."""

    def constraint(graph: Graph, op: Op) -> str | None:
        """The input's scale, times alpha where there is one, is below 2^14 times the output's, of
        an int32 input below half of it; alpha is not negative."""
        source, target = graph.input(op, 0), graph.output(op)
        if source.dtype is DType.FLOAT32:
            return None
        scaling = rescaling(graph, op)
        most = MAX_INT32_SHIFT if source.dtype is DType.INT32 else MAX_SHIFT
        for real in (scaling.positive, scaling.negative):
            if not 0.0 <= real < np.inf or _shift(real) > most:
                scales = quantization(source).scale, quantization(target).scale
                return f"the scales are {scales[0]} and {scales[1]}, and a factor is {real}"
        return None

    return constraint


def _shift(real: float) -> int:
    """The shift of a factor; one that is rounded to 0 has none that could be too large."""
    multiplier, shift = quantize_multiplier(real)
    return shift if multiplier else -31


def constraint_six(graph: Graph, op: Op) -> str | None:
    """6 is an int32 number of steps of the input."""
    scale = quantization(graph.input(op, 0)).scale
    return None if 6.0 / scale < INT32_MAX else f"the scale is {scale}"


def constraint_clamps_only(graph: Graph, op: Op) -> str | None:
    """TFLM clamps the values of RELU6 and rescales nothing, so that input and output must be
    quantised alike, to one step of the output."""
    source, target = quantization(graph.input(op, 0)), quantization(graph.output(op))
    values = np.arange(-32768, 32768)
    meant = meaning.rescaled(values, source, target, 0.0, 6.0)
    computed = np.clip(values, *_six(source))
    apart = meaning.steps_apart(computed, meant, DType.INT16)
    return None if apart <= meaning.MAX_STEPS else meaning.off(source, target, apart)


def requantized(graph: Graph, op: Op) -> Scaling:
    """QUANTIZE. Source: TFLM's PrepareQuantizeReference: the ratio is computed in double."""
    source, target = graph.input(op, 0), graph.output(op)
    real = quantization(source).scale / quantization(target).scale
    return Scaling(real, real, limits(target.dtype))


def relu(graph: Graph, op: Op) -> Scaling:
    """RELU. Source: TFLM's CalculateReluOpData."""
    source, target = quantization(graph.input(op, 0)), quantization(graph.output(op))
    real = source.scale / target.scale
    return Scaling(real, real, (target.zero_point, limits(DType.INT16)[1]))


def relu6(graph: Graph, op: Op) -> Scaling:
    """RELU6, which only clamps: TFLM takes both bounds from the input's quantisation."""
    return Scaling(1.0, 1.0, _six(quantization(graph.input(op, 0))))


def _six(source: Quantization) -> tuple[int, int]:
    six = source.zero_point + round_half_away(float32_ratio(6.0, source.scale))
    return source.zero_point, min(six, limits(DType.INT16)[1])


def leaky_relu(graph: Graph, op: Op) -> Scaling:
    """LEAKY_RELU. Source: TFLM's CalculateOpDataLeakyRelu."""
    if not isinstance(op.attributes, LeakyReluAttributes):
        raise TypeError(f"{op.kind} carries {type(op.attributes).__name__}")
    source, target = quantization(graph.input(op, 0)), quantization(graph.output(op))
    real = source.scale / target.scale
    return Scaling(real, source.scale * op.attributes.alpha / target.scale, limits(DType.INT16))


def lower_rescaling(graph: Graph, op: Op, rescaling: Rescaling) -> tuple[KernelCall, ...]:
    """The call of `nn_rescale_...`."""
    source, target, scaling = graph.input(op, 0), graph.output(op), rescaling(graph, op)
    multiplier, shift = quantize_multiplier(scaling.positive)
    negative_multiplier, negative_shift = quantize_multiplier(scaling.negative)
    params = RescaleParams(
        elements=target.elements,
        input_offset=-quantization(source).zero_point,
        multiplier=multiplier,
        shift=shift,
        negative_multiplier=negative_multiplier,
        negative_shift=negative_shift,
        output_offset=quantization(target).zero_point,
        activation_min=scaling.clamp[0],
        activation_max=scaling.clamp[1],
    )
    names = dict.fromkeys((suffix(source), suffix(target)))
    return elementwise_call(
        graph, op, "_".join(("rescale", *names)), params, "one rescaling and a clamp"
    )


def lower_quantize(graph: Graph, op: Op) -> tuple[KernelCall, ...]:
    """The call of QUANTIZE."""
    target = graph.output(op)
    if graph.input(op, 0).dtype is not DType.FLOAT32:
        return lower_rescaling(graph, op, requantized)
    q = quantization(target)
    params = QuantizeF32S8Params(target.elements, q.scale, q.zero_point)
    return elementwise_call(graph, op, "quantize_f32_s16", params, "the input is float32")


def lower_dequantize(graph: Graph, op: Op) -> tuple[KernelCall, ...]:
    """The call of DEQUANTIZE."""
    source = graph.input(op, 0)
    q = quantization(source)
    params = DequantizeS8F32Params(source.elements, q.scale, q.zero_point)
    return elementwise_call(graph, op, "dequantize_s16_f32", params, "the output is float32")


def _operator(kind: str, rescaling: Rescaling, *constraints: Constraint) -> Operator:
    return Operator(
        kinds=(kind,),
        constraints=(
            constraint_arity(1, 1),
            constraint_int16,
            constraint_not_empty,
            constraint_same_elements,
            *constraints,
            constraint_rescaling(rescaling),
        ),
        lower=lambda graph, op: lower_rescaling(graph, op, rescaling),
        kernels=("rescale_s16",),
        since_16x8="0.2.0",
    )


VARIANTS = (
    Variant(
        Operator(
            kinds=("QUANTIZE",),
            constraints=(
                constraint_arity(1, 1),
                constraint_quantize_types,
                constraint_not_empty,
                constraint_same_elements,
                constraint_rescaling(requantized),
                constraint_float_scale,
            ),
            lower=lower_quantize,
            kernels=(
                *("rescale_s16", "rescale_s16_s8", "rescale_s8_s16"),
                *("rescale_s8_s32", "rescale_s16_s32", "rescale_s32_s8", "rescale_s32_s16"),
                "quantize_f32_s16",
            ),
            since_16x8="0.2.0",
        ),
        (DType.INT16, DType.INT32),
        "With int16 or int32",
    ),
    Variant(
        Operator(
            kinds=("DEQUANTIZE",),
            constraints=(
                constraint_arity(1, 1),
                constraint_dequantize_types,
                constraint_not_empty,
                constraint_same_elements,
            ),
            lower=lower_dequantize,
            kernels=("dequantize_s16_f32",),
            since_16x8="0.2.0",
        ),
    ),
    Variant(_operator("RELU", relu, constraint_symmetric)),
    Variant(_operator("RELU6", relu6, constraint_six, constraint_clamps_only)),
    Variant(_operator("LEAKY_RELU", leaky_relu)),
)
