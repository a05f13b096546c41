"""Whether two float models compute the same, to within what rounding explains.

What is converted must be the user's own model. It is compared with it on calibration samples every
time; that the two were built from one file proves nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

from mcuforge.samples.calibration import Sample

Array = npt.NDArray[np.float64]
Outputs = list[Array]  # of one sample
Model = Callable[[Sample], Outputs]

# Error (RMS over samples and positions) against the values of the same channel: what float32
# leaves after many layers, with a margin. A model that lost a weight is far beyond.
TOLERANCE = 1e-3
_OF_THE_TENSOR = 1e-5  # the same for channels that hold next to nothing beside the others
NUDGE = 2.0**-20  # a relative change of the inputs as small as float32's rounding in a few layers
_MARGIN = 16  # times the response to it that is still taken for rounding


def largest_difference(
    expected: Sequence[Outputs], actual: Sequence[Outputs]
) -> tuple[float, int, int] | None:
    """The largest error relative to its channel, its output, and its sample's position.

    Channels are those of the last axis. Values that are not finite must be so in both, else the
    error is infinite. None where there are no outputs.
    """
    worst: tuple[float, int, int] | None = None
    by_output = zip(zip(*expected, strict=True), zip(*actual, strict=True), strict=True)
    for number, (ours, theirs) in enumerate(by_output):
        if [o.size for o in ours] != [t.size for t in theirs]:
            return float("inf"), number, 0
        error, sample = _of_one_output(np.stack(ours), np.stack(theirs).reshape(np.shape(ours)))
        if worst is None or error > worst[0]:
            worst = error, number, sample
    return worst


def _of_one_output(expected: Array, actual: Array) -> tuple[float, int]:
    odd = ~(np.isfinite(expected) & np.isfinite(actual))
    unlike = odd & ~((expected == actual) | (np.isnan(expected) & np.isnan(actual)))
    if unlike.any():
        return float("inf"), int(np.argwhere(unlike)[0][0])
    channels = expected.shape[-1] if expected.ndim > 1 else 1
    samples = len(expected)
    values = np.where(odd, 0.0, expected).reshape(samples, -1, channels)
    error = np.where(odd, 0.0, actual).reshape(samples, -1, channels) - values
    peak = np.abs(values).max(initial=0.0)
    allowed = np.sqrt((values**2).mean(axis=(0, 1))) + _OF_THE_TENSOR / TOLERANCE * peak
    rms = np.sqrt((error**2).mean(axis=(0, 1)))
    relative = np.divide(rms, allowed, out=np.where(rms > 0, np.inf, 0.0), where=allowed > 0)
    return float(relative.max(initial=0.0)), int(np.abs(error).max(axis=(1, 2)).argmax())


def rounding(model: Model, samples: Sequence[Sample], nudge: float = NUDGE) -> float:
    """How much the model makes of a change of its inputs as small as rounding; 0 without inputs.

    A model that decides (argmax, thresholds) or takes the difference of large values turns float
    noise into more than `TOLERANCE`.
    """
    expected = [model(sample) for sample in samples]
    nudged = [model(tuple(_nudged(v, nudge) for v in sample)) for sample in samples]
    found = largest_difference(expected, nudged)
    return 0.0 if found is None else _MARGIN * found[0]


def _nudged(values: npt.NDArray[np.float32], nudge: float) -> npt.NDArray[np.float32]:
    return np.asarray(values * np.float32(1 + nudge), np.float32)
