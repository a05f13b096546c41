"""sum_s8 on cores with DSP instructions: MEAN and SUM of images, four channels a word."""

from __future__ import annotations

from dataclasses import replace
from typing import cast

from mcuforge.planning.ops.reduce import SumS8Params
from mcuforge.planning.plan import KernelCall
from mcuforge.planning.target import Target
from mcuforge.planning.variants import Variant

LEAST_OUTPUTS = 4


def constraint_row(call: KernelCall) -> str | None:
    """At least four outputs lie side by side in the input, and each is the sum of one run."""
    r = cast(SumS8Params, call.params).reduction
    if r.inner < LEAST_OUTPUTS or r.inner_stride != 1:
        return f"a row has {r.inner}, {r.inner_stride} bytes apart"
    return None if r.reduced_rank == 0 else f"they are sums of {r.reduced_rank + 1} loops"


def make(call: KernelCall) -> KernelCall:
    """The call of `nn_sum_dsp_s8`."""
    return replace(call, kernel="sum_dsp_s8", reason="four neighbouring sums are two words")


VARIANT = Variant(
    kernel="sum_dsp_s8",
    replaces="sum_s8",
    targets=(Target.DSP,),
    constraints=(constraint_row,),
    make=make,
)
