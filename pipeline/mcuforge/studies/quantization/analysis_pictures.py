"""The pictures of a quantisation report: coordinates of rectangles in an SVG."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import NamedTuple

from mcuforge.studies.quantization.analysis import TensorDamage, WeightRanges

WIDTH, HEIGHT = 480.0, 90.0  # of a picture, in pixels
_MOST_CHANNELS = 256  # drawn one by one; more are drawn as the largest of several


class Bar(NamedTuple):
    """A rectangle of a picture, in pixels from its upper left corner."""

    x: float
    y: float
    width: float
    height: float


class HistogramPicture(NamedTuple):
    """Bars with logarithmic heights, and where the range chosen begins and ends."""

    bars: list[Bar]
    low: float
    high: float
    left: str
    right: str


class WeightPicture(NamedTuple):
    """A bar from the smallest to the largest weight of each channel; `zero` is the line of 0."""

    bars: list[Bar]
    zero: float
    top: str
    bottom: str


def histogram_picture(tensor: TensorDamage) -> HistogramPicture:
    """The float model's values, with the range drawn in; wide enough for both."""
    bars = tensor.histogram
    left, right = min(bars.low, tensor.low), max(bars.high, tensor.high)
    scale = WIDTH / (right - left) if right > left else 0.0
    tallest = math.log1p(max(bars.counts, default=0)) or 1.0
    each = (bars.high - bars.low) / max(len(bars.counts), 1)
    drawn = []
    for number, count in enumerate(bars.counts):
        height = HEIGHT * math.log1p(count) / tallest
        x = (bars.low + number * each - left) * scale
        drawn.append(_bar(x, HEIGHT - height, max(each * scale, 0.5), height))
    low, high = ((end - left) * scale for end in (tensor.low, tensor.high))
    return HistogramPicture(drawn, round(low, 2), round(high, 2), f"{left:.4g}", f"{right:.4g}")


def weight_picture(layer: WeightRanges) -> WeightPicture:
    """Each output channel's range of weights."""
    lows, highs = _grouped(layer.low, min), _grouped(layer.high, max)
    top, bottom = max(*highs, 0.0), min(*lows, 0.0)
    scale = HEIGHT / (top - bottom) if top > bottom else 0.0
    each = WIDTH / len(lows)
    bars = [
        _bar(i * each, (top - high) * scale, each * 0.8, (high - low) * scale)
        for i, (low, high) in enumerate(zip(lows, highs, strict=True))
    ]
    return WeightPicture(bars, round(top * scale, 2), f"{top:.4g}", f"{bottom:.4g}")


def _grouped(values: Sequence[float], choose: Callable[[Sequence[float]], float]) -> list[float]:
    size = -(-len(values) // _MOST_CHANNELS)
    return [choose(values[i : i + size]) for i in range(0, len(values), size)]


def _bar(x: float, y: float, width: float, height: float) -> Bar:
    return Bar(round(x, 2), round(y, 2), round(width, 2), round(max(height, 0.0), 2))
