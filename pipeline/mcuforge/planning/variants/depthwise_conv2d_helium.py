"""Depthwise convolutions with Helium: sixteen neighbouring bytes of the output at a time."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar, cast

import numpy as np

from mcuforge.planning.ops import overlap
from mcuforge.planning.ops.depthwise_conv2d import DepthwiseConv2dS8Params
from mcuforge.planning.ops.weighted_sum import OutputStage
from mcuforge.planning.ops.window import ImageSizes, SlidingWindow, loops
from mcuforge.planning.plan import I32, ArrayI8, ArrayI32, KernelCall, KernelParams
from mcuforge.planning.target import Target
from mcuforge.planning.variants import Variant
from mcuforge.planning.variants.helium import VECTOR, HeliumStage, pack_block_records, pack_taps

MAX_PIXELS = 16
MAX_STEP = 96  # channels of a step of several pixels: each pixel repeats the weights
MAX_PAIR = 255  # magnitudes of two weights whose products with int8 add up within int16
MIN_OUTPUTS = 2 * VECTOR
POINTER = 8  # bytes, of a computer's: the plan does not depend on the machine


@dataclass(frozen=True, eq=False)
class DepthwiseConv2dHeliumS8Params(KernelParams):
    """Mirror of nn_depthwise_conv2d_helium_s8_params."""

    c_type: ClassVar[str] = "nn_depthwise_conv2d_helium_s8_params"
    stage: HeliumStage
    sizes: ImageSizes
    window: SlidingWindow
    output_pixel_stride: I32
    input_zero_point: I32
    pixels: I32
    weights: ArrayI8


def _params(call: KernelCall) -> DepthwiseConv2dS8Params:
    return cast(DepthwiseConv2dS8Params, call.params)


def constraint_multiplier(call: KernelCall) -> str | None:
    """Every input channel makes one output channel."""
    multiplier = _params(call).depth_multiplier
    return None if multiplier == 1 else f"each makes {multiplier}"


def constraint_outputs(call: KernelCall) -> str | None:
    """The output has at least 32 elements: setting up costs more than fewer of them."""
    params = _params(call)
    elements = int(np.prod(params.sizes.output)) * params.output_channels
    return None if elements >= MIN_OUTPUTS else f"it has {elements}"


def constraint_pairs(call: KernelCall) -> str | None:
    """The products of any two neighbouring taps add up within 16 bits."""
    weights = _params(call).weights
    assert weights is not None
    taps = np.abs(weights.astype(np.int64))
    pairs = taps[: len(taps) // 2 * 2].reshape(-1, 2, taps.shape[1]).sum(axis=1)
    return "two of them are -128" if pairs.max(initial=0) > MAX_PAIR else None


def step_pixels(channels: int, stride: int, width: int) -> int:
    """How many of a row's pixels to compute at a time, so that few lanes of the blocks are idle.

    Only where the windows are a pixel apart do neighbouring outputs see neighbouring inputs.
    """
    most = min(MAX_PIXELS, width, MAX_STEP // channels) if stride == 1 else 1
    return min(
        range(1, max(most, 1) + 1), key=lambda pixels: -(-pixels * channels // VECTOR) / pixels
    )


def make(call: KernelCall) -> KernelCall:
    """The call of `nn_depthwise_conv2d_helium_s8`."""
    p = _params(call)
    assert p.weights is not None
    taps, channels = p.weights.shape
    pixels = step_pixels(channels, p.window.stride_width, p.sizes.output_width)
    padding = -pixels * channels % VECTOR
    records = pack_block_records(_of_a_step(p.output_stage, pixels, padding))
    params = DepthwiseConv2dHeliumS8Params(
        stage=HeliumStage.of(p.output_stage, records),
        sizes=p.sizes,
        window=p.window,
        output_pixel_stride=p.output_pixel_stride,
        input_zero_point=p.input_zero_point,
        pixels=pixels,
        weights=pack_taps(np.pad(np.tile(p.weights, pixels), ((0, 0), (0, padding)))),
    )
    return KernelCall(
        kernel="depthwise_conv2d_helium_s8",
        params=params,
        inputs=call.inputs,
        output=call.output,
        reason="sixteen outputs at a time; what lies outside the input is read from a vector",
        scratch_bytes=POINTER * taps + _vectors(channels) * (pixels * channels + padding),
        overlaps={0: overlap_distance(params)},
    )


def _vectors(channels: int) -> int:
    """How many times a step's blocks: of padding, and of every pixel so near the input's end that
    they would reach beyond it."""
    return 1 + 1 + (VECTOR - 1) // channels


def _of_a_step(stage: OutputStage, pixels: int, padding: int) -> OutputStage:
    """The stage of each channel of so many pixels, and zeros."""

    def repeated(values: ArrayI32) -> ArrayI32:
        return np.pad(np.tile(values, pixels), (0, padding))

    return replace(
        stage,
        bias=repeated(stage.bias),
        multiplier=repeated(stage.multiplier),
        shift=repeated(stage.shift),
    )


def overlap_distance(params: DepthwiseConv2dHeliumS8Params) -> int:
    """How many bytes the output may run into the input: see `overlap.distance`.

    A step may begin at any pixel, and writes all of its own while it reads.
    """
    channels = params.sizes.input_channels
    steps = loops(params.sizes, params.window, channels)
    return overlap.distance(steps, params.sizes.input_elements, params.pixels * channels)


VARIANT = Variant(
    kernel="depthwise_conv2d_helium_s8",
    replaces="depthwise_conv2d_s8",
    targets=(Target.HELIUM,),
    constraints=(constraint_multiplier, constraint_outputs, constraint_pairs),
    make=make,
)
