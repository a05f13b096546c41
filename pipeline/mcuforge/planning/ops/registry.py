"""Every operator, by TFLite name."""

from __future__ import annotations

from mcuforge.planning.ops import (
    Operator,
    arg_extremum,
    arithmetic,
    batch_matmul,
    batches,
    cast,
    circular_buffer,
    comparison,
    concatenation,
    conv2d,
    depthwise_conv2d,
    division,
    extremum,
    fully_connected,
    gather,
    int16_rescale,
    int16_sigmoid,
    int16_softmax,
    int32_arithmetic,
    l2_normalization,
    log_softmax,
    logical,
    lstm,
    pad,
    pooling,
    prelu,
    quantize,
    rearrange,
    reduce,
    repeat,
    reshape,
    resize,
    select,
    slices,
    softmax,
    split,
    squared_difference,
    sums,
    svdf,
    transpose_conv,
    unary,
    update_slice,
    variables,
    with_variant,
)

_MODULES = (
    arg_extremum.OPERATORS,
    arithmetic.OPERATORS,
    batch_matmul.OPERATORS,
    batches.OPERATORS,
    cast.OPERATORS,
    circular_buffer.OPERATORS,
    comparison.OPERATORS,
    concatenation.OPERATORS,
    conv2d.OPERATORS,
    depthwise_conv2d.OPERATORS,
    division.OPERATORS,
    extremum.OPERATORS,
    fully_connected.OPERATORS,
    gather.OPERATORS,
    l2_normalization.OPERATORS,
    log_softmax.OPERATORS,
    logical.OPERATORS,
    lstm.OPERATORS,
    pad.OPERATORS,
    pooling.OPERATORS,
    prelu.OPERATORS,
    quantize.OPERATORS,
    rearrange.OPERATORS,
    reduce.OPERATORS,
    repeat.OPERATORS,
    reshape.OPERATORS,
    resize.OPERATORS,
    select.OPERATORS,
    slices.OPERATORS,
    softmax.OPERATORS,
    split.OPERATORS,
    squared_difference.OPERATORS,
    sums.OPERATORS,
    svdf.OPERATORS,
    transpose_conv.OPERATORS,
    unary.OPERATORS,
    update_slice.OPERATORS,
    variables.OPERATORS,
)

_VARIANTS = {
    kind: variant
    for module in (
        int16_rescale.VARIANTS,
        int16_sigmoid.VARIANTS,
        int16_softmax.VARIANTS,
        int32_arithmetic.VARIANTS,
    )
    for variant in module
    for kind in variant.operator.kinds
}

OPERATORS: dict[str, Operator] = {
    kind: with_variant(operator, _VARIANTS[kind]) if kind in _VARIANTS else operator
    for module in _MODULES
    for operator in module
    for kind in operator.kinds
}
