"""The list of all variants, fastest first where several replace one kernel."""

from __future__ import annotations

from mcuforge.planning.variants import (
    Variant,
    add_linear,
    depthwise_conv2d_dsp,
    fully_connected_dsp,
)

VARIANTS: tuple[Variant, ...] = (
    fully_connected_dsp.CONVOLUTION,
    depthwise_conv2d_dsp.VARIANT,
    fully_connected_dsp.VARIANT,
    add_linear.VARIANT,
)
