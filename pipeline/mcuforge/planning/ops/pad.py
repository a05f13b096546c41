"""PAD and PADV2 with constant paddings."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import ClassVar

import numpy as np

from mcuforge.frontend.graph import DType, Graph, Op
from mcuforge.planning.ops import Operator, meaning
from mcuforge.planning.ops.common import (
    constraint_arity,
    constraint_int8_activations,
    constraint_not_empty,
    describe,
    is_per_tensor_int8,
    quantization,
)
from mcuforge.planning.plan import I8, I32, KernelCall, KernelParams, OptionalArrayI32

MAX_RANK = 5


@dataclass(frozen=True, eq=False)
class PadS8Params(KernelParams):
    """Mirror of nn_pad_s8_params."""

    c_type: ClassVar[str] = "nn_pad_s8_params"
    head: I32
    row: I32
    tail: I32
    rank: I32
    extents: OptionalArrayI32
    gaps: OptionalArrayI32
    value: I8


@dataclass(frozen=True)
class Axis:
    """An axis of the input: its extent, and the padding before and after it."""

    extent: int
    before: int
    after: int

    @property
    def padded(self) -> int:
        """Extent of the output."""
        return self.before + self.extent + self.after


def constraint_constant_paddings(graph: Graph, op: Op) -> str | None:
    """The paddings are a constant int32 tensor with two values an axis; the rank is 1 to 5."""
    rank, paddings = len(graph.input(op, 0).shape), graph.input(op, 1)
    if paddings.data is None:
        return "the paddings are not constant"
    if paddings.dtype is not DType.INT32 or paddings.elements != 2 * rank:
        return f"the paddings are {describe(paddings)} for a tensor of rank {rank}"
    return None if 1 <= rank <= MAX_RANK else f"the rank is {rank}"


def constraint_output_shape(graph: Graph, op: Op) -> str | None:
    """No padding is negative, and they account for the output's shape."""
    axes = _axes(graph, op)
    if any(min(axis.before, axis.after) < 0 for axis in axes):
        return "a padding is negative"
    output, expected = graph.output(op), tuple(axis.padded for axis in axes)
    return None if output.shape == expected else f"{describe(output)}, not {list(expected)}"


def constraint_constant_value(graph: Graph, op: Op) -> str | None:
    """The padding value, if given, is one int8 constant quantised like the output."""
    value = graph.optional_input(op, 2)
    if value is None:
        return None if len(op.inputs) == 2 else "the padding value is left out"
    if value.data is None or value.elements != 1 or not is_per_tensor_int8(value):
        return f"it is {describe(value)}"
    q, output = quantization(value), quantization(graph.output(op))
    if (q.scale, q.zero_point) != (output.scale, output.zero_point):
        return "it has another scale or zero point"
    return None


def _axes(graph: Graph, op: Op) -> list[Axis]:
    paddings = graph.input(op, 1).data
    if paddings is None:
        raise ValueError("the paddings are not constant")
    pairs = np.reshape(paddings, (-1, 2)).tolist()
    return [
        Axis(extent, *pair) for extent, pair in zip(graph.input(op, 0).shape, pairs, strict=True)
    ]


def merge(axes: list[Axis]) -> list[Axis]:
    """Fewer axes with the same bytes: one that is not padded joins the axis before it."""
    merged: list[Axis] = []
    for axis in axes:
        if merged and axis.before == axis.after == 0:
            outer, n = merged.pop(), axis.extent
            axis = Axis(outer.extent * n, outer.before * n, outer.after * n)
        merged.append(axis)
    return merged


def pad_params(axes: list[Axis], value: int) -> PadS8Params:
    """The output as one stream: `head` bytes of padding, then rows of input with gaps between.

    A gap's size depends only on how many of the outer axes wrap after the row.
    """
    *outer, row = axes
    sizes = [prod(axis.padded for axis in axes[i + 1 :]) for i in range(len(axes))]
    head = sum(axis.before * size for axis, size in zip(axes, sizes, strict=True))
    gap = row.before + row.after
    gaps = []
    for axis, size in zip(reversed(outer), reversed(sizes[:-1]), strict=True):
        gaps.append(gap)
        gap += (axis.before + axis.after) * size
    return PadS8Params(
        head=head,
        row=row.extent,
        tail=gap - head,
        rank=len(outer),
        extents=np.array([a.extent for a in reversed(outer)], np.int32) if outer else None,
        gaps=np.array(gaps, np.int32) if outer else None,
        value=value,
    )


def _overlap_distance(axes: list[Axis]) -> int:
    """A step is a row and the padding that follows it.

    What is written runs further and further ahead of what is read: the last step decides, which
    reads the last row when all else is written.
    """
    source = prod(axis.extent for axis in axes)
    return source - axes[-1].extent - prod(axis.padded for axis in axes)


def lower(graph: Graph, op: Op) -> tuple[KernelCall, ...]:
    """The call of PAD or PADV2."""
    constant = graph.optional_input(op, 2)
    if constant is None or constant.data is None:
        value = quantization(graph.output(op)).zero_point
    else:
        value = int(np.ravel(constant.data)[0])
    axes = merge(_axes(graph, op))
    params = pad_params(axes, value)
    return (
        KernelCall(
            kernel="pad_s8",
            params=params,
            inputs=(op.inputs[0],),
            output=op.outputs[0],
            reason=f"written in one pass: rows of {params.row} bytes and the padding between",
            overlaps={0: _overlap_distance(axes)},
        ),
    )


OPERATORS = (
    Operator(
        kinds=("PAD", "PADV2"),
        constraints=(
            constraint_arity(2, 3),
            constraint_int8_activations,
            constraint_not_empty,
            constraint_constant_paddings,
            constraint_output_shape,
            constraint_constant_value,
            meaning.constraint_copies,
        ),
        lower=lower,
        kernels=("pad_s8",),
    ),
)
