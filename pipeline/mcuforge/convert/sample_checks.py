"""What looks wrong with calibration samples that can be used all the same."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt

from mcuforge import metrics
from mcuforge.convert.calibration import Calibration
from mcuforge.errors import ForgeError
from mcuforge.recipe import Metric

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
    findings = (
        _too_few(calibration),
        _constant(calibration),
        _outliers(calibration),
        _scaling(calibration, _golden_inputs(golden, metric)),
    )
    return tuple(f"{calibration.name}: {text}" for text in findings if text)


def _too_few(calibration: Calibration) -> str:
    if calibration.count > 1:
        return ""
    return "one sample only. The ranges hold for it alone; give 100 or so typical ones."


def _constant(calibration: Calibration) -> str:
    if calibration.low != calibration.high:
        return ""
    return (
        f"every value is {calibration.low:.4g}. Ranges that hold for it alone clip everything "
        "else; give 100 or so typical samples."
    )


def _outliers(calibration: Calibration) -> str:
    median = float(np.median(calibration.peaks))
    numbers = np.flatnonzero(calibration.peaks > OUTLIER * median)
    if median == 0.0 or len(numbers) == 0:
        return ""
    listed = ", ".join(str(n) for n in numbers[:_LISTED])
    listed += ", ..." if len(numbers) > _LISTED else ""
    return (
        f"{len(numbers)} of {calibration.count} samples reach beyond {OUTLIER:g} times the median "
        f"sample's {median:.4g} (up to {calibration.peaks.max():.4g}; samples {listed}). They "
        "stretch min-max ranges: remove them, or try --calibration auto."
    )


def _scaling(calibration: Calibration, reference: npt.NDArray[np.float32] | None) -> str:
    typical = float(np.median(calibration.peaks))
    if reference is None:
        if typical <= _NORMALISED_MAX:
            return ""
        pixels = calibration.low >= 0 and calibration.high <= _PIXEL_MAX
        return (
            f"the values lie in {calibration.low:.4g} ... {calibration.high:.4g}"
            f"{' (raw pixels?)' if pixels else ''} and a typical sample reaches {typical:.4g}, "
            "where most models are trained on values of about 1. The samples must be scaled "
            "exactly as in training."
        )
    expected = float(np.median(np.abs(reference).reshape(len(reference), -1).max(axis=1)))
    signed = calibration.low < -_NEGATIVE * typical, reference.min() < -_NEGATIVE * expected
    ratio = typical / expected if expected > 0 else 1.0
    if 1 / _OTHER_SCALE <= ratio <= _OTHER_SCALE and signed[0] == signed[1]:
        return ""
    return (
        f"the values lie in {calibration.low:.4g} ... {calibration.high:.4g} and a typical sample "
        f"reaches {typical:.4g}, but the golden samples lie in {reference.min():.4g} ... "
        f"{reference.max():.4g} and reach {expected:.4g}. Both must be scaled as in training."
    )


def _golden_inputs(golden: Path | None, metric: Metric) -> npt.NDArray[np.float32] | None:
    if golden is None:
        return None
    try:
        inputs = metrics.measured_inputs(golden, metric)
    except ForgeError:  # they are not needed here, and checked where they are
        return None
    return np.asarray(inputs, np.float32) if inputs.dtype.kind == "f" else None
