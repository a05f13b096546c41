"""PAD and PADV2 with constant paddings."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import ClassVar

import numpy as np

from mcuforge.frontend.graph import DType, Graph, Op, Tensor
from mcuforge.planning.ops import Operator, meaning
from mcuforge.planning.ops.common import (
    constraint_arity,
    constraint_not_empty,
    describe,
    quantization,
)
from mcuforge.planning.ops.moving import SINCE, constraint_types
from mcuforge.planning.plan import I32, ArrayU8, KernelCall, KernelParams, OptionalArrayI32

MAX_RANK = 5
TYPES = (DType.INT8, DType.INT16, DType.INT32, DType.FLOAT32)


@dataclass(frozen=True, eq=False)
class PadParams(KernelParams):
    """Mirror of nn_pad_params."""

    c_type: ClassVar[str] = "nn_pad_params"
    head: I32
    row: I32
    tail: I32
    rank: I32
    extents: OptionalArrayI32
    gaps: OptionalArrayI32
    value_bytes: I32
    value: ArrayU8


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


def constraint_int8_is_quantized(graph: Graph, op: Op) -> str | None:
    """An int8 output has a zero point, which is the padding if none is given."""
    output = graph.output(op)
    missing = output.dtype is DType.INT8 and output.quantization is None
    return f"it is {describe(output)} without" if missing else None


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
    axes = axes_of(graph, op)
    if any(min(axis.before, axis.after) < 0 for axis in axes):
        return "a padding is negative"
    output, expected = graph.output(op), tuple(axis.padded for axis in axes)
    return None if output.shape == expected else f"{describe(output)}, not {list(expected)}"


def constraint_constant_value(graph: Graph, op: Op) -> str | None:
    """The padding value, if given, is one constant of the output's type, quantised like it."""
    value = graph.optional_input(op, 2)
    if value is None:
        return None if len(op.inputs) == 2 else "the padding value is left out"
    output = graph.output(op)
    if value.data is None or value.elements != 1 or value.dtype is not output.dtype:
        return f"it is {describe(value)}"
    alike = _numbers(value) == _numbers(output)
    return None if alike else "it has another scale or zero point"


def _numbers(tensor: Tensor) -> tuple[tuple[float, ...], tuple[int, ...]] | None:
    q = tensor.quantization
    return None if q is None else (q.scales, q.zero_points)


def axes_of(graph: Graph, op: Op) -> list[Axis]:
    """The axes of a PAD or PADV2."""
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


def pad_params(axes: list[Axis], value: bytes) -> PadParams:
    """The output as one stream: `head` bytes of padding, then rows of input with gaps between.

    `axes` are in elements, `value` is the padding for one. A gap's size depends only on how many of
    the outer axes wrap after the row.
    """
    *outer, row = axes
    element = len(value)
    sizes = [element * prod(axis.padded for axis in axes[i + 1 :]) for i in range(len(axes))]
    head = sum(axis.before * size for axis, size in zip(axes, sizes, strict=True))
    gap = (row.before + row.after) * element
    gaps = []
    for axis, size in zip(reversed(outer), reversed(sizes[:-1]), strict=True):
        gaps.append(gap)
        gap += (axis.before + axis.after) * size
    pattern = value[:1] if value == value[:1] * element else value  # memset writes one byte
    return PadParams(
        head=head,
        row=row.extent * element,
        tail=gap - head,
        rank=len(outer),
        extents=np.array([a.extent for a in reversed(outer)], np.int32) if outer else None,
        gaps=np.array(gaps, np.int32) if outer else None,
        value_bytes=len(pattern),
        value=np.frombuffer(pattern, np.uint8),
    )


def _overlap_distance(axes: list[Axis]) -> int:
    """In elements. A step is a row and the padding that follows it.

    What is written runs further and further ahead of what is read: the last step decides, which
    reads the last row when all else is written.
    """
    source = prod(axis.extent for axis in axes)
    return source - axes[-1].extent - prod(axis.padded for axis in axes)


def lower(graph: Graph, op: Op) -> tuple[KernelCall, ...]:
    """The call of PAD or PADV2."""
    axes = merge(axes_of(graph, op))
    params = pad_params(axes, filling(graph, op))
    return (
        KernelCall(
            kernel="pad",
            params=params,
            inputs=(op.inputs[0],),
            output=op.outputs[0],
            reason=f"written in one pass: rows of {params.row} bytes and the padding between",
            overlaps={0: _overlap_distance(axes) * graph.output(op).dtype.bytes},
        ),
    )


def filling(graph: Graph, op: Op) -> bytes:
    """The padding for one element, as it is given or zero."""
    constant = graph.optional_input(op, 2)
    if constant is not None and constant.data is not None:
        return bytes(np.ravel(constant.data)[:1].tobytes())
    return zero(graph.output(op))


def zero(output: Tensor) -> bytes:
    """The padding for one element where none is given: an int8 tensor's zero point, else 0."""
    value = quantization(output).zero_point if output.dtype is DType.INT8 else 0
    return np.array(value, output.dtype.value).tobytes()


OPERATORS = (
    Operator(
        kinds=("PAD", "PADV2"),
        constraints=(
            constraint_arity(2, 3),
            constraint_types(*TYPES),
            constraint_int8_is_quantized,
            constraint_not_empty,
            constraint_constant_paddings,
            constraint_output_shape,
            constraint_constant_value,
            meaning.constraint_copies,
        ),
        lower=lower,
        kernels=("pad",),
        since_16x8=SINCE,
    ),
)
