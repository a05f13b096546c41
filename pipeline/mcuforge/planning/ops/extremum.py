"""MAXIMUM and MINIMUM of two int8 or int16 tensors, with broadcasting."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from mcuforge.frontend.graph import Graph, Op
from mcuforge.planning.numerics import Int64Array
from mcuforge.planning.ops import Operator, binary, meaning
from mcuforge.planning.ops.binary import Broadcast
from mcuforge.planning.ops.common import (
    constraint_arity,
    constraint_not_empty,
    quantization,
    suffix,
)
from mcuforge.planning.ops.elementwise import constraint_broadcast, constraint_operands
from mcuforge.planning.plan import KernelCall, KernelParams


@dataclass(frozen=True, eq=False)
class BinaryS8Params(KernelParams):
    """Mirror of nn_binary_s8_params."""

    c_type: ClassVar[str] = "nn_binary_s8_params"
    loops: Broadcast


def constraint_compares_bytes(graph: Graph, op: Op) -> str | None:
    """TFLM compares bytes and rescales nothing, so that inputs and output must be quantised alike,
    to one step of the output; a QUANTIZE before is computed as meant, and `mcuforge convert` writes
    it."""
    target = quantization(graph.output(op))
    for tensor in binary.operands(graph, op):
        source, values = quantization(tensor), binary.possible_values(tensor)
        apart = meaning.steps_apart(values, meaning.rescaled(values, source, target), tensor.dtype)
        if apart > meaning.MAX_STEPS:
            return meaning.off(source, target, apart)
    return None


def values(_graph: Graph, op: Op, a: Int64Array, b: Int64Array) -> npt.NDArray[np.int8]:
    """MAXIMUM or MINIMUM of stored values."""
    return (np.maximum if op.kind == "MAXIMUM" else np.minimum)(a, b).astype(np.int8)


def lower(graph: Graph, op: Op) -> tuple[KernelCall, ...]:
    """The call of MAXIMUM or MINIMUM."""
    params = BinaryS8Params(binary.broadcast(graph, op))
    return binary.call(graph, op, f"{op.kind.lower()}_{suffix(graph.output(op))}", params)


def _operator(kind: str) -> Operator:
    return Operator(
        kinds=(kind,),
        constraints=(
            constraint_arity(2, 2),
            constraint_operands,
            constraint_not_empty,
            constraint_broadcast,
            constraint_compares_bytes,
        ),
        lower=binary.with_table(values, lower),
        kernels=(f"{kind.lower()}_s8", f"{kind.lower()}_s16", "lookup_s8"),
        since="0.2.0",
        since_16x8="0.2.0",
    )


OPERATORS = (_operator("MAXIMUM"), _operator("MINIMUM"))
