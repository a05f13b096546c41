"""Unary operators between a DEQUANTIZE and a QUANTIZE: one table, each step in float32.

`frontend/passes/fuse_float_islands.py` makes one op of them. What TFLM has in float alone (NEG,
SQUARE, SIN, ...) is compiled there and nowhere else.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import wraps

import numpy as np
import numpy.typing as npt

from mcuforge.frontend.graph import FloatIslandAttributes, Graph, Op, Quantization
from mcuforge.frontend.passes.fuse_float_islands import KINDS
from mcuforge.planning.numerics import INT32_MAX, all_int8, clamp_int8
from mcuforge.planning.ops import Constraint, Operator
from mcuforge.planning.ops.unary.lookup import Table, ends, lookup, unary_operator
from mcuforge.planning.plan import KernelCall

Float32Array = npt.NDArray[np.float32]


def in_double(
    function: Callable[[npt.NDArray[np.float64]], npt.NDArray[np.float64]],
) -> Callable[[Float32Array], Float32Array]:
    """The function in double precision, rounded to float32 once.

    Mathematical libraries differ from that in a few of a thousand cases, by one unit in the last
    place.
    """

    def rounded(x: Float32Array) -> Float32Array:
        return np.asarray(function(x.astype(np.float64)), np.float64).astype(np.float32)

    return rounded


def _elu(x: Float32Array) -> Float32Array:
    return np.where(x < 0, in_double(np.expm1)(np.minimum(x, np.float32(0))), x)


def _rsqrt(x: Float32Array) -> Float32Array:
    return np.asarray(np.float32(1) / np.sqrt(x), np.float32)


# As TFLM's float kernels compute them; all but the transcendental ones are exact in IEEE 754.
FUNCTIONS: dict[str, Callable[[Float32Array], Float32Array]] = {
    "ABS": np.abs,
    "CEIL": np.ceil,
    "COS": in_double(np.cos),
    "ELU": _elu,
    "EXP": in_double(np.exp),
    "FLOOR": np.floor,
    "LOG": in_double(np.log),
    "NEG": np.negative,
    "ROUND": np.rint,
    "RSQRT": _rsqrt,
    "SIN": in_double(np.sin),
    "SQRT": np.sqrt,
    "SQUARE": np.square,
}


def is_island(op: Op) -> bool:
    """True for what `fuse_float_islands` has made."""
    return isinstance(op.attributes, FloatIslandAttributes)


def _steps(source: Quantization, target: Quantization, op: Op) -> npt.NDArray[np.float64]:
    """Results in steps of the output, rounded to nearest with ties away from zero."""
    if not isinstance(op.attributes, FloatIslandAttributes):
        raise TypeError(f"{op.kind} carries {type(op.attributes).__name__}")
    with np.errstate(all="ignore"):
        x = np.float32(source.scale) * (all_int8() - source.zero_point).astype(np.float32)
        for kind in op.attributes.steps:
            x = FUNCTIONS[kind](x)
        steps = (x / np.float32(target.scale)).astype(np.float64)
    return np.asarray(np.copysign(np.floor(np.abs(steps) + 0.5), steps), np.float64)


def _table(source: Quantization, target: Quantization, op: Op) -> Table:
    """Sources: TFLite's Dequantize, the float kernels, and AffineQuantize."""
    return clamp_int8(_steps(source, target, op).astype(np.int64) + target.zero_point)


def constraint_island_is_defined(graph: Graph, op: Op) -> str | None:
    """Where an op is in float, between a DEQUANTIZE and a QUANTIZE, its result is a number below
    2^31 steps of the output for every int8: QUANTIZE of others is undefined."""
    if not is_island(op):
        return None
    source, target = ends(graph, op)
    undefined = ~(np.abs(_steps(source, target, op)) < INT32_MAX - 256)
    if not undefined.any():
        return None
    first = source.scale * float(all_int8()[undefined][0] - source.zero_point)
    return f"for {first:g}, which its input may be, it is not"


def constraint_in_float_alone(_graph: Graph, op: Op) -> str | None:
    """TFLM computes it in float alone: it stands between a DEQUANTIZE and a QUANTIZE of int8, and
    is then one table with them."""
    return None if is_island(op) else "it does not stand between these"


def _unless_island(constraint: Constraint) -> Constraint:
    """A rule of the int8 form."""

    @wraps(constraint)
    def applied(graph: Graph, op: Op) -> str | None:
        return None if is_island(op) else constraint(graph, op)

    return applied


def with_islands(operator: Operator, shared: int = 4) -> Operator:
    """An int8 operator that is also compiled in float; its first `shared` rules hold for both."""

    def lower(graph: Graph, op: Op) -> tuple[KernelCall, ...]:
        if not is_island(op):
            return operator.lower(graph, op)
        return lookup(graph, op, _table(*ends(graph, op), op))

    own = tuple(map(_unless_island, operator.constraints[shared:]))
    constraints = (*operator.constraints[:shared], *own, constraint_island_is_defined)
    return replace(operator, constraints=constraints, lower=lower)


FLOAT_ALONE = ("CEIL", "COS", "FLOOR", "NEG", "ROUND", "SIN", "SQRT", "SQUARE")
OPERATORS = tuple(
    unary_operator(kind, _table, constraint_in_float_alone, constraint_island_is_defined)
    for kind in FLOAT_ALONE
)


def combined(operators: tuple[Operator, ...]) -> tuple[Operator, ...]:
    """All operators, those of `KINDS` also in float."""
    return (*(with_islands(o) if o.kinds[0] in KINDS else o for o in operators), *OPERATORS)
