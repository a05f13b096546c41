"""mul_s8 on cores with DSP instructions: four elements of a row at a time."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar, cast

import numpy as np

from mcuforge.planning.numerics import wrap_int32
from mcuforge.planning.ops.binary import Broadcast
from mcuforge.planning.ops.elementwise import MulS8Params
from mcuforge.planning.plan import I32, KernelCall, KernelParams
from mcuforge.planning.target import Target
from mcuforge.planning.variants import Variant

MAX_SHIFT = 22  # an int8 offset shifted by it leaves int32 room for as much again


@dataclass(frozen=True, eq=False)
class MulDspS8Params(KernelParams):
    """Mirror of nn_mul_dsp_s8_params."""

    c_type: ClassVar[str] = "nn_mul_dsp_s8_params"
    loops: Broadcast
    offset1: I32
    offset2: I32
    factor: I32
    shift: I32
    addend: I32
    activation_min: I32
    activation_max: I32


def constraint_shift(call: KernelCall) -> str | None:
    """The product of the input scales is 2^-23 to 1/2 of the output scale: a shift to the right of
    1 to 22."""
    shift = cast(MulS8Params, call.params).shift
    return None if 1 <= -shift <= MAX_SHIFT else f"the shift is {-shift}"


def make(call: KernelCall) -> KernelCall:
    """The call of `nn_mul_dsp_s8`."""
    params = cast(MulS8Params, call.params)
    shift = -params.shift
    made = MulDspS8Params(
        loops=Broadcast(
            inner=params.inner,
            stride1=params.stride1,
            stride2=params.stride2,
            rank=params.rank,
            extents=params.extents,
            steps1=params.steps1,
            steps2=params.steps2,
        ),
        offset1=params.offset1,
        offset2=params.offset2,
        factor=int(wrap_int32(np.asarray(2 * params.multiplier, np.int64))),
        shift=shift,
        addend=(1 << (shift - 1)) + (params.output_offset << shift),
        activation_min=params.activation_min,
        activation_max=params.activation_max,
    )
    return replace(
        call, kernel="mul_dsp_s8", params=made, reason="four elements of each input are one word"
    )


VARIANT = Variant(
    kernel="mul_dsp_s8",
    replaces="mul_s8",
    targets=(Target.DSP,),
    constraints=(constraint_shift,),
    make=make,
)
