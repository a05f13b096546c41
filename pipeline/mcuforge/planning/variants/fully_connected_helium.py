"""FULLY_CONNECTED with Helium: a row, or, where there are several, a convolution."""

from __future__ import annotations

from typing import cast

from mcuforge.planning.ops.convolution import Conv2dS8Params
from mcuforge.planning.ops.fully_connected import FullyConnectedS8Params
from mcuforge.planning.ops.window import ImageSizes, SlidingWindow
from mcuforge.planning.plan import KernelCall
from mcuforge.planning.target import Target
from mcuforge.planning.variants import Variant, conv2d_helium
from mcuforge.planning.variants.row_helium import of_one_row


def constraint_inputs(call: KernelCall) -> str | None:
    """A row has at least one element."""
    inputs = cast(FullyConnectedS8Params, call.params).inputs
    return None if inputs > 0 else "it has none"


def make(call: KernelCall) -> KernelCall:
    """The call of `nn_fully_connected_helium_s8`; with several rows of `nn_conv2d_helium_s8`."""
    p = cast(FullyConnectedS8Params, call.params)
    assert p.weights is not None
    if p.rows > 1:
        return conv2d_helium.make(as_convolution(call))
    return of_one_row(call, p.output_stage, p.weights, p.inputs)


def as_convolution(call: KernelCall) -> KernelCall:
    """The same as a call of `nn_conv2d_s8`: rows are the pixels of an image of one row."""
    p = cast(FullyConnectedS8Params, call.params)
    params = Conv2dS8Params(
        output_stage=p.output_stage,
        sizes=ImageSizes(1, 1, p.rows, p.inputs, 1, p.rows),
        window=SlidingWindow(1, 1, 1, 1, 1, 1, 0, 0),
        group_channels=p.inputs,
        output_channels=p.outputs,
        output_start=0,
        output_batch_stride=p.rows * p.outputs,
        output_row_stride=p.rows * p.outputs,
        output_pixel_stride=p.outputs,
        input_zero_point=0,  # nothing is padded
        filter_stride=p.filter_stride,
        weights=p.weights,
    )
    return KernelCall(
        "conv2d_s8", params, call.inputs, call.output, call.reason, overlaps=call.overlaps
    )


VARIANT = Variant(
    kernel="fully_connected_helium_s8",
    replaces="fully_connected_s8",
    targets=(Target.HELIUM,),
    constraints=(constraint_inputs,),
    make=make,
)
