"""QUANTIZE and DEQUANTIZE, which stand at the borders of a model and between rescaled branches."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from mcuforge.frontend.graph import DType, Graph, Op, Tensor
from mcuforge.planning.numerics import (
    all_int8,
    clamp_int8,
    quantize_multiplier,
    requantize,
    wrap_int8,
)
from mcuforge.planning.ops import Operator, overlap
from mcuforge.planning.ops.common import (
    constraint_arity,
    constraint_not_empty,
    describe,
    quantization,
)
from mcuforge.planning.ops.unary.lookup import (
    MAX_TABLE_SHIFT,
    LookupS8Params,
    Table,
    constraint_same_elements,
)
from mcuforge.planning.plan import F32, I32, KernelCall, KernelParams

MIN_FLOAT_SCALE = 2.0**-24  # inputs up to 128 are defined
# Types that a table of 256 entries maps, and the kernel that looks it up.
LOOKUPS = {
    (DType.INT8, DType.INT8): "lookup_s8",
    (DType.INT8, DType.UINT8): "lookup_s8_u8",
    (DType.UINT8, DType.INT8): "lookup_u8_s8",
}


@dataclass(frozen=True, eq=False)
class QuantizeF32S8Params(KernelParams):
    """Mirror of nn_quantize_f32_s8_params."""

    c_type: ClassVar[str] = "nn_quantize_f32_s8_params"
    elements: I32
    scale: F32
    zero_point: I32


@dataclass(frozen=True, eq=False)
class DequantizeS8F32Params(KernelParams):
    """Mirror of nn_dequantize_s8_f32_params."""

    c_type: ClassVar[str] = "nn_dequantize_s8_f32_params"
    elements: I32
    scale: F32
    zero_point: I32


def _per_tensor(tensor: Tensor) -> bool:
    return tensor.quantization is not None and not tensor.quantization.per_channel


def constraint_quantize_types(graph: Graph, op: Op) -> str | None:
    """It maps float32, int8 or uint8 to int8, or int8 to uint8; integers quantised per tensor."""
    source, target = graph.input(op, 0), graph.output(op)
    known = source.dtype is DType.FLOAT32 and target.dtype is DType.INT8
    known = known or (source.dtype, target.dtype) in LOOKUPS
    if not known or not _per_tensor(target):
        return f"{describe(source)} becomes {describe(target)}"
    if source.dtype is not DType.FLOAT32 and not _per_tensor(source):
        return f"tensor '{source.name}' is not quantised per tensor"
    return None


def constraint_dequantize_types(graph: Graph, op: Op) -> str | None:
    """It maps int8, quantised per tensor, to float32."""
    source, target = graph.input(op, 0), graph.output(op)
    if source.dtype is DType.INT8 and _per_tensor(source) and target.dtype is DType.FLOAT32:
        return None
    return f"{describe(source)} becomes {describe(target)}, or is not quantised per tensor"


def constraint_rescaling(graph: Graph, op: Op) -> str | None:
    """An integer input's scale is below 2^23 times the output's."""
    source, target = graph.input(op, 0), quantization(graph.output(op))
    if source.dtype is DType.FLOAT32:
        return None
    if quantize_multiplier(quantization(source).scale / target.scale)[1] > MAX_TABLE_SHIFT:
        return f"the scales are {quantization(source).scale} and {target.scale}"
    return None


def constraint_float_scale(graph: Graph, op: Op) -> str | None:
    """A float32 input meets an output scale of at least 2^-24: TFLM converts their ratio to an
    int32, which is undefined from 2^31 on."""
    scale = quantization(graph.output(op)).scale
    if graph.input(op, 0).dtype is not DType.FLOAT32 or scale >= MIN_FLOAT_SCALE:
        return None
    return f"the output's scale is {scale:g}"


def requantize_table(source: Tensor, target: Tensor) -> Table:
    """The byte that each input byte -128 ... 127 becomes; uint8 bytes are taken modulo 2^8.

    Source: TFLite's Requantize. The ratio of the scales is computed in double.
    """
    a, b = quantization(source), quantization(target)
    multiplier, shift = quantize_multiplier(a.scale / b.scale)
    values = all_int8() % 256 if source.dtype is DType.UINT8 else all_int8()
    x = requantize(values - a.zero_point, multiplier, shift) + b.zero_point
    if target.dtype is DType.UINT8:
        return wrap_int8(x.clip(0, 255))
    return clamp_int8(x)


def lower_quantize(graph: Graph, op: Op) -> tuple[KernelCall, ...]:
    """The call of QUANTIZE."""
    source, target = graph.input(op, 0), graph.output(op)
    if source.dtype is DType.FLOAT32:
        q = quantization(target)
        params: KernelParams = QuantizeF32S8Params(target.elements, q.scale, q.zero_point)
        return elementwise_call(graph, op, "quantize_f32_s8", params, "the input is float32")
    params = LookupS8Params(elements=target.elements, table=requantize_table(source, target))
    reason = "a byte has 256 results: a table is exact and fastest"
    return elementwise_call(graph, op, LOOKUPS[source.dtype, target.dtype], params, reason)


def lower_dequantize(graph: Graph, op: Op) -> tuple[KernelCall, ...]:
    """The call of DEQUANTIZE."""
    source = graph.input(op, 0)
    q = quantization(source)
    params = DequantizeS8F32Params(source.elements, q.scale, q.zero_point)
    return elementwise_call(graph, op, "dequantize_s8_f32", params, "the output is float32")


def elementwise_call(
    graph: Graph, op: Op, kernel: str, params: KernelParams, reason: str
) -> tuple[KernelCall, ...]:
    """The call of a kernel that makes an element of each element, of whatever types."""
    source, target = graph.input(op, 0), graph.output(op)
    distance = overlap.elementwise(source.elements, source.dtype.bytes, target.dtype.bytes)
    return (
        KernelCall(
            kernel=kernel,
            params=params,
            inputs=(op.inputs[0],),
            output=op.outputs[0],
            reason=reason,
            overlaps={0: distance},
        ),
    )


OPERATORS = (
    Operator(
        kinds=("QUANTIZE",),
        constraints=(
            constraint_arity(1, 1),
            constraint_quantize_types,
            constraint_not_empty,
            constraint_same_elements,
            constraint_rescaling,
            constraint_float_scale,
        ),
        lower=lower_quantize,
        kernels=("lookup_s8", "lookup_s8_u8", "lookup_u8_s8", "quantize_f32_s8"),
    ),
    Operator(
        kinds=("DEQUANTIZE",),
        constraints=(
            constraint_arity(1, 1),
            constraint_dequantize_types,
            constraint_not_empty,
            constraint_same_elements,
        ),
        lower=lower_dequantize,
        kernels=("dequantize_s8_f32",),
    ),
)
