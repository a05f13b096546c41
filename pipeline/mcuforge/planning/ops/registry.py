"""Every operator, by TFLite name."""

from __future__ import annotations

from mcuforge.planning.ops import (
    Operator,
    concatenation,
    conv2d,
    depthwise_conv2d,
    division,
    elementwise,
    extremum,
    fully_connected,
    l2_normalization,
    log_softmax,
    pad,
    pooling,
    prelu,
    quantize,
    reduce,
    reshape,
    resize,
    softmax,
    squared_difference,
    transpose_conv,
    unary,
    variables,
)

_MODULES = (
    concatenation.OPERATORS,
    conv2d.OPERATORS,
    depthwise_conv2d.OPERATORS,
    division.OPERATORS,
    elementwise.OPERATORS,
    extremum.OPERATORS,
    fully_connected.OPERATORS,
    l2_normalization.OPERATORS,
    log_softmax.OPERATORS,
    pad.OPERATORS,
    pooling.OPERATORS,
    prelu.OPERATORS,
    quantize.OPERATORS,
    reduce.OPERATORS,
    reshape.OPERATORS,
    resize.OPERATORS,
    softmax.OPERATORS,
    squared_difference.OPERATORS,
    transpose_conv.OPERATORS,
    unary.OPERATORS,
    variables.OPERATORS,
)

OPERATORS: dict[str, Operator] = {
    kind: operator for module in _MODULES for operator in module for kind in operator.kinds
}
