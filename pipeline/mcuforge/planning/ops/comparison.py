"""EQUAL, NOT_EQUAL, GREATER, GREATER_EQUAL, LESS and LESS_EQUAL, with broadcasting."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from mcuforge.frontend.graph import DType, Graph, Op, Quantization
from mcuforge.planning.numerics import (
    Int64Array,
    all_int8,
    quantize_multiplier,
    rounding_divide_by_pot,
    rounding_doubling_high_mul,
)
from mcuforge.planning.ops import Operator, binary, logical, overlap
from mcuforge.planning.ops.binary import Broadcast
from mcuforge.planning.ops.common import (
    constraint_arity,
    constraint_not_empty,
    describe,
    is_per_tensor_int8,
    quantization,
)
from mcuforge.planning.ops.elementwise import constraint_broadcast
from mcuforge.planning.ops.unary.lookup import LookupS8Params
from mcuforge.planning.plan import I32, ArrayI16, KernelCall, KernelParams

LEFT_SHIFT = 8
LESS, EQUAL, GREATER, UNORDERED = 1, 2, 4, 8
RELATIONS = {
    "EQUAL": EQUAL,
    "NOT_EQUAL": LESS | GREATER | UNORDERED,
    "GREATER": GREATER,
    "GREATER_EQUAL": GREATER | EQUAL,
    "LESS": LESS,
    "LESS_EQUAL": LESS | EQUAL,
}
AS_THEY_ARE = {DType.INT32: "compare_s32", DType.INT64: "compare_s64", DType.FLOAT32: "compare_f32"}
EQUALITIES = {"EQUAL": logical.ALIKE, "NOT_EQUAL": logical.DIFFERENT}


@dataclass(frozen=True, eq=False)
class CompareS8Params(KernelParams):
    """Mirror of nn_compare_s8_params."""

    c_type: ClassVar[str] = "nn_compare_s8_params"
    loops: Broadcast
    relation: I32
    ranks1: ArrayI16
    ranks2: ArrayI16


@dataclass(frozen=True, eq=False)
class CompareParams(KernelParams):
    """Mirror of nn_compare_params."""

    c_type: ClassVar[str] = "nn_compare_params"
    loops: Broadcast
    relation: I32


def constraint_compared_types(graph: Graph, op: Op) -> str | None:
    """Both inputs are int8, quantised per tensor, or both int32, int64 or float32, or in EQUAL and
    NOT_EQUAL both bool; the output is bool. Of int16 TFLM has GREATER and GREATER_EQUAL alone, and
    never prepares their scales."""
    inputs, output = binary.operands(graph, op), graph.output(op)
    found = f"{describe(inputs[0])} and {describe(inputs[1])} become {describe(output)}"
    allowed = {DType.INT8, *AS_THEY_ARE, *([DType.BOOL] if op.kind in EQUALITIES else [])}
    first, second = (tensor.dtype for tensor in inputs)
    if first is not second or first not in allowed or output.dtype is not DType.BOOL:
        return found
    if first is DType.INT8 and not all(map(is_per_tensor_int8, inputs)):
        return f"{found}, and an input is not quantised per tensor"
    return None


def constraint_integers_alike(graph: Graph, op: Op) -> str | None:
    """TFLM compares int32 and int64 as they are: both are quantised alike, or not at all."""
    return binary.unlike(binary.operands(graph, op))


def constraint_scales_below_one(graph: Graph, op: Op) -> str | None:
    """The scales of int8 inputs are below 1: TFLM stops at others."""
    for tensor in binary.operands(graph, op):
        if tensor.dtype is DType.INT8 and quantization(tensor).scale >= 1.0:
            return f"the scale of '{tensor.name}' is {quantization(tensor).scale:g}"
    return None


def rescaled(q: Quantization, values: Int64Array) -> Int64Array:
    """What TFLM compares: real values times 2^8, rounded. Source: TFLite's ComparisonWithScaling.

    Stored values whose real values are closer than 1/256 may become equal.
    """
    multiplier, shift = quantize_multiplier(q.scale)
    steps = (values - q.zero_point) << LEFT_SHIFT
    return rounding_divide_by_pot(rounding_doubling_high_mul(steps, multiplier), -shift)


def _ranks(graph: Graph, op: Op) -> tuple[npt.NDArray[np.int16], npt.NDArray[np.int16]]:
    """For every int8 of either input, the place of its rescaled value among those of both."""
    both = [rescaled(quantization(t), all_int8()) for t in binary.operands(graph, op)]
    _, places = np.unique(np.concatenate(both), return_inverse=True)
    first, second = places.reshape(2, 256).astype(np.int16)
    return first, second


def _table(graph: Graph, op: Op, scalar: int) -> npt.NDArray[np.int8]:
    """0 or 1 for every int8 of the input beside a constant scalar."""
    sides = [rescaled(quantization(t), all_int8()) for t in binary.operands(graph, op)]
    tensor = graph.input(op, scalar)
    sides[scalar] = rescaled(quantization(tensor), binary.possible_values(tensor))
    order = np.sign(sides[0] - sides[1]) + 1
    return np.asarray((RELATIONS[op.kind] >> order) & 1, np.int8)


def _lookup(graph: Graph, op: Op, scalar: int) -> tuple[KernelCall, ...]:
    elements = graph.output(op).elements
    return (
        KernelCall(
            kernel="lookup_s8_u8",
            params=LookupS8Params(elements=elements, table=_table(graph, op, scalar)),
            inputs=(op.inputs[1 - scalar],),
            output=op.outputs[0],
            reason="beside a constant, int8 has 256 results: a table is exact and fastest",
            overlaps={0: 0},
        ),
    )


def lower(graph: Graph, op: Op) -> tuple[KernelCall, ...]:
    """The call of a comparison."""
    first, second = binary.operands(graph, op)
    if first.dtype is DType.BOOL:
        return logical.call(graph, op, op.inputs, EQUALITIES[op.kind])
    loops, relation = binary.broadcast(graph, op), RELATIONS[op.kind]
    elements = graph.output(op).elements
    if first.dtype in AS_THEY_ARE:
        return _call(graph, op, CompareParams(loops, relation))
    for scalar, tensor in enumerate((first, second)):
        other = graph.input(op, 1 - scalar)
        if tensor.is_constant and tensor.elements == 1 and other.elements == elements:
            return _lookup(graph, op, scalar)
    ranks1, ranks2 = _ranks(graph, op)
    return binary.call(graph, op, "compare_s8", CompareS8Params(loops, relation, ranks1, ranks2))


def _call(graph: Graph, op: Op, params: KernelParams) -> tuple[KernelCall, ...]:
    elements, dtype = graph.output(op).elements, graph.input(op, 0).dtype
    whole = [i for i, t in enumerate(binary.operands(graph, op)) if t.elements == elements]
    distance = overlap.elementwise(elements, dtype.bytes, DType.BOOL.bytes)
    return (
        KernelCall(
            kernel=AS_THEY_ARE[dtype],
            params=params,
            inputs=(op.inputs[0], op.inputs[1]),
            output=op.outputs[0],
            reason="dimensions merged into as few loops as broadcasting allows",
            overlaps=dict.fromkeys(whole, distance),
        ),
    )


OPERATORS = (
    Operator(
        kinds=tuple(RELATIONS),
        constraints=(
            constraint_arity(2, 2),
            constraint_compared_types,
            constraint_not_empty,
            constraint_broadcast,
            constraint_integers_alike,
            constraint_scales_below_one,
        ),
        lower=lower,
        kernels=("compare_s8", "lookup_s8_u8", *AS_THEY_ARE.values(), "logical"),
        since="0.2.0",
    ),
)
