"""BATCH_MATMUL, and FULLY_CONNECTED whose weights are computed: products of two activations."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import ClassVar, cast

import numpy as np

from mcuforge.frontend.graph import BatchMatMulAttributes, DType, Graph, Op, Tensor
from mcuforge.planning.numerics import (
    INT32_MAX,
    quantize_multiplier,
    reduced_multipliers,
)
from mcuforge.planning.ops import Operator, binary
from mcuforge.planning.ops.common import (
    MAX_SHIFT,
    constraint_arity,
    constraint_not_empty,
    constraint_symmetric,
    describe,
    limits,
)
from mcuforge.planning.ops.elementwise import constraint_operands
from mcuforge.planning.ops.loops import Loop, Odometer, dense_strides, merge, odometer
from mcuforge.planning.ops.weighted_sum import MAX_TAPS, MAX_WIDE_SHIFT, WIDE_FRACTION
from mcuforge.planning.plan import I32, KernelCall, KernelParams, OptionalArrayI32

RANKS = range(2, 6)  # that TFLM takes


@dataclass(frozen=True, eq=False)
class BatchMatMulS8Params(KernelParams):
    """Mirror of nn_batch_matmul_s8_params."""

    c_type: ClassVar[str] = "nn_batch_matmul_s8_params"
    rows: I32
    columns: I32
    depth: I32
    lhs_transposed: I32
    rhs_transposed: I32
    rank: I32
    extents: OptionalArrayI32
    lhs_steps: OptionalArrayI32
    rhs_steps: OptionalArrayI32
    lhs_offset: I32
    rhs_offset: I32
    bias: OptionalArrayI32
    multiplier: I32
    shift: I32
    output_offset: I32
    activation_min: I32
    activation_max: I32

    @property
    def scratch_bytes(self) -> int:
        """Sums of rows, a column, and lhs where it is transposed."""
        return 4 * self.rows + self.depth * (1 + self.rows * self.lhs_transposed)


def _attributes(op: Op) -> BatchMatMulAttributes:
    return cast(BatchMatMulAttributes, op.attributes)


def _matrix(tensor: Tensor, adjoint: bool) -> tuple[int, int]:
    """Rows and columns of the tensor's matrices, as they are multiplied."""
    rows, columns = tensor.shape[-2:]
    return (columns, rows) if adjoint else (rows, columns)


def constraint_ranks(graph: Graph, op: Op) -> str | None:
    """Both inputs have a rank from 2 to 5."""
    ranks = [len(t.shape) for t in binary.operands(graph, op)]
    return None if all(rank in RANKS for rank in ranks) else f"the ranks are {ranks}"


def constraint_shapes(graph: Graph, op: Op) -> str | None:
    """The matrices fit each other and the output's; the dimensions before them broadcast."""
    first, second = binary.operands(graph, op)
    found = f"{describe(first)} and {describe(second)} become {describe(graph.output(op))}"
    rows, depth = _matrix(first, _attributes(op).adjoint_x)
    inner, columns = _matrix(second, _attributes(op).adjoint_y)
    try:
        batches = np.broadcast_shapes(first.shape[:-2], second.shape[:-2])
    except ValueError:
        return found
    return None if (*batches, rows, columns) == graph.output(op).shape and depth == inner else found


def real_multiplier(graph: Graph, op: Op) -> float:
    """Both input scales over the output's. Their product is in float32 as TFLM computes it."""
    a, b, output = binary.quantizations(graph, op)
    with np.errstate(over="ignore", under="ignore"):
        return float(np.float32(a.scale) * np.float32(b.scale)) / output.scale


def constraint_scales(graph: Graph, op: Op) -> str | None:
    """The product of the input scales is a float32, and below 2^30 times the output scale, with
    int16 2^7."""
    real = real_multiplier(graph, op)
    most = MAX_SHIFT if graph.output(op).dtype is DType.INT8 else MAX_WIDE_SHIFT
    if np.isfinite(real) and quantize_multiplier(real)[1] <= most:
        return None
    return binary.scales_of(graph, op)


def constraint_sums(graph: Graph, op: Op) -> str | None:
    """No sum of products can leave int32; of int16, whose sums are of 64 bits, there are at most
    131,072."""
    _, depth = _matrix(graph.input(op, 0), _attributes(op).adjoint_x)
    if graph.output(op).dtype is DType.INT16:
        return None if depth < MAX_TAPS else f"there are {depth}"
    worst = largest_sum(graph, op, depth)
    return None if worst <= INT32_MAX else f"sums of {depth} products may reach {worst}"


def largest_sum(graph: Graph, op: Op, depth: int) -> int:
    """The largest magnitude that a sum of `depth` products may have."""
    a, b, _ = binary.quantizations(graph, op)
    return depth * prod(max(q.zero_point + 128, 127 - q.zero_point) for q in (a, b))


def _batches(graph: Graph, op: Op) -> Odometer:
    """The pairs of matrices, by the steps of both inputs."""
    output = graph.output(op).shape[:-2]
    strides = []
    for tensor in binary.operands(graph, op):
        shape = (1,) * (len(output) + 2 - len(tensor.shape)) + tensor.shape
        dense = dense_strides(shape)[: len(output)]
        strides.append([0 if d == 1 else s for d, s in zip(shape[:-2], dense, strict=True)])
    loops = [Loop(n, (strides[0][i], strides[1][i])) for i, n in enumerate(output) if n > 1]
    return odometer(merge(loops) if loops else (), 2)


def lower(graph: Graph, op: Op) -> tuple[KernelCall, ...]:
    """The call of BATCH_MATMUL."""
    adjoint = _attributes(op).adjoint_x, _attributes(op).adjoint_y
    rows, depth = _matrix(graph.input(op, 0), adjoint[0])
    a, b, target = binary.quantizations(graph, op)
    pairs = _batches(graph, op)
    multiplier, shift = quantize_multiplier(real_multiplier(graph, op))
    dtype = graph.output(op).dtype
    if dtype is DType.INT16:
        multiplier = int(reduced_multipliers(np.array([multiplier]))[0])
        shift = WIDE_FRACTION - shift
    low, high = limits(dtype)
    params = BatchMatMulS8Params(
        rows=rows,
        columns=graph.output(op).shape[-1],
        depth=depth,
        lhs_transposed=int(adjoint[0]),
        rhs_transposed=int(adjoint[1]),
        rank=pairs.rank,
        extents=pairs.extents,
        lhs_steps=pairs.steps[0],
        rhs_steps=pairs.steps[1],
        lhs_offset=-a.zero_point,
        rhs_offset=-b.zero_point,
        bias=None,
        multiplier=multiplier,
        shift=shift,
        output_offset=target.zero_point,
        activation_min=low,
        activation_max=high,
    )
    if dtype is DType.INT8:
        return call(op, params)
    return (
        KernelCall(
            kernel="batch_matmul_s16",
            params=params,
            inputs=(op.inputs[0], op.inputs[1]),
            output=op.outputs[0],
            reason="sums are of 64 bits, and neither input is copied",
        ),
    )


def call(op: Op, params: BatchMatMulS8Params) -> tuple[KernelCall, ...]:
    """The call of the kernel for the op's first two inputs."""
    return (
        KernelCall(
            kernel="batch_matmul_s8",
            params=params,
            inputs=(op.inputs[0], op.inputs[1]),
            output=op.outputs[0],
            reason="a column is gathered once, and four rows share each load of it",
            scratch_bytes=params.scratch_bytes,
        ),
    )


OPERATORS = (
    Operator(
        kinds=("BATCH_MATMUL",),
        constraints=(
            constraint_arity(2, 2),
            constraint_operands,
            constraint_not_empty,
            constraint_symmetric,
            constraint_ranks,
            constraint_shapes,
            constraint_scales,
            constraint_sums,
        ),
        lower=lower,
        kernels=("batch_matmul_s8", "batch_matmul_s16"),
        since="0.2.0",
        since_16x8="0.2.0",
    ),
)
