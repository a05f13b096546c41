"""MEAN over any axes."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import ClassVar

import numpy as np

from mcuforge.frontend.graph import DType, Graph, Op
from mcuforge.planning.numerics import INT32_MAX, quantize_multiplier
from mcuforge.planning.ops import Operator
from mcuforge.planning.ops.common import (
    constraint_arity,
    constraint_int8_activations,
    constraint_not_empty,
    describe,
    quantization,
)
from mcuforge.planning.ops.loops import Loop, dense_strides, merge, odometer
from mcuforge.planning.plan import I32, KernelCall, KernelParams, OptionalArrayI32

MAX_COUNT = 1 << 23  # 255 * 2^23 < 2^31


@dataclass(frozen=True, eq=False)
class MeanS8Params(KernelParams):
    """Mirror of nn_mean_s8_params."""

    c_type: ClassVar[str] = "nn_mean_s8_params"
    inner: I32
    inner_stride: I32
    kept_rank: I32
    kept_extents: OptionalArrayI32
    kept_steps: OptionalArrayI32
    reduced: I32
    reduced_stride: I32
    reduced_rank: I32
    reduced_extents: OptionalArrayI32
    reduced_steps: OptionalArrayI32
    bias: I32
    multiplier: I32
    shift: I32
    output_offset: I32


def constraint_constant_axes(graph: Graph, op: Op) -> str | None:
    """The axes are a constant int32 tensor of rank 0 or 1 whose values name dimensions."""
    rank, axes = len(graph.input(op, 0).shape), graph.input(op, 1)
    if axes.data is None or axes.dtype is not DType.INT32 or len(axes.shape) > 1:
        return f"they are {describe(axes)}" + ("" if axes.is_constant else ", not constant")
    for axis in np.ravel(axes.data).tolist():
        if not -rank <= axis < rank:
            return f"axis {axis} of a tensor of rank {rank}"
    return None


def constraint_output_shape(graph: Graph, op: Op) -> str | None:
    """The output's shape is the input's without the axes, or with 1 in their place."""
    shape, output, axes = graph.input(op, 0).shape, graph.output(op), _axes(graph, op)
    dropped = tuple(d for i, d in enumerate(shape) if i not in axes)
    kept = tuple(1 if i in axes else d for i, d in enumerate(shape))
    return None if output.shape in (dropped, kept) else f"{describe(output)}, not {list(dropped)}"


def constraint_range(graph: Graph, op: Op) -> str | None:
    """At most 2^23 elements go into a mean, and its rescaling does not overflow an int32."""
    count = _count(graph, op)
    if count > MAX_COUNT:
        return f"a mean of {count} elements"
    _, shift = scaling(graph, op)
    if 255 * count << max(shift, 0) > INT32_MAX - 128:  # 128 for the output's zero point
        source, target = quantization(graph.input(op, 0)), quantization(graph.output(op))
        return f"the scales are {source.scale} and {target.scale}"
    return None


def _axes(graph: Graph, op: Op) -> set[int]:
    """The reduced axes, counted from the front."""
    rank = len(graph.input(op, 0).shape)
    return {axis % rank for axis in np.ravel(np.asarray(graph.input(op, 1).data)).tolist()}


def _count(graph: Graph, op: Op) -> int:
    shape = graph.input(op, 0).shape
    return prod(shape[axis] for axis in _axes(graph, op))


def scaling(graph: Graph, op: Op) -> tuple[int, int]:
    """Multiplier and shift that rescale a sum and divide it by the number of elements.

    The division goes into the multiplier, after a shift left that keeps its precision. Source:
    QuantizedMeanOrSum of TFLite's reference reduce.
    """
    source, target = quantization(graph.input(op, 0)), quantization(graph.output(op))
    multiplier, shift = quantize_multiplier(source.scale / target.scale)
    count = _count(graph, op)
    left = min(count.bit_length() - 1, 32, 31 + shift)
    return (multiplier << left) // count, shift - left


def lower(graph: Graph, op: Op) -> tuple[KernelCall, ...]:
    """The call of MEAN."""
    source, axes = graph.input(op, 0), _axes(graph, op)
    walk = [
        Loop(extent, (stride,))
        for extent, stride in zip(source.shape, dense_strides(source.shape), strict=True)
    ]
    kept = merge([loop for i, loop in enumerate(walk) if i not in axes] or [Loop(1, (1,))])
    reduced = merge([loop for i, loop in enumerate(walk) if i in axes])
    outer_kept, outer_reduced = odometer(kept[:-1], 1), odometer(reduced[:-1], 1)
    multiplier, shift = scaling(graph, op)
    params = MeanS8Params(
        inner=kept[-1].extent,
        inner_stride=kept[-1].strides[0],
        kept_rank=outer_kept.rank,
        kept_extents=outer_kept.extents,
        kept_steps=outer_kept.steps[0],
        reduced=reduced[-1].extent,
        reduced_stride=reduced[-1].strides[0],
        reduced_rank=outer_reduced.rank,
        reduced_extents=outer_reduced.extents,
        reduced_steps=outer_reduced.steps[0],
        bias=-quantization(source).zero_point * _count(graph, op),
        multiplier=multiplier,
        shift=shift,
        output_offset=quantization(graph.output(op)).zero_point,
    )
    return (
        KernelCall(
            kernel="mean_s8",
            params=params,
            inputs=(op.inputs[0],),
            output=op.outputs[0],
            reason=f"{len(kept)} loop(s) over outputs, {len(reduced)} over what is averaged",
        ),
    )


OPERATORS = (
    Operator(
        kinds=("MEAN",),
        constraints=(
            constraint_arity(2, 2),
            constraint_int8_activations,
            constraint_not_empty,
            constraint_constant_axes,
            constraint_output_shape,
            constraint_range,
        ),
        lower=lower,
        kernels=("mean_s8",),
    ),
)
