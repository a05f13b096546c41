"""The list of all variants, fastest first where several replace one kernel."""

from __future__ import annotations

from mcuforge.planning.variants import (
    Variant,
    add_linear,
    conv2d_helium,
    conv2d_tile,
    depthwise_conv2d_dsp,
    depthwise_conv2d_helium,
    depthwise_conv2d_pairs_dsp,
    fully_connected_dsp,
    fully_connected_helium,
    mul_dsp,
    pooling_dsp,
    softmax_pair,
    sum_dsp,
)

VARIANTS: tuple[Variant, ...] = (
    fully_connected_dsp.CONVOLUTION,
    conv2d_helium.VARIANT,
    depthwise_conv2d_dsp.VARIANT,
    depthwise_conv2d_pairs_dsp.VARIANT,
    depthwise_conv2d_helium.VARIANT,
    fully_connected_dsp.VARIANT,
    fully_connected_helium.VARIANT,
    add_linear.VARIANT,
    mul_dsp.VARIANT,
    pooling_dsp.MAX_POOL,
    pooling_dsp.AVERAGE_POOL,
    softmax_pair.VARIANT,
    sum_dsp.VARIANT,
    *conv2d_tile.VARIANTS,
)
