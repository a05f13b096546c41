"""Every operator, by TFLite name."""

from __future__ import annotations

from mcuforge.ops import (
    Operator,
    conv2d,
    depthwise_conv2d,
    fully_connected,
    transpose_conv,
    unary,
)

_MODULES = (
    conv2d.OPERATORS,
    depthwise_conv2d.OPERATORS,
    fully_connected.OPERATORS,
    transpose_conv.OPERATORS,
    unary.OPERATORS,
)

OPERATORS: dict[str, Operator] = {
    kind: operator for module in _MODULES for operator in module for kind in operator.kinds
}
