"""DYNAMIC_UPDATE_SLICE: a tensor with a part of it replaced, at a place known at run time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from mcuforge.frontend.graph import DType, Graph, Op
from mcuforge.planning.ops import Operator, meaning
from mcuforge.planning.ops.common import constraint_arity, constraint_not_empty, describe
from mcuforge.planning.ops.loops import Loop, dense_strides, merge, odometer
from mcuforge.planning.ops.moving import SINCE, constraint_copied, constraint_types
from mcuforge.planning.plan import I32, KernelCall, KernelParams, OptionalArrayI32

TYPES = (DType.INT8, DType.INT16, DType.INT32, DType.FLOAT32)
INDICES = (DType.INT32, DType.INT64)
MAX_RANK = 6  # of TFLM's RuntimeShape


@dataclass(frozen=True, eq=False)
class UpdateSliceParams(KernelParams):
    """Mirror of nn_update_slice_params."""

    c_type: ClassVar[str] = "nn_update_slice_params"
    bytes: I32
    axes: I32
    last: OptionalArrayI32
    strides: OptionalArrayI32
    index_bytes: I32
    run: I32
    rank: I32
    extents: OptionalArrayI32
    steps: OptionalArrayI32


def constraint_update(graph: Graph, op: Op) -> str | None:
    """The rank is 1 to 6; input and output have one shape; the update has their type and rank, and
    fits into them; it means the same."""
    source, update, found = graph.input(op, 0), graph.input(op, 1), graph.output(op)
    if not 1 <= len(source.shape) <= MAX_RANK or found.shape != source.shape:
        return f"{describe(source)} becomes {describe(found)}"
    if update.dtype is not source.dtype or len(update.shape) != len(source.shape):
        return f"the update is {describe(update)}"
    if any(u > s for u, s in zip(update.shape, source.shape, strict=True)):
        return f"the update is {describe(update)}"
    return meaning.copied(update, found)


def constraint_indices(graph: Graph, op: Op) -> str | None:
    """The indices are int32 or int64, one for each dimension."""
    indices, rank = graph.input(op, 2), len(graph.input(op, 0).shape)
    fitting = indices.dtype in INDICES and indices.shape == (rank,)
    return None if fitting else f"they are {describe(indices)} for a rank of {rank}"


def lower(graph: Graph, op: Op) -> tuple[KernelCall, ...]:
    """The call of DYNAMIC_UPDATE_SLICE."""
    source, update, indices = (graph.input(op, i) for i in range(3))
    size, strides = source.dtype.bytes, dense_strides(source.shape)
    nest = zip(update.shape, dense_strides(update.shape), strides, strict=True)
    loops = merge([Loop(extent, (read, write)) for extent, read, write in nest])
    *outer, inner = loops
    run = inner.extent if inner.strides == (1, 1) else 1
    if run != inner.extent:
        outer = [*outer, inner]
    walk = odometer([Loop(loop.extent, (loop.strides[1] * size,)) for loop in outer], 1)
    room = [s - u for s, u in zip(source.shape, update.shape, strict=True)]
    params = UpdateSliceParams(
        bytes=source.bytes,
        axes=len(room),
        last=np.array(room, np.int32),
        strides=np.array([stride * size for stride in strides], np.int32),
        index_bytes=indices.dtype.bytes,
        run=run * size,
        rank=walk.rank,
        extents=walk.extents,
        steps=walk.steps[0],
    )
    return (
        KernelCall(
            kernel="update_slice",
            params=params,
            inputs=(source.index, update.index, indices.index),
            output=op.outputs[0],
            reason=f"runs of {params.run} byte(s) of the update go where the indices say",
            overlaps={0: 0},
        ),
    )


OPERATORS = (
    Operator(
        kinds=("DYNAMIC_UPDATE_SLICE",),
        constraints=(
            constraint_arity(3, 3),
            constraint_types(*TYPES),
            constraint_not_empty,
            constraint_update,
            constraint_indices,
            constraint_copied(),
        ),
        lower=lower,
        kernels=("update_slice",),
        since=SINCE,
        since_16x8=SINCE,
    ),
)
