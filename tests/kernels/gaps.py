"""Calls that leave a gap after every pixel of their output, as parts of a CONCATENATION do."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from mcuforge.planning.plan import CStruct, KernelCall
from mcuforge.planning.variants import depthwise_conv2d_dsp

Params = TypeVar("Params", bound=CStruct)


def leaving(calls: Iterable[KernelCall], channels: int, stride: int) -> list[KernelCall]:
    """The calls with pixels of so many `channels` that are `stride` elements apart; none where one
    of their kernels leaves no gaps."""
    made = [_leaving(call, channels, stride) for call in calls]
    return [call for call in made if call is not None] if None not in made else []


def _leaving(call: KernelCall, channels: int, stride: int) -> KernelCall | None:
    params: Any = call.params
    packed = hasattr(params, "unpacked")  # weights of int4
    spread_out = params.unpacked if packed else params
    if not hasattr(spread_out, "output_pixel_stride"):
        return None
    spread_out = _spread(spread_out, channels, stride)
    params = replace(params, unpacked=spread_out) if packed else spread_out
    return depthwise_conv2d_dsp.leaving_gaps(replace(call, params=params))


def _spread(params: Params, channels: int, stride: int) -> Params:
    """What says where outputs lie, which counts whole pixels, for pixels that lie further apart."""
    names = [name for name, _ in params.members() if _is_place(name)]
    places = {name: getattr(params, name) // channels * stride for name in names}
    return replace(params, **places)


def _is_place(name: str) -> bool:
    return name.startswith("output_") and name.endswith(("_start", "_stride"))


def spread(outputs: npt.NDArray[Any], stride: int, fill: int) -> bytes:
    """The outputs with gaps of the byte `fill`, but for one after the last pixel."""
    channels, size = outputs.shape[-1], outputs.itemsize
    pixels = np.full((outputs.size // channels, stride * size), fill, np.uint8)
    pixels[:, : channels * size] = outputs.reshape(-1, channels).view(np.uint8)
    return pixels.tobytes()[: pixels.size - (stride - channels) * size]
