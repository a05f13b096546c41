"""Every operator, by TFLite name."""

from __future__ import annotations

from mcuforge.planning.ops import (
    Operator,
    concatenation,
    conv2d,
    depthwise_conv2d,
    elementwise,
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
    transpose_conv,
    unary,
    variables,
)

_MODULES = (
    concatenation.OPERATORS,
    conv2d.OPERATORS,
    depthwise_conv2d.OPERATORS,
    elementwise.OPERATORS,
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
    transpose_conv.OPERATORS,
    unary.OPERATORS,
    variables.OPERATORS,
)

OPERATORS: dict[str, Operator] = {
    kind: operator for module in _MODULES for operator in module for kind in operator.kinds
}
