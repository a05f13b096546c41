"""CONV_2D."""

from __future__ import annotations

from mcuforge.frontend.graph import DType, Graph, Op
from mcuforge.planning.ops import Operator
from mcuforge.planning.ops.common import (
    constraint_activations,
    constraint_arity,
    constraint_fused_activation,
    constraint_not_empty,
    constraint_symmetric,
    quantization,
    suffix,
)
from mcuforge.planning.ops.convolution import (
    PARAMS,
    constraint_options,
    constraint_output_size,
    constraint_ranks,
    overlap_distance,
    scratch_bytes,
    window_of,
)
from mcuforge.planning.ops.weighted_sum import Int64Array, WeightedSum, pack_filters
from mcuforge.planning.plan import KernelCall

SUM = WeightedSum()
REASONS = {
    DType.INT8: "two pixels share each load of the weights; the input offset is in the bias",
    DType.INT16: "four filters share each load of a gathered patch",
}


def constraint_channels(graph: Graph, op: Op) -> str | None:
    """The weights' channels divide the input's, and the groups divide the output's."""
    inputs = graph.input(op, 0).shape[3]
    outputs, _, _, group = graph.input(op, 1).shape
    if graph.output(op).shape[3] != outputs:
        return f"{outputs} filters make {graph.output(op).shape[3]} channels"
    if group == 0 or inputs % group or outputs % (inputs // group):
        return f"{inputs} input channels meet {outputs} filters of {group} channels"
    return None


def lower(graph: Graph, op: Op) -> tuple[KernelCall, ...]:
    """One call of `nn_conv2d_s8` or `nn_conv2d_s16`."""
    return lowered(graph, op, SUM, SUM.filters(graph, op))


def lowered(
    graph: Graph, op: Op, weighted_sum: WeightedSum, filters: Int64Array
) -> tuple[KernelCall, ...]:
    """The call that slides `filters`, [output channels, height, width, group's channels]."""
    source = graph.input(op, 0)
    sizes, window = window_of(graph, op)
    packed = pack_filters(filters)
    output_channels, *_, group_channels = filters.shape
    row = sizes.output_width * output_channels
    params = PARAMS[source.dtype](
        output_stage=weighted_sum.output_stage(graph, op, filters),
        sizes=sizes,
        window=window,
        group_channels=group_channels,
        output_channels=output_channels,
        output_start=0,
        output_batch_stride=sizes.output_height * row,
        output_row_stride=row,
        output_pixel_stride=output_channels,
        input_zero_point=quantization(source).zero_point,
        filter_stride=packed.shape[1],
        weights=packed,
    )
    return (
        KernelCall(
            kernel=f"conv2d_{suffix(source)}",
            params=params,
            inputs=(op.inputs[0],),
            output=op.outputs[0],
            reason=REASONS[source.dtype],
            scratch_bytes=scratch_bytes(packed.shape[1], source.dtype),
            overlaps={0: source.dtype.bytes * overlap_distance(params)},
        ),
    )


OPERATORS = (
    Operator(
        kinds=("CONV_2D",),
        constraints=(
            constraint_arity(2, 3),
            constraint_activations,
            constraint_symmetric,
            constraint_not_empty,
            constraint_fused_activation,
            SUM.constraint_weights,
            constraint_ranks,
            constraint_options,
            constraint_channels,
            constraint_output_size,
            *SUM.constraints,
        ),
        lower=lower,
        kernels=("conv2d_s8", "conv2d_s16"),
        since_16x8="0.2.0",
    ),
)
