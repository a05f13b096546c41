"""L2_NORMALIZATION over the last axis."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from mcuforge.frontend.graph import Activation, Graph, Op
from mcuforge.planning.ops import Operator
from mcuforge.planning.ops.common import (
    constraint_arity,
    constraint_int8_activations,
    constraint_not_empty,
    describe,
    fused_activation,
    quantization,
)
from mcuforge.planning.ops.unary.lookup import constraint_output
from mcuforge.planning.plan import I32, KernelCall, KernelParams

MAX_RANK = 4
MAX_DEPTH = 33025  # 255 * 255 * 33025 < 2^31


@dataclass(frozen=True, eq=False)
class L2NormalizationS8Params(KernelParams):
    """Mirror of nn_l2_normalization_s8_params."""

    c_type: ClassVar[str] = "nn_l2_normalization_s8_params"
    rows: I32
    depth: I32
    input_offset: I32


def constraint_shape(graph: Graph, op: Op) -> str | None:
    """Input and output have the same shape, of rank 1 to 4, with at most 33025 on the last axis."""
    given, computed = graph.input(op, 0), graph.output(op)
    if given.shape != computed.shape or not 1 <= len(given.shape) <= MAX_RANK:
        return f"{describe(given)} becomes {describe(computed)}"
    return None if given.shape[-1] <= MAX_DEPTH else f"the last axis has {given.shape[-1]}"


def constraint_no_activation(_graph: Graph, op: Op) -> str | None:
    """No activation is fused."""
    activation = fused_activation(op)
    return None if activation is Activation.NONE else f"it fuses {activation.value}"


def lower(graph: Graph, op: Op) -> tuple[KernelCall, ...]:
    """The call of L2_NORMALIZATION. Source: TFLite's reference_integer_ops::L2Normalization."""
    source = graph.input(op, 0)
    depth = source.shape[-1]
    params = L2NormalizationS8Params(
        rows=source.elements // depth,
        depth=depth,
        input_offset=-quantization(source).zero_point,
    )
    return (
        KernelCall(
            kernel="l2_normalization_s8",
            params=params,
            inputs=(op.inputs[0],),
            output=op.outputs[0],
            reason="each row is read twice: for the sum of its squares, then to be scaled",
            overlaps={0: 0},
        ),
    )


OPERATORS = (
    Operator(
        kinds=("L2_NORMALIZATION",),
        constraints=(
            constraint_arity(1, 1),
            constraint_int8_activations,
            constraint_not_empty,
            constraint_shape,
            constraint_output(1 / 128, 0),
            constraint_no_activation,
        ),
        lower=lower,
        kernels=("l2_normalization_s8",),
        since="0.2.0",
    ),
)
