"""GATHER, GATHER_ND and EMBEDDING_LOOKUP: rows by their numbers, which may come at run time.

Where an index names no row, TFLM's EMBEDDING_LOOKUP and GATHER_ND fail and its GATHER reads foreign
memory. Here the inference fails: constant indices are checked by the rules, others by the kernel.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import ClassVar

import numpy as np

from mcuforge.frontend.graph import DType, GatherAttributes, Graph, Op
from mcuforge.planning.ops import Operator, meaning
from mcuforge.planning.ops.common import constraint_arity, constraint_not_empty, describe
from mcuforge.planning.ops.loops import dense_strides
from mcuforge.planning.ops.moving import SINCE, constraint_copied, constraint_types, integers
from mcuforge.planning.plan import I32, KernelCall, KernelParams, OptionalArrayI32

TYPES = (DType.INT8, DType.FLOAT32)
MAX_DEPTH = 5


@dataclass(frozen=True, eq=False)
class GatherParams(KernelParams):
    """Mirror of nn_gather_params."""

    c_type: ClassVar[str] = "nn_gather_params"
    batches: I32
    outer: I32
    count: I32
    extent: I32
    run: I32


@dataclass(frozen=True, eq=False)
class GatherNdParams(KernelParams):
    """Mirror of nn_gather_nd_params."""

    c_type: ClassVar[str] = "nn_gather_nd_params"
    count: I32
    depth: I32
    run: I32
    bytes: I32
    strides: OptionalArrayI32


def constraint_indices_int32(graph: Graph, op: Op) -> str | None:
    """The indices are int32."""
    indices = graph.input(op, _indices(op))
    return None if indices.dtype is DType.INT32 else f"they are {describe(indices)}"


def _indices(op: Op) -> int:
    return 0 if op.kind == "EMBEDDING_LOOKUP" else 1


def axes(graph: Graph, op: Op) -> tuple[int, int]:
    """Axis and batch dimensions, counted from the front as TFLM does."""
    a = op.attributes
    if not isinstance(a, GatherAttributes):
        raise TypeError(f"{op.kind} carries {type(a).__name__}")
    axis = a.axis + (len(graph.input(op, 0).shape) if a.axis < 0 else 0)
    return axis, a.batch_dims + (len(graph.input(op, 1).shape) if a.batch_dims < 0 else 0)


def constraint_axes(graph: Graph, op: Op) -> str | None:
    """The axis is one of the input's dimensions; the batch dimensions lie before it and are the
    first ones of the indices, too."""
    source, indices = graph.input(op, 0), graph.input(op, 1)
    axis, batch = axes(graph, op)
    if not 0 <= axis < len(source.shape) or not 0 <= batch <= min(axis, len(indices.shape)):
        return f"axis {axis} and {batch} batch dimensions of {describe(source)}"
    if source.shape[:batch] != indices.shape[:batch]:
        return f"indices {describe(indices)} for {describe(source)}"
    return None


def constraint_gathered_shape(graph: Graph, op: Op) -> str | None:
    """The output has the input's dimensions, with those of the indices for the axis."""
    source, indices, found = graph.input(op, 0), graph.input(op, 1), graph.output(op)
    axis, batch = axes(graph, op)
    expected = source.shape[:axis] + indices.shape[batch:] + source.shape[axis + 1 :]
    return None if found.shape == expected else f"{describe(found)}, not {list(expected)}"


def constraint_known_indices(graph: Graph, op: Op) -> str | None:
    """Constant indices name what there is; others that do not make `invoke` fail."""
    indices, rows = graph.input(op, _indices(op)), graph.input(op, 1 - _indices(op))
    if indices.data is None:
        return None
    extent = rows.shape[axes(graph, op)[0] if op.kind == "GATHER" else 0]
    wrong = next((i for i in integers(indices) if not 0 <= i < extent), None)
    return None if wrong is None else f"index {wrong} of {extent}"


def lower_gather(graph: Graph, op: Op) -> tuple[KernelCall, ...]:
    """The call of GATHER."""
    source, indices = graph.input(op, 0), graph.input(op, 1)
    axis, batch = axes(graph, op)
    params = GatherParams(
        batches=prod(source.shape[:batch]),
        outer=prod(source.shape[batch:axis]),
        count=prod(indices.shape[batch:]),
        extent=source.shape[axis],
        run=prod(source.shape[axis + 1 :]) * source.dtype.bytes,
    )
    return (_call("gather", params, source.index, indices.index, op.outputs[0], params.run),)


def _call(
    kernel: str, params: KernelParams, source: int, indices: int, target: int, run: int
) -> KernelCall:
    reason = f"runs of {run} byte(s) are copied, one an index"
    return KernelCall(kernel, params, (source, indices), target, reason)


def constraint_lookup(graph: Graph, op: Op) -> str | None:
    """The indices are a vector, the table has at least two dimensions, and the output a row of it
    for each index."""
    indices, table, found = graph.input(op, 0), graph.input(op, 1), graph.output(op)
    if len(indices.shape) != 1 or len(table.shape) < 2:
        return f"{describe(indices)} into {describe(table)}"
    expected = indices.shape + table.shape[1:]
    return None if found.shape == expected else f"{describe(found)}, not {list(expected)}"


def lower_lookup(graph: Graph, op: Op) -> tuple[KernelCall, ...]:
    """The call of EMBEDDING_LOOKUP."""
    indices, table = graph.input(op, 0), graph.input(op, 1)
    run = prod(table.shape[1:]) * table.dtype.bytes
    params = GatherParams(1, 1, indices.elements, table.shape[0], run)
    return (_call("gather", params, table.index, indices.index, op.outputs[0], run),)


def constraint_nd_shapes(graph: Graph, op: Op) -> str | None:
    """The last dimension of the indices is at most 5 and the input's rank; the output has their
    other dimensions, and the input's that they leave."""
    source, indices, found = graph.input(op, 0), graph.input(op, 1), graph.output(op)
    if not source.shape or not indices.shape:
        return f"indices {describe(indices)} for {describe(source)}"
    depth = indices.shape[-1]
    if depth > min(len(source.shape), MAX_DEPTH):
        return f"{depth} indices for {describe(source)}"
    expected = indices.shape[:-1] + source.shape[depth:]
    return None if found.shape == expected else f"{describe(found)}, not {list(expected)}"


def constraint_known_positions(graph: Graph, op: Op) -> str | None:
    """Constant indices name what there is; others that do not make `invoke` fail."""
    source, indices = graph.input(op, 0), graph.input(op, 1)
    if indices.data is None:
        return None
    limits = np.array(source.shape[: indices.shape[-1]])
    outside = (indices.data < 0) | (indices.data >= limits)
    if not outside.any():
        return None
    row = np.argwhere(outside)[0][:-1]
    return f"indices {indices.data[tuple(row)].tolist()} of {describe(source)}"


def lower_nd(graph: Graph, op: Op) -> tuple[KernelCall, ...]:
    """The call of GATHER_ND."""
    source, indices = graph.input(op, 0), graph.input(op, 1)
    size, depth = source.dtype.bytes, indices.shape[-1]
    strides = [stride * size for stride in dense_strides(source.shape)[:depth]]
    run = prod(source.shape[depth:]) * size
    params = GatherNdParams(
        count=prod(indices.shape[:-1]),
        depth=depth,
        run=run,
        bytes=source.bytes,
        strides=np.array(strides, np.int32),
    )
    return (_call("gather_nd", params, source.index, indices.index, op.outputs[0], run),)


OPERATORS = (
    Operator(
        kinds=("GATHER",),
        constraints=(
            constraint_arity(2, 2),
            constraint_types(*TYPES),
            constraint_not_empty,
            constraint_indices_int32,
            constraint_axes,
            constraint_gathered_shape,
            constraint_known_indices,
            meaning.constraint_copies,
        ),
        lower=lower_gather,
        kernels=("gather",),
        since=SINCE,
    ),
    Operator(
        kinds=("EMBEDDING_LOOKUP",),
        constraints=(
            constraint_arity(2, 2),
            constraint_types(*TYPES, data=1),
            constraint_not_empty,
            constraint_indices_int32,
            constraint_lookup,
            constraint_known_indices,
            constraint_copied(1),
        ),
        lower=lower_lookup,
        kernels=("gather",),
        since=SINCE,
    ),
    Operator(
        kinds=("GATHER_ND",),
        constraints=(
            constraint_arity(2, 2),
            constraint_types(*TYPES),
            constraint_not_empty,
            constraint_indices_int32,
            constraint_nd_shapes,
            constraint_known_positions,
            meaning.constraint_copies,
        ),
        lower=lower_nd,
        kernels=("gather_nd",),
        since=SINCE,
    ),
)
