"""Unary int8 operators, all computed by one table look-up.

An int8 input has 256 values, so the planner evaluates the op on each of them, with the reference
kernel's own steps, and the device only looks results up.

An op -> its table, as a call of a kernel. Knows nothing of other operators, nor of the arena.
"""

from mcuforge.planning.ops.unary import (
    bounded_rectifiers,
    float_islands,
    hard_swish,
    real_functions,
    rectifiers,
    rsqrt,
    squashing,
)

OPERATORS = float_islands.combined(
    (
        *rectifiers.OPERATORS,
        *bounded_rectifiers.OPERATORS,
        *squashing.OPERATORS,
        *hard_swish.OPERATORS,
        *rsqrt.OPERATORS,
        *real_functions.OPERATORS,
    )
)
