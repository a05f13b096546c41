"""The list of all variants, fastest first where several replace one kernel."""

from __future__ import annotations

from mcuforge.planning.variants import (
    Variant,
    add_linear,
    conv2d_dsp,
    depthwise_conv2d_dsp,
    fully_connected_dsp,
)

VARIANTS: tuple[Variant, ...] = (
    conv2d_dsp.VARIANT,
    depthwise_conv2d_dsp.VARIANT,
    fully_connected_dsp.VARIANT,
    add_linear.VARIANT,
)
