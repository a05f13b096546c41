"""ADD, SUB and MUL of int32, MAXIMUM and MINIMUM of int32 and int64: indices and counters.

They are integers that stand for themselves: TFLM rescales nothing. Sums and products that leave
int32 wrap.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from mcuforge.frontend.graph import Activation, DType, Graph, Op
from mcuforge.planning.ops import Operator, Variant, binary, extremum
from mcuforge.planning.ops.binary import Broadcast
from mcuforge.planning.ops.common import (
    constraint_arity,
    constraint_fused_activation,
    constraint_not_empty,
    describe,
    found_type,
    fused_activation,
    limits,
)
from mcuforge.planning.ops.elementwise import constraint_broadcast
from mcuforge.planning.plan import I32, KernelCall, KernelParams

_LOW, _HIGH = limits(DType.INT32)
RANGES = {
    Activation.NONE: (_LOW, _HIGH),
    Activation.RELU: (0, _HIGH),
    Activation.RELU_N1_TO_1: (-1, 1),
    Activation.RELU6: (0, 6),
}


@dataclass(frozen=True, eq=False)
class ArithmeticS32Params(KernelParams):
    """Mirror of nn_arithmetic_s32_params."""

    c_type: ClassVar[str] = "nn_arithmetic_s32_params"
    loops: Broadcast
    activation_min: I32
    activation_max: I32


def constraint_plain_int32(graph: Graph, op: Op) -> str | None:
    """Both inputs and the output are int32 and not quantised: TFLM takes no others."""
    for tensor in (*binary.operands(graph, op), graph.output(op)):
        if tensor.dtype is not DType.INT32:
            return f"tensor '{tensor.name}' is {found_type(tensor)}"
        if tensor.quantization is not None:
            return f"tensor '{tensor.name}' is {describe(tensor)}, quantised"
    return None


def constraint_add_is_not_clamped(graph: Graph, op: Op) -> str | None:
    """ADD fuses no activation, which TFLM would leave out."""
    del graph
    activation = fused_activation(op)
    return None if activation is Activation.NONE else f"it fuses {activation.value}"


def constraint_integers(graph: Graph, op: Op) -> str | None:
    """Both inputs and the output are int32 or, all of them, int64."""
    dtype = graph.input(op, 0).dtype
    for tensor in (*binary.operands(graph, op), graph.output(op)):
        if tensor.dtype is not dtype or dtype not in (DType.INT32, DType.INT64):
            return f"tensor '{tensor.name}' is {describe(tensor)}"
    return None


def constraint_integers_alike(graph: Graph, op: Op) -> str | None:
    """TFLM takes integers as they are: all are quantised alike, or not at all."""
    return binary.unlike((*binary.operands(graph, op), graph.output(op)))


def lower_arithmetic(graph: Graph, op: Op) -> tuple[KernelCall, ...]:
    """The call of ADD, SUB or MUL."""
    low, high = RANGES[fused_activation(op)]
    params = ArithmeticS32Params(binary.broadcast(graph, op), low, high)
    return binary.call(graph, op, f"{op.kind.lower()}_s32", params)


def _arithmetic(kind: str) -> Variant:
    clamped = constraint_add_is_not_clamped if kind == "ADD" else constraint_fused_activation
    return Variant(
        Operator(
            kinds=(kind,),
            constraints=(
                constraint_arity(2, 2),
                constraint_plain_int32,
                constraint_not_empty,
                constraint_broadcast,
                clamped,
            ),
            lower=lower_arithmetic,
            kernels=(f"{kind.lower()}_s32",),
        ),
        (DType.INT32,),
        "With int32",
    )


def _extremum(kind: str) -> Variant:
    return Variant(
        Operator(
            kinds=(kind,),
            constraints=(
                constraint_arity(2, 2),
                constraint_integers,
                constraint_not_empty,
                constraint_broadcast,
                constraint_integers_alike,
            ),
            lower=extremum.lower,
            kernels=(f"{kind.lower()}_s32", f"{kind.lower()}_s64"),
        ),
        (DType.INT32, DType.INT64),
        "With int32 or int64",
    )


VARIANTS = (
    _arithmetic("ADD"),
    _arithmetic("SUB"),
    _arithmetic("MUL"),
    _extremum("MAXIMUM"),
    _extremum("MINIMUM"),
)
