"""MEAN, SUM, REDUCE_MAX, REDUCE_MIN and REDUCE_ALL over any axes: one nest of loops."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import ClassVar

import numpy as np

from mcuforge.frontend.graph import DType, Graph, Op
from mcuforge.planning.numerics import INT32_MAX, quantize_multiplier
from mcuforge.planning.ops import Operator
from mcuforge.planning.ops.common import (
    constraint_activations,
    constraint_arity,
    constraint_int8_activations,
    constraint_not_empty,
    describe,
    limits,
    quantization,
    suffix,
)
from mcuforge.planning.ops.loops import Loop, dense_strides, merge, odometer
from mcuforge.planning.plan import I32, CStruct, KernelCall, KernelParams, OptionalArrayI32


@dataclass(frozen=True, eq=False)
class Reduction(CStruct):
    """Mirror of nn_reduction."""

    c_type: ClassVar[str] = "nn_reduction"
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


@dataclass(frozen=True, eq=False)
class SumS8Params(KernelParams):
    """Mirror of nn_sum_s8_params."""

    c_type: ClassVar[str] = "nn_sum_s8_params"
    reduction: Reduction
    bias: I32
    multiplier: I32
    shift: I32
    output_offset: I32


@dataclass(frozen=True, eq=False)
class ReduceS8Params(KernelParams):
    """Mirror of nn_reduce_s8_params."""

    c_type: ClassVar[str] = "nn_reduce_s8_params"
    reduction: Reduction


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
    shape, output, axes = graph.input(op, 0).shape, graph.output(op), axes_of(graph, op)
    dropped = tuple(d for i, d in enumerate(shape) if i not in axes)
    kept = tuple(1 if i in axes else d for i, d in enumerate(shape))
    return None if output.shape in (dropped, kept) else f"{describe(output)}, not {list(dropped)}"


def constraint_range(graph: Graph, op: Op) -> str | None:
    """At most 2^23 elements go into a sum, of int16 2^15, and its rescaling does not overflow an
    int32."""
    count = _count(graph, op)
    low, high = limits(graph.input(op, 0).dtype)
    span = high - low
    if count > 1 << (32 - span.bit_length() - 1):
        return f"a sum of {count} elements"
    _, shift = scaling(graph, op)
    if span * count << max(shift, 0) > INT32_MAX + low:  # room for the output's zero point
        source, target = quantization(graph.input(op, 0)), quantization(graph.output(op))
        return f"the scales are {source.scale} and {target.scale}"
    return None


def constraint_bool(graph: Graph, op: Op) -> str | None:
    """Input and output are bool."""
    for tensor in (graph.input(op, 0), graph.output(op)):
        if tensor.dtype is not DType.BOOL:
            return f"tensor '{tensor.name}' is {describe(tensor)}"
    return None


def constraint_same_quantization(graph: Graph, op: Op) -> str | None:
    """Input and output have the same scale and zero point: TFLM takes no others."""
    source, target = quantization(graph.input(op, 0)), quantization(graph.output(op))
    if (source.scale, source.zero_point) == (target.scale, target.zero_point):
        return None
    return (
        f"scale {source.scale} and zero point {source.zero_point} become {target.scale} and "
        f"{target.zero_point}"
    )


def axes_of(graph: Graph, op: Op) -> set[int]:
    """The reduced axes, counted from the front."""
    rank = len(graph.input(op, 0).shape)
    return {axis % rank for axis in np.ravel(np.asarray(graph.input(op, 1).data)).tolist()}


def _count(graph: Graph, op: Op) -> int:
    shape = graph.input(op, 0).shape
    return prod(shape[axis] for axis in axes_of(graph, op))


def scaling(graph: Graph, op: Op) -> tuple[int, int]:
    """Multiplier and shift that rescale a sum; that of MEAN divides by the number of elements.

    The division goes into the multiplier, after a shift left that keeps its precision. Source:
    QuantizedMeanOrSum of TFLite's reference reduce.
    """
    source, target = quantization(graph.input(op, 0)), quantization(graph.output(op))
    multiplier, shift = quantize_multiplier(source.scale / target.scale)
    if op.kind == "SUM":
        return multiplier, shift
    count = _count(graph, op)
    left = min(count.bit_length() - 1, 32, 31 + shift)
    return (multiplier << left) // count, shift - left


def reduction(shape: tuple[int, ...], axes: set[int]) -> Reduction:
    """The loops over what is kept of `shape`, and over the `axes` that are reduced."""
    walk = [Loop(d, (s,)) for d, s in zip(shape, dense_strides(shape), strict=True)]
    kept = merge([loop for i, loop in enumerate(walk) if i not in axes] or [Loop(1, (1,))])
    reduced = merge([loop for i, loop in enumerate(walk) if i in axes] or [Loop(1, (1,))])
    outer_kept, outer_reduced = odometer(kept[:-1], 1), odometer(reduced[:-1], 1)
    return Reduction(
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
    )


def _call(op: Op, kernel: str, params: SumS8Params | ReduceS8Params) -> tuple[KernelCall, ...]:
    loops = params.reduction.kept_rank + 1, params.reduction.reduced_rank + 1
    return (
        KernelCall(
            kernel=kernel,
            params=params,
            inputs=(op.inputs[0],),
            output=op.outputs[0],
            reason=f"{loops[0]} loop(s) over outputs, {loops[1]} over what is reduced",
        ),
    )


def lower_sum(graph: Graph, op: Op) -> tuple[KernelCall, ...]:
    """The call of MEAN or SUM."""
    source = graph.input(op, 0)
    multiplier, shift = scaling(graph, op)
    params = SumS8Params(
        reduction=reduction(source.shape, axes_of(graph, op)),
        bias=-quantization(source).zero_point * _count(graph, op),
        multiplier=multiplier,
        shift=shift,
        output_offset=quantization(graph.output(op)).zero_point,
    )
    return _call(op, f"sum_{suffix(source)}", params)


def lower_extremum(graph: Graph, op: Op) -> tuple[KernelCall, ...]:
    """The call of REDUCE_MAX, REDUCE_MIN or REDUCE_ALL, whose bool has no suffix."""
    source = graph.input(op, 0)
    params = ReduceS8Params(reduction(source.shape, axes_of(graph, op)))
    kernel = op.kind.lower() if source.dtype is DType.BOOL else f"{op.kind.lower()}_s8"
    return _call(op, kernel, params)


_SHAPES = (constraint_not_empty, constraint_constant_axes, constraint_output_shape)


def _sum(kind: str, since: str) -> Operator:
    return Operator(
        kinds=(kind,),
        constraints=(constraint_arity(2, 2), constraint_activations, *_SHAPES, constraint_range),
        lower=lower_sum,
        kernels=("sum_s8", "sum_s16"),
        since=since,
        since_16x8="0.2.0",
    )


def _extremum(kind: str) -> Operator:
    return Operator(
        kinds=(kind,),
        constraints=(
            constraint_arity(2, 2),
            constraint_int8_activations,
            *_SHAPES,
            constraint_same_quantization,
        ),
        lower=lower_extremum,
        kernels=(f"{kind.lower()}_s8",),
        since="0.2.0",
    )


OPERATORS = (
    _sum("MEAN", "0.1.0"),
    _sum("SUM", "0.2.0"),
    _extremum("REDUCE_MAX"),
    _extremum("REDUCE_MIN"),
    Operator(
        kinds=("REDUCE_ALL",),
        constraints=(constraint_arity(2, 2), constraint_bool, *_SHAPES),
        lower=lower_extremum,
        kernels=("reduce_all",),
        since="0.2.0",
    ),
)
