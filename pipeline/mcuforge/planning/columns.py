"""Pictures of one column as pictures of one row, of the same bytes: kernels take pixels of a row
together."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, cast

from mcuforge.planning.ops.convolution import Conv2dS8Params
from mcuforge.planning.ops.depthwise_conv2d import DepthwiseConv2dS8Params
from mcuforge.planning.ops.pooling import Pool2DS8Params
from mcuforge.planning.plan import KernelCall

WindowParams = Conv2dS8Params | DepthwiseConv2dS8Params | Pool2DS8Params


def has_window(call: KernelCall) -> bool:
    """Whether a kernel slides a window over pictures."""
    return isinstance(call.params, WindowParams)


def along_width(call: KernelCall) -> KernelCall:
    """A call for pictures of one column as one for pictures of one row; any other call as it is.

    Pixels come in the same order, so that an output may run into the input as far as before.
    """
    if not has_window(call):
        return call
    params = cast(WindowParams, call.params)
    sizes, window = params.sizes, params.window
    widths = (sizes.input_width, sizes.output_width, window.filter_width)
    if widths != (1, 1, 1) or window.padding_left != 0:
        return call
    changed: dict[str, Any] = {
        "sizes": replace(
            sizes,
            input_height=1,
            input_width=sizes.input_height,
            output_height=1,
            output_width=sizes.output_height,
        ),
        "window": replace(
            window,
            filter_height=1,
            filter_width=window.filter_height,
            stride_height=1,
            stride_width=window.stride_height,
            dilation_height=1,
            dilation_width=window.dilation_height,
            padding_top=0,
            padding_left=window.padding_top,
        ),
    }
    if isinstance(params, Conv2dS8Params):
        changed["output_pixel_stride"] = params.output_row_stride
        changed["output_row_stride"] = params.output_batch_stride
    return replace(call, params=replace(params, **changed))
