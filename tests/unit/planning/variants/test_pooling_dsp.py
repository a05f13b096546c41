"""When pooling takes four channels a word."""

from __future__ import annotations

import pytest

from mcuforge.planning.ops.pooling import Pool2DS8Params
from mcuforge.planning.ops.window import ImageSizes, SlidingWindow
from mcuforge.planning.plan import KernelCall
from mcuforge.planning.variants import pooling_dsp


def call(channels: int, size: int, window: int) -> KernelCall:
    sizes = ImageSizes(1, size, size, channels, 1, 1)
    sliding = SlidingWindow(window, window, 1, 1, 1, 1, 0, 0)
    params = Pool2DS8Params(sizes, sliding, channels, -128, 127)
    return KernelCall("average_pool2d_s8", params, (0,), 1, "", overlaps={0: -7})


@pytest.mark.parametrize(
    ("channels", "size", "window", "maximum", "average"),
    [
        (4, 16, 16, True, True),
        (3, 16, 16, False, False),
        (4, 17, 17, True, False),  # 289 elements, whose sum may leave 16 bits
        (4, 16, 100, True, True),  # of which the input has 256
    ],
)
def test_windows_and_channels_decide(
    channels: int, size: int, window: int, maximum: bool, average: bool
) -> None:
    given = call(channels, size, window)
    assert (pooling_dsp.MAX_POOL.obstacle(given) is None) == maximum
    assert (pooling_dsp.AVERAGE_POOL.obstacle(given) is None) == average


def test_the_step_stays_a_pixel() -> None:
    given = call(8, 4, 2)
    made = pooling_dsp.AVERAGE_POOL.make(given)
    assert made.kernel == "average_pool2d_dsp_s8"
    assert (made.params, made.overlaps) == (given.params, given.overlaps)
