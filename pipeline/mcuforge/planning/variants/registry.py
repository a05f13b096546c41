"""The list of all variants, fastest first where several replace one kernel."""

from __future__ import annotations

from mcuforge.planning.variants import Variant, depthwise_conv2d_dsp

VARIANTS: tuple[Variant, ...] = (depthwise_conv2d_dsp.VARIANT,)
