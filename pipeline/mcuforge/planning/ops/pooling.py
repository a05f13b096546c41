"""MAX_POOL_2D and AVERAGE_POOL_2D."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from mcuforge.frontend.graph import Graph, Op, Pool2DAttributes
from mcuforge.planning.ops import Operator, meaning
from mcuforge.planning.ops.common import (
    clamp_range,
    constraint_activations,
    constraint_arity,
    constraint_fused_activation,
    constraint_not_empty,
    describe,
    quantization,
    suffix,
)
from mcuforge.planning.ops.window import (
    ImageSizes,
    SlidingWindow,
    image_sizes,
    output_sizes,
    pixel_overlap,
    sliding_window,
)
from mcuforge.planning.plan import I32, KernelCall, KernelParams

MAX_EXTENT = 32767


@dataclass(frozen=True, eq=False)
class Pool2DS8Params(KernelParams):
    """Mirror of nn_pool2d_s8_params."""

    c_type: ClassVar[str] = "nn_pool2d_s8_params"
    sizes: ImageSizes
    window: SlidingWindow
    output_pixel_stride: I32
    activation_min: I32
    activation_max: I32


def attributes(op: Op) -> Pool2DAttributes:
    """The op's attributes, which the reader has made of this type."""
    if not isinstance(op.attributes, Pool2DAttributes):
        raise TypeError(f"{op.kind} carries {type(op.attributes).__name__}")
    return op.attributes


def constraint_rank_4(graph: Graph, op: Op) -> str | None:
    """Input and output are NHWC tensors of rank 4, no extent above 32767."""
    for tensor in (graph.input(op, 0), graph.output(op)):
        if len(tensor.shape) != 4 or max(tensor.shape) > MAX_EXTENT:
            return f"tensor '{tensor.name}' is {describe(tensor)}"
    return None


def constraint_window(_graph: Graph, op: Op) -> str | None:
    """Filter and stride are from 1 to 32767."""
    a = attributes(op)
    sizes = (a.filter_h, a.filter_w, a.stride_h, a.stride_w)
    if not all(1 <= size <= MAX_EXTENT for size in sizes):
        return f"filter {a.filter_h}x{a.filter_w}, stride {a.stride_h}x{a.stride_w}"
    return None


def constraint_output_shape(graph: Graph, op: Op) -> str | None:
    """The output's shape follows from the input, filter, stride and padding."""
    a, given, computed = attributes(op), graph.input(op, 0), graph.output(op)
    batches, height, width, channels = given.shape
    filter_size, stride = (a.filter_h, a.filter_w), (a.stride_h, a.stride_w)
    size = output_sizes(a.padding, (height, width), filter_size, stride)
    expected = (batches, *size, channels)
    return None if computed.shape == expected else f"{describe(computed)}, not {list(expected)}"


def constraint_same_quantization(graph: Graph, op: Op) -> str | None:
    """Input and output have the same zero point, and scales that differ by at most 1e-6."""
    source, target = quantization(graph.input(op, 0)), quantization(graph.output(op))
    difference = float(np.abs(np.float32(source.scale) - np.float32(target.scale)))
    if difference <= 1.0e-6 and source.zero_point == target.zero_point:
        return None
    return (
        f"scale {source.scale} and zero point {source.zero_point} become "
        f"{target.scale} and {target.zero_point}"
    )


def constraint_window_sum(graph: Graph, op: Op) -> str | None:
    """A window covers at most 2^23 elements of a channel, with int16 2^15, whose sum an int32
    holds."""
    a = attributes(op)
    _, height, width, _ = graph.input(op, 0).shape
    covered = min(a.filter_h, height) * min(a.filter_w, width)
    most = 1 << (31 - 8 * graph.input(op, 0).dtype.bytes)
    return None if covered <= most else f"a window covers {covered} elements"


_CONSTRAINTS = (
    constraint_arity(1, 1),
    constraint_activations,
    constraint_not_empty,
    constraint_rank_4,
    constraint_window,
    constraint_output_shape,
    constraint_same_quantization,
    meaning.constraint_copies,
    constraint_fused_activation,
)


def params(graph: Graph, op: Op) -> Pool2DS8Params:
    """Shapes, padding and clamp of either kind of pooling."""
    a = attributes(op)
    sizes = image_sizes(graph.input(op, 0), graph.output(op))
    low, high = clamp_range(a.activation, quantization(graph.output(op)), graph.output(op).dtype)
    return Pool2DS8Params(
        sizes=sizes,
        window=sliding_window(sizes, (a.filter_h, a.filter_w), (a.stride_h, a.stride_w)),
        output_pixel_stride=sizes.input_channels,
        activation_min=low,
        activation_max=high,
    )


def _lower_to(kernel: str, graph: Graph, op: Op) -> tuple[KernelCall, ...]:
    prepared, source = params(graph, op), graph.input(op, 0)
    distance = pixel_overlap(prepared.sizes, prepared.window, prepared.sizes.input_channels)
    return (
        KernelCall(
            kernel=f"{kernel}_{suffix(source)}",
            params=prepared,
            inputs=(op.inputs[0],),
            output=op.outputs[0],
            reason="windows are clipped to the input, then reduced four channels at a time",
            overlaps={0: source.dtype.bytes * distance},
        ),
    )


def lower_max(graph: Graph, op: Op) -> tuple[KernelCall, ...]:
    """The call of MAX_POOL_2D."""
    return _lower_to("max_pool2d", graph, op)


def lower_average(graph: Graph, op: Op) -> tuple[KernelCall, ...]:
    """The call of AVERAGE_POOL_2D."""
    return _lower_to("average_pool2d", graph, op)


OPERATORS = (
    Operator(
        kinds=("MAX_POOL_2D",),
        constraints=_CONSTRAINTS,
        lower=lower_max,
        kernels=("max_pool2d_s8", "max_pool2d_s16"),
        since_16x8="0.2.0",
    ),
    Operator(
        kinds=("AVERAGE_POOL_2D",),
        constraints=(*_CONSTRAINTS, constraint_window_sum),
        lower=lower_average,
        kernels=("average_pool2d_s8", "average_pool2d_s16"),
        since_16x8="0.2.0",
    ),
)
