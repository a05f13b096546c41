"""Kernels that compute two pixels at a time, for a row of an odd number of them."""

from __future__ import annotations

from mcuforge.planning.plan import KernelCall
from mcuforge.planning.variants import conv2d_dsp, conv2d_helium


def last_alone(call: KernelCall) -> KernelCall:
    """The call whose kernel computes an odd last pixel alone: worth its code for short rows."""
    return conv2d_helium.last_alone(conv2d_dsp.last_alone(call))


def of_odd_row(call: KernelCall) -> KernelCall:
    """The same, or with the two pixels before it where that is faster."""
    return last_alone(conv2d_dsp.last_three(call))
