"""RESIZE_NEAREST_NEIGHBOR and RESIZE_BILINEAR to a constant size.

The planner works out which input rows and columns each output pixel takes, with TFLM's float32 or
fixed-point steps, so that the device only follows tables.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from mcuforge.frontend.graph import DType, Graph, Op, ResizeAttributes
from mcuforge.planning.ops import Operator, meaning, overlap
from mcuforge.planning.ops.common import (
    constraint_activations,
    constraint_arity,
    constraint_int8_activations,
    constraint_not_empty,
    describe,
)
from mcuforge.planning.ops.pooling import constraint_rank_4
from mcuforge.planning.ops.window import ImageSizes, image_sizes
from mcuforge.planning.plan import I32, ArrayI16, KernelCall, KernelParams

Int16Array = npt.NDArray[np.int16]
BILINEAR_BITS = 10


@dataclass(frozen=True, eq=False)
class ResizeNearestParams(KernelParams):
    """Mirror of nn_resize_nearest_params."""

    c_type: ClassVar[str] = "nn_resize_nearest_params"
    sizes: ImageSizes
    output_pixel_stride: I32
    rows: ArrayI16
    columns: ArrayI16


@dataclass(frozen=True, eq=False)
class ResizeBilinearS8Params(KernelParams):
    """Mirror of nn_resize_bilinear_s8_params."""

    c_type: ClassVar[str] = "nn_resize_bilinear_s8_params"
    sizes: ImageSizes
    output_pixel_stride: I32
    rows: ArrayI16
    row_weights: ArrayI16
    columns: ArrayI16
    column_weights: ArrayI16


def attributes(op: Op) -> ResizeAttributes:
    """The op's attributes, which the reader has made of this type."""
    if not isinstance(op.attributes, ResizeAttributes):
        raise TypeError(f"{op.kind} carries {type(op.attributes).__name__}")
    return op.attributes


def constraint_constant_size(graph: Graph, op: Op) -> str | None:
    """The size is a constant int32 tensor [height, width], and the output has that size."""
    size, output = graph.input(op, 1), graph.output(op)
    if size.data is None or size.dtype is not DType.INT32 or size.shape != (2,):
        return f"the size is {describe(size)}" + ("" if size.is_constant else ", not constant")
    batches, _, _, channels = graph.input(op, 0).shape
    expected = (batches, int(size.data[0]), int(size.data[1]), channels)
    return None if output.shape == expected else f"{describe(output)}, not {list(expected)}"


def constraint_one_alignment(_graph: Graph, op: Op) -> str | None:
    """align_corners and half_pixel_centers are not both set."""
    a = attributes(op)
    return "both are set" if a.align_corners and a.half_pixel_centers else None


def constraint_inside(graph: Graph, op: Op) -> str | None:
    """No pixel is taken from outside the input (TFLM's rounded scale does so for some sizes)."""
    source, target = graph.input(op, 0).shape, graph.output(op).shape
    for axis, name in ((1, "row"), (2, "column")):
        lower = _bilinear_positions(source[axis], target[axis], attributes(op)) >> BILINEAR_BITS
        if lower.max() >= source[axis]:
            return f"{name} {lower.max()} of {source[axis]}"
    return None


def nearest_indices(source: int, target: int, a: ResizeAttributes) -> Int16Array:
    """Input index of each of `target` output indices, with TFLM's float32 steps.

    Source: GetNearestNeighbor of TFLite's reference resize_nearest_neighbor.
    """
    corners = a.align_corners and target > 1
    numerator, denominator = (source - 1, target - 1) if corners else (source, target)
    scale = np.float32(numerator) / np.float32(denominator)
    offset = np.float32(0.5 if a.half_pixel_centers else 0.0)
    position = (np.arange(target).astype(np.float32) + offset) * scale
    # floor(x + 0.5) in double rounds half away like C's roundf, as no position is negative.
    rounded = np.floor(position.astype(np.float64) + (0.5 if a.align_corners else 0.0))
    return np.minimum(rounded, source - 1).astype(np.int16)


def _bilinear_positions(source: int, target: int, a: ResizeAttributes) -> npt.NDArray[np.int64]:
    """Position in the input of each output index, with 10 fractional bits."""
    one = 1 << BILINEAR_BITS
    if a.align_corners and target > 1:
        scale = (one * (source - 1) + (target - 1) // 2) // (target - 1)
    else:
        scale = (one * source + target // 2) // target
    positions = np.arange(target, dtype=np.int64) * scale
    return positions + scale // 2 - one // 2 if a.half_pixel_centers else positions


def bilinear_indices(
    source: int, target: int, a: ResizeAttributes
) -> tuple[Int16Array, Int16Array]:
    """Lower input index of each output index, and the weight of the next one in 1/1024.

    A weight is 0 where both indices fall on the same pixel, at the borders. Source:
    ComputeInterpolationValuesInteger of TFLite's reference resize_bilinear.
    """
    positions = _bilinear_positions(source, target, a)
    lower = np.maximum(positions, 0) >> BILINEAR_BITS
    weights = np.maximum(positions, 0) & ((1 << BILINEAR_BITS) - 1)
    weights[lower == source - 1] = 0
    return lower.astype(np.int16), weights.astype(np.int16)


def lower_nearest(graph: Graph, op: Op) -> tuple[KernelCall, ...]:
    """The call of RESIZE_NEAREST_NEIGHBOR, which moves bytes, whatever their type."""
    source = graph.input(op, 0)
    sizes = image_sizes(source, graph.output(op))
    pixel = sizes.input_channels * source.dtype.bytes
    params = ResizeNearestParams(
        sizes=replace(sizes, input_channels=pixel),
        output_pixel_stride=pixel,
        rows=nearest_indices(sizes.input_height, sizes.output_height, attributes(op)),
        columns=nearest_indices(sizes.input_width, sizes.output_width, attributes(op)),
    )
    return _call(op, "resize_nearest", params, "source rows and columns are tabulated: no float")


def lower_bilinear(graph: Graph, op: Op) -> tuple[KernelCall, ...]:
    """The call of RESIZE_BILINEAR."""
    sizes, a = image_sizes(graph.input(op, 0), graph.output(op)), attributes(op)
    rows, row_weights = bilinear_indices(sizes.input_height, sizes.output_height, a)
    columns, column_weights = bilinear_indices(sizes.input_width, sizes.output_width, a)
    params = ResizeBilinearS8Params(
        sizes=sizes,
        output_pixel_stride=sizes.input_channels,
        rows=rows,
        row_weights=row_weights,
        columns=columns,
        column_weights=column_weights,
    )
    return _call(op, "resize_bilinear_s8", params, "positions and weights are tabulated")


def _overlap_distance(p: ResizeNearestParams | ResizeBilinearS8Params) -> int:
    """In bytes. A step is a pixel. The tables hold the lower rows and columns that it reads."""
    sizes, channels = p.sizes, p.sizes.input_channels
    source_row, row = sizes.input_width * channels, sizes.output_width * channels
    loops = [
        overlap.linear(sizes.batches, sizes.input_height * source_row, sizes.output_height * row),
        overlap.table(p.rows.astype(np.int64) * source_row, row),
        overlap.table(p.columns.astype(np.int64) * channels, channels),
    ]
    return overlap.distance(loops, sizes.input_elements, channels)


def _call(
    op: Op,
    kernel: str,
    params: ResizeNearestParams | ResizeBilinearS8Params,
    reason: str,
) -> tuple[KernelCall, ...]:
    return (
        KernelCall(
            kernel=kernel,
            params=params,
            inputs=(op.inputs[0],),
            output=op.outputs[0],
            reason=reason,
            overlaps={0: _overlap_distance(params)},
        ),
    )


_CONSTRAINTS = (
    constraint_not_empty,
    constraint_rank_4,
    constraint_constant_size,
    meaning.constraint_copies,
)

OPERATORS = (
    Operator(
        kinds=("RESIZE_NEAREST_NEIGHBOR",),
        constraints=(constraint_arity(2, 2), constraint_activations, *_CONSTRAINTS),
        lower=lower_nearest,
        kernels=("resize_nearest",),
        since_16x8="0.2.0",
    ),
    Operator(
        kinds=("RESIZE_BILINEAR",),
        constraints=(
            constraint_arity(2, 2),
            constraint_int8_activations,
            *_CONSTRAINTS,
            constraint_one_alignment,
            constraint_inside,
        ),
        lower=lower_bilinear,
        kernels=("resize_bilinear_s8",),
    ),
)
