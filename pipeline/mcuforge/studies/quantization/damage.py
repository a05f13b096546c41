"""What each tensor of a quantised model lost, in the child process: float against quantised.

Both models run the same held-out samples, one at a time, with every activation kept. What is
remembered of a tensor does not grow with the samples: sums, and a histogram.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
import numpy.typing as npt

from mcuforge.quantization.float_model import Activation, Floats, Runner, activations
from mcuforge.quantization.quantized_tensors import QuantizedTensor, quantized_tensors
from mcuforge.quantization.ranges.histogram import Histogram
from mcuforge.quantization.ranges.parts import Division, PartLoss, divisions
from mcuforge.samples.calibration import Sample
from mcuforge.tflite import flatbuffer

MOST_BARS = 64  # of a histogram as it is reported
_NO_NOISE_DB = 200.0  # said of tensors that lose nothing


class Loss:
    """Sums over the samples of one tensor; `report` turns them into figures."""

    def __init__(self, tensor: QuantizedTensor, cuts: Iterable[Division] = ()) -> None:
        self._tensor = tensor
        self._parts = [PartLoss(cut) for cut in cuts]
        self._histogram = Histogram()
        self._clipped = 0
        self._signal = self._noise = self._own_noise = self._product = self._energy = 0.0
        self._largest = 0.0

    def add(self, floats: Floats, stored: npt.NDArray[Any]) -> None:
        """One sample's values: of the float model, and as the quantised model stores them."""
        expected = floats.astype(np.float64).ravel()
        actual = self._tensor.real(stored).ravel()
        # less than a step beyond the end costs no more than rounding can: a softmax's 1.0 of 0.996
        step = self._tensor.scale * (1 + 1e-6)
        outside = (expected < self._tensor.low - step) | (expected > self._tensor.high + step)
        difference = actual - expected
        self._histogram.add(expected)
        self._clipped += int(np.count_nonzero(outside))
        self._signal += float(expected @ expected)
        self._energy += float(actual @ actual)
        self._product += float(expected @ actual)
        self._noise += float(difference @ difference)
        rounded = self._tensor.rounded(expected)
        own = rounded - expected
        self._own_noise += float(own @ own)
        for part in self._parts:
            part.add(*(v.reshape(floats.shape) for v in (expected, actual, rounded)))
        self._largest = max(self._largest, float(np.abs(difference).max(initial=0.0)))

    def report(self) -> dict[str, Any]:
        """The figures, in real values and dB. The histogram holds at most `MOST_BARS` bars."""
        lengths = math.sqrt(self._signal * self._energy)
        low, high, counts = _bars(self._histogram)
        return {
            "scale": self._tensor.scale,
            "zero_point": self._tensor.zero_point,
            "low": self._tensor.low,
            "high": self._tensor.high,
            "seen_low": self._histogram.low,
            "seen_high": self._histogram.high,
            "clipped": self._clipped / max(self._histogram.count, 1),
            "sqnr_db": decibels(self._signal, self._noise),
            "own_sqnr_db": decibels(self._signal, self._own_noise),
            "cosine": self._product / lengths if lengths else 1.0,
            "max_error": self._largest,
            "histogram": {"low": low, "high": high, "counts": counts},
            "parts": [part.report() for part in self._parts],
        }


def decibels(signal: float, noise: float) -> float:
    """The signal-to-noise ratio, 10 log10(signal / noise), between -200 and 200 dB."""
    if noise <= 0.0:
        return _NO_NOISE_DB
    ratio = max(signal, 1e-300) / noise
    return max(-_NO_NOISE_DB, min(_NO_NOISE_DB, 10.0 * math.log10(ratio)))


def _bars(histogram: Histogram) -> tuple[float, float, list[int]]:
    """The histogram in at most `MOST_BARS` bars: the ends, and the values in each bar."""
    counts = histogram.counts
    each = -(-len(counts) // MOST_BARS)
    padded = np.pad(counts, (0, -len(counts) % max(each, 1)))
    bars = padded.reshape(-1, each).sum(axis=1) if each else padded
    low = histogram.start
    return low, low + len(padded) * histogram.width, [int(n) for n in bars]


def measure(
    float_model: bytes,
    quantized: bytes,
    samples: Iterable[Sample | Floats],
    on_sample: Callable[[], None],
) -> tuple[dict[str, dict[str, Any]], list[Activation]]:
    """The loss of every activation that both models have, by name, and these activations."""
    stored = quantized_tensors(flatbuffer.unpack(quantized))
    unpacked = flatbuffer.unpack(float_model)
    common = [t for t in activations(unpacked) if t.name in stored]
    cuts = divisions(unpacked)
    losses = {t.name: Loss(stored[t.name], cuts.get(t.name, ())) for t in common}
    reference, other = Runner(float_model, preserve=True), Runner(quantized, preserve=True)
    for sample in samples:
        reference.run(sample)
        other.run(sample)
        for tensor in common:
            values = other.tensor(stored[tensor.name].index)
            losses[tensor.name].add(reference.tensor(tensor.index), values)
        on_sample()
    return {name: loss.report() for name, loss in losses.items()}, common
