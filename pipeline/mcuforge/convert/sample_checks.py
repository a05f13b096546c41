"""What looks wrong with calibration samples that can be used all the same."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt

from mcuforge.errors import ForgeError
from mcuforge.recipe import Metric, metrics
from mcuforge.samples.array_files import ONLY
from mcuforge.samples.calibration import Calibration, InputSamples

FEW = 10  # samples: fewer than these set no range for anything else
OUTLIER = 5.0  # times the median sample's peak
_OTHER_SCALE = 2.0  # between the typical peaks of calibration and golden samples
_NEGATIVE = 0.25  # of the peak: from here on, negative values belong to the data
_PIXEL_MAX = 255.0
_NORMALISED_MAX = 16.0  # normalised inputs hardly ever reach it
_LISTED = 5


def warnings(
    calibration: Calibration, golden: Path | None, metric: Metric = Metric.NONE
) -> tuple[str, ...]:
    """One sentence or two for each finding; `golden` names the recipe's golden samples, if any.

    Anomalies among them, which `metric` tells, are not compared with.
    """
    found = [f"{calibration.name}: {text}" for text in (_too_few(calibration.count),) if text]
    several = len(calibration.inputs) > 1
    for each in calibration.inputs:
        name = f"{calibration.name}, input '{each.name}'" if several else calibration.name
        reference = _golden_inputs(golden, metric, each.name if several else ONLY)
        findings = (_constant(each), _outliers(each), _scaling(each, reference))
        found += [f"{name}: {text}" for text in findings if text]
    return tuple(found)


def _too_few(count: int) -> str:
    if count == 1:
        return "one sample only. The ranges hold for it alone; give 100 or so typical ones."
    if count < FEW:
        return f"{count} samples only. The ranges hold for these; give 100 or so typical ones."
    return ""


def _constant(samples: InputSamples) -> str:
    if samples.low != samples.high:
        return ""
    return (
        f"every value is {samples.low:.4g}. Ranges that hold for it alone clip everything "
        "else; give 100 or so typical samples."
    )


def _outliers(samples: InputSamples) -> str:
    median = float(np.median(samples.peaks))
    numbers = np.flatnonzero(samples.peaks > OUTLIER * median)
    if median == 0.0 or len(numbers) == 0:
        return ""
    listed = ", ".join(str(n) for n in numbers[:_LISTED])
    listed += ", ..." if len(numbers) > _LISTED else ""
    return (
        f"{len(numbers)} of {len(samples.peaks)} samples reach beyond {OUTLIER:g} times the median "
        f"sample's {median:.4g} (up to {samples.peaks.max():.4g}; samples {listed}). They "
        "stretch min-max ranges: remove them, or try --calibration auto."
    )


def _scaling(samples: InputSamples, reference: npt.NDArray[np.float32] | None) -> str:
    typical = float(np.median(samples.peaks))
    if reference is None:
        if typical <= _NORMALISED_MAX:
            return ""
        pixels = samples.low >= 0 and samples.high <= _PIXEL_MAX
        return (
            f"the values lie in {samples.low:.4g} ... {samples.high:.4g}"
            f"{' (raw pixels?)' if pixels else ''} and a typical sample reaches {typical:.4g}, "
            "where most models are trained on values of about 1. The samples must be scaled "
            "exactly as in training."
        )
    expected = float(np.median(np.abs(reference).reshape(len(reference), -1).max(axis=1)))
    signed = samples.low < -_NEGATIVE * typical, reference.min() < -_NEGATIVE * expected
    ratio = typical / expected if expected > 0 else 1.0
    if 1 / _OTHER_SCALE <= ratio <= _OTHER_SCALE and signed[0] == signed[1]:
        return ""
    return (
        f"the values lie in {samples.low:.4g} ... {samples.high:.4g} and a typical sample "
        f"reaches {typical:.4g}, but the golden samples lie in {reference.min():.4g} ... "
        f"{reference.max():.4g} and reach {expected:.4g}. Both must be scaled as in training."
    )


def _golden_inputs(
    golden: Path | None, metric: Metric, name: str
) -> npt.NDArray[np.float32] | None:
    if golden is None:
        return None
    try:
        inputs = metrics.measured_inputs(golden, metric, name)
    except ForgeError:  # they are not needed here, and checked where they are
        return None
    return np.asarray(inputs, np.float32) if inputs.dtype.kind == "f" else None
