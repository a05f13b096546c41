"""FULLY_CONNECTED as the convolution that it is."""

from __future__ import annotations

from mcuforge.planning.ops.convolution import Conv2dS8Params
from mcuforge.planning.ops.fully_connected import FullyConnectedS8Params
from mcuforge.planning.ops.window import ImageSizes, SlidingWindow

_ONE_PIXEL = SlidingWindow(
    filter_height=1,
    filter_width=1,
    stride_height=1,
    stride_width=1,
    dilation_height=1,
    dilation_width=1,
    padding_top=0,
    padding_left=0,
)


def as_convolution(params: FullyConnectedS8Params) -> Conv2dS8Params:
    """Rows as the pixels of an image of one row, under filters of one pixel."""
    rows, outputs = params.rows, params.outputs
    return Conv2dS8Params(
        output_stage=params.output_stage,
        sizes=ImageSizes(
            batches=1,
            input_height=1,
            input_width=rows,
            input_channels=params.inputs,
            output_height=1,
            output_width=rows,
        ),
        window=_ONE_PIXEL,
        group_channels=params.inputs,
        output_channels=outputs,
        output_start=0,
        output_batch_stride=rows * outputs,
        output_row_stride=rows * outputs,
        output_pixel_stride=outputs,
        input_zero_point=0,  # nothing is padded
        filter_stride=params.filter_stride,
        weights=params.weights,
    )
