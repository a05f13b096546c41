"""add_s8 with one rounding, where that makes the same outputs of all 65,536 pairs of bytes.

TFLM rounds three times: the narrow input, their sum, and the shift of that. All but the last are to
some 2^-19 of a step of the output, so that outputs are hardly ever others than those of a sum of
two products that is rounded once; whether any is, is tried.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from typing import ClassVar, NamedTuple, cast

import numpy as np

from mcuforge.planning.numerics import (
    INT8_MAX,
    INT8_MIN,
    INT32_MAX,
    Int64Array,
    all_int8,
    requantize,
)
from mcuforge.planning.ops.binary import Broadcast
from mcuforge.planning.ops.elementwise import AddS8Params
from mcuforge.planning.plan import I32, KernelCall, KernelParams
from mcuforge.planning.target import Target
from mcuforge.planning.variants import Variant

SHIFT = 22  # of add_linear_s8.c
FACTOR_SHIFT = 8  # of a factor times a byte
MIN_ELEMENTS = 64  # of the output: fewer are not worth the proof
_NEVER = 1 << 40


@dataclass(frozen=True, eq=False)
class AddLinearS8Params(KernelParams):
    """Mirror of nn_add_linear_s8_params."""

    c_type: ClassVar[str] = "nn_add_linear_s8_params"
    loops: Broadcast
    factor1: I32
    factor2: I32
    constant: I32
    activation_min: I32
    activation_max: I32


class Arithmetic(NamedTuple):
    """What of an ADD's parameters decides its outputs: see nn_add_s8_params."""

    wide_factor: int
    wide_bias: int
    narrow_offset: int
    narrow_multiplier: int
    narrow_shift: int
    narrow_sign: int
    output_multiplier: int
    output_shift: int
    output_offset: int
    activation_min: int
    activation_max: int

    @classmethod
    def of(cls, call: KernelCall) -> Arithmetic:
        """That of a call of nn_add_s8."""
        params = cast(AddS8Params, call.params)
        return cls(*(getattr(params, name) for name in cls._fields))

    def outputs(self) -> Int64Array:
        """Those of all pairs of bytes, as nn_add_s8 computes them: int64 [wide, narrow]."""
        x = all_int8()
        wide = x * self.wide_factor + self.wide_bias
        shifted = (x + self.narrow_offset) << 20
        narrow = requantize(shifted, self.narrow_multiplier, self.narrow_shift)
        total = wide[:, None] + self.narrow_sign * narrow
        scaled = requantize(total, self.output_multiplier, self.output_shift) + self.output_offset
        return np.clip(scaled, self.activation_min, self.activation_max)


class Linear(NamedTuple):
    """The factors of both inputs, and what is added: the least and the greatest that is right."""

    wide: int
    narrow: int
    least: int
    most: int

    @property
    def fits(self) -> bool:
        """Whether there is such a constant, and no sum leaves int32."""
        largest = max(abs(self.wide), abs(self.narrow))
        sums = abs(self.least) + ((abs(self.wide) + abs(self.narrow)) >> 1) + 2
        return self.least <= self.most and largest <= INT32_MAX and sums <= INT32_MAX


@lru_cache(maxsize=64)
def linear_of(arithmetic: Arithmetic) -> Linear:
    """The factors nearest to TFLM's scales, with the constants that suit them."""
    scale = arithmetic.output_multiplier * 2.0 ** (
        arithmetic.output_shift - 31 + SHIFT + FACTOR_SHIFT
    )
    narrow_scale = arithmetic.narrow_multiplier * 2.0 ** (20 - 31 + arithmetic.narrow_shift)
    wide = round(arithmetic.wide_factor * scale)
    narrow = round(arithmetic.narrow_sign * narrow_scale * scale)
    x, outputs = all_int8(), arithmetic.outputs()
    sums = (wide * x >> FACTOR_SHIFT)[:, None] + (narrow * x >> FACTOR_SHIFT)
    room = (outputs << SHIFT) - sums
    least = np.where(outputs > arithmetic.activation_min, room, -_NEVER).max()
    most = np.where(outputs < arithmetic.activation_max, room + (1 << SHIFT) - 1, _NEVER).min()
    least = max(least, -INT32_MAX)  # of outputs that all are the same
    return Linear(wide, narrow, int(least), int(most))


def constraint_elements(call: KernelCall) -> str | None:
    """The output has at least 64 elements."""
    params = cast(AddS8Params, call.params)
    extents = [] if params.extents is None else params.extents.tolist()
    elements = params.inner * int(np.prod(extents, dtype=np.int64))
    return None if elements >= MIN_ELEMENTS else f"it has {elements}"


def constraint_one_rounding(call: KernelCall) -> str | None:
    """One rounding makes the outputs of all pairs of bytes."""
    if linear_of(Arithmetic.of(call)).fits:
        return None
    return "there are ties, or an input has twice the output's scale"


def make(call: KernelCall) -> KernelCall:
    """The call of `nn_add_linear_s8`."""
    params, linear = cast(AddS8Params, call.params), linear_of(Arithmetic.of(call))
    made = AddLinearS8Params(
        loops=Broadcast(
            inner=params.inner,
            stride1=params.wide_stride,
            stride2=params.narrow_stride,
            rank=params.rank,
            extents=params.extents,
            steps1=params.wide_steps,
            steps2=params.narrow_steps,
        ),
        factor1=linear.wide,
        factor2=linear.narrow,
        constant=linear.least,
        activation_min=max(params.activation_min, INT8_MIN),
        activation_max=min(params.activation_max, INT8_MAX),
    )
    reason = "rounding the sum once makes the same outputs, tried with all pairs of bytes"
    return replace(call, kernel="add_linear_s8", params=made, reason=reason)


VARIANT = Variant(
    kernel="add_linear_s8",
    replaces="add_s8",
    targets=(Target.PORTABLE, Target.DSP, Target.HELIUM),
    constraints=(constraint_elements, constraint_one_rounding),
    make=make,
    proof=lambda call: None if constraint_elements(call) else Arithmetic.of(call),
)
