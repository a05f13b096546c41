"""max_pool2d_s8 and average_pool2d_s8 on cores with DSP instructions: four channels a word."""

from __future__ import annotations

from dataclasses import replace
from typing import cast

from mcuforge.planning.ops.pooling import Pool2DS8Params
from mcuforge.planning.plan import KernelCall
from mcuforge.planning.target import Target
from mcuforge.planning.variants import Variant

LEAST_CHANNELS = 4
MOST_ELEMENTS = 256  # of a window: their sum fits 16 bits


def _params(call: KernelCall) -> Pool2DS8Params:
    return cast(Pool2DS8Params, call.params)


def constraint_channels(call: KernelCall) -> str | None:
    """There are at least four channels."""
    channels = _params(call).sizes.input_channels
    return None if channels >= LEAST_CHANNELS else f"there are {channels}"


def constraint_sum(call: KernelCall) -> str | None:
    """A window covers at most 256 elements of a channel, whose sum fits 16 bits."""
    sizes, window = _params(call).sizes, _params(call).window
    rows = min(window.filter_height, sizes.input_height)
    elements = rows * min(window.filter_width, sizes.input_width)
    return None if elements <= MOST_ELEMENTS else f"it covers {elements}"


def _make(kernel: str, call: KernelCall) -> KernelCall:
    reason = "windows are clipped to the input, then reduced four channels a word"
    return replace(call, kernel=kernel, reason=reason)


MAX_POOL = Variant(
    kernel="max_pool2d_dsp_s8",
    replaces="max_pool2d_s8",
    targets=(Target.DSP,),
    constraints=(constraint_channels,),
    make=lambda call: _make("max_pool2d_dsp_s8", call),
)
AVERAGE_POOL = Variant(
    kernel="average_pool2d_dsp_s8",
    replaces="average_pool2d_s8",
    targets=(Target.DSP,),
    constraints=(constraint_channels, constraint_sum),
    make=lambda call: _make("average_pool2d_dsp_s8", call),
)
