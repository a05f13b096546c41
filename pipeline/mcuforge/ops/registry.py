"""Every operator, by TFLite name."""

from __future__ import annotations

from mcuforge.ops import Operator, unary

OPERATORS: dict[str, Operator] = {
    kind: operator
    for module in (unary,)
    for operator in module.OPERATORS
    for kind in operator.kinds
}
