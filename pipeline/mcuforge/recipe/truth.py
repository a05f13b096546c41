"""What golden samples say is right, in the one form that the metrics compute with.

The same truth is stored in several ways: class numbers [N] or [N, 1], one-hot rows, masks with a
channel, 0 and 255. What is clear is taken; the rest is refused with the shapes that would do.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from mcuforge.errors import UsageError
from mcuforge.recipe import Metric

Array = npt.NDArray[Any]

ARRAYS = {
    Metric.RECONSTRUCTION: "labels",
    Metric.CLASSIFICATION: "labels",
    Metric.REGRESSION: "targets",
    Metric.SEGMENTATION: "masks",
    Metric.DENOISING: "clean",
    Metric.GENERATION: "targets",
}
TAKEN = {
    Metric.RECONSTRUCTION: (
        "outputs as large as the inputs, and 'labels' [N] or [N, 1]: 0 normal, 1 anomaly"
    ),
    Metric.CLASSIFICATION: (
        "outputs [N, classes], or one probability [N, 1], and 'labels': class numbers from 0, [N] "
        "or [N, 1], or one-hot [N, classes]"
    ),
    Metric.REGRESSION: "'targets', numbers of the outputs' shape",
    Metric.SEGMENTATION: (
        "outputs [N, H, W, classes], or one probability [N, H, W, 1], and 'masks': class numbers "
        "from 0, [N, H, W] or [N, H, W, 1], or one-hot [N, H, W, classes]"
    ),
    Metric.DENOISING: "inputs, outputs and 'clean' of one size",
    Metric.GENERATION: "'targets' as large as the outputs",
}
_BEYOND = 0.05  # what a probability may be off by, where a quantised one is rounded


class Classes(NamedTuple):
    """Class numbers of one shape, [N, ...]: the true ones, the model's, and how many there are."""

    expected: Array
    actual: Array
    total: int


def classes(metric: Metric, outputs: Array, truth: Array) -> Classes:
    """The true classes and the model's, of outputs [N, ..., classes] or probabilities [N, ..., 1].

    Raises `UsageError` where they do not fit, or a single output is no probability.
    """
    shape = _without_ones(truth.shape)
    if outputs.ndim < 2 or _lacks_channel(metric, outputs, truth.reshape(shape)):
        outputs = outputs[..., np.newaxis]
    outputs = outputs.reshape(*_without_ones(outputs.shape[:-1]), outputs.shape[-1])
    count = max(outputs.shape[-1], 2)
    positions = outputs.shape[:-1]
    if shape == (*positions, count):
        expected = _from_one_hot(metric, outputs, truth).reshape(positions)
    elif shape == positions:
        expected = _numbers(metric, outputs, truth, count).reshape(positions)
    else:
        raise misfit(metric, outputs, truth)
    _check_probability(outputs)
    return Classes(expected, most_probable(outputs).reshape(positions), count)


def most_probable(outputs: Array) -> Array:
    """The class numbers of outputs [..., classes], or of [..., 1]: 1 above a half."""
    if outputs.shape[-1] == 1:
        return np.asarray(outputs[..., 0] > 0.5, np.int64)
    return np.asarray(outputs.argmax(axis=-1))


def numbers(metric: Metric, outputs: Array, truth: Array) -> npt.NDArray[np.float64]:
    """Targets in the outputs' shape. Raises `UsageError` where they do not fit, or hold NaN."""
    if _without_ones(truth.shape) != _without_ones(outputs.shape) or truth.dtype.kind not in "biuf":
        raise misfit(metric, outputs, truth)
    values = np.asarray(truth, np.float64).reshape(outputs.shape)
    if not np.isfinite(values).all():
        raise UsageError(f"the golden array '{ARRAYS[metric]}' holds NaN or infinity.")
    return values


def anomalies(labels: Array) -> npt.NDArray[np.bool_]:
    """Which of N samples are anomalies: of labels [N], [N, 1] or one-hot [N, 2], 0 is normal.

    Raises `UsageError` where the labels have another shape.
    """
    shape = _without_ones(labels.shape)
    if shape == (len(labels), 2):
        return np.asarray(labels.reshape(shape).argmax(axis=1) != 0)
    if shape != (len(labels),) or labels.dtype.kind not in "biuf":
        raise UsageError(
            f"labels of type {labels.dtype} and shape {list(labels.shape)}. Metric "
            f"'reconstruction' takes {TAKEN[Metric.RECONSTRUCTION]}."
        )
    return np.asarray(labels.reshape(-1) != 0)


def misfit(metric: Metric, outputs: Array, truth: Array) -> UsageError:
    """The refusal of a golden array: what was got, what the metric takes, what else would do."""
    return UsageError(
        f"outputs of shape {list(outputs.shape)} do not fit {ARRAYS[metric]} of type "
        f"{truth.dtype} and shape {list(truth.shape)}. Metric '{metric.value}' takes "
        f"{TAKEN[metric]}. {others(metric, outputs)}"
    )


def others(metric: Metric, outputs: Array) -> str:
    """Which other metrics outputs of this shape may be meant for."""
    dense = int(np.prod(outputs.shape[1:-1])) > 1
    fitting = [Metric.SEGMENTATION] if dense else [Metric.CLASSIFICATION]
    fitting += [Metric.REGRESSION]
    named = [f"'{m.value}' ({TAKEN[m]})" for m in fitting if m is not metric]
    return f"Others for such outputs: {'; '.join(named)}; or 'none'."


def _without_ones(shape: tuple[int, ...]) -> tuple[int, ...]:
    """The shape without extents of 1, but for the batch."""
    return (*shape[:1], *(extent for extent in shape[1:] if extent != 1))


def _lacks_channel(metric: Metric, outputs: Array, truth: Array) -> bool:
    """True for outputs [N, H, W] that are one probability a pixel, without an axis of their own.

    A mask [N, H, W] is never meant as one-hot; of labels, rows that all have a single 1 are.
    """
    if outputs.ndim != 3 or 1 in outputs.shape[1:]:
        return False
    if metric is Metric.SEGMENTATION:
        return truth.shape in (outputs.shape, (*outputs.shape, 2))
    return truth.shape == outputs.shape and not _has_one_a_row(truth)


def _has_one_a_row(rows: Array) -> bool:
    return bool(((rows == 0) | (rows == 1)).all() and (rows.sum(axis=-1) == 1).all())


def _from_one_hot(metric: Metric, outputs: Array, truth: Array) -> Array:
    rows = truth.reshape(_without_ones(truth.shape))
    if not _has_one_a_row(rows):
        raise UsageError(
            f"{ARRAYS[metric]} of shape {list(truth.shape)} are not one-hot: each row must hold a "
            f"single 1 and zeros. Metric '{metric.value}' takes {TAKEN[metric]}. "
            f"{others(metric, outputs)}"
        )
    return np.asarray(rows.argmax(axis=-1))


def _numbers(metric: Metric, outputs: Array, truth: Array, count: int) -> Array:
    """Class numbers below `count`, of bool, integers or whole floats; 255 is 1 beside 0 alone."""
    if truth.dtype.kind not in "biuf" or not (np.asarray(truth, np.float64) % 1 == 0).all():
        raise misfit(metric, outputs, truth)
    whole = truth.astype(np.int64)
    if metric is Metric.SEGMENTATION and count == 2 and not (set(np.unique(whole)) - {0, 255}):
        whole = np.asarray(whole != 0, np.int64)
    if whole.min() < 0 or whole.max() >= count:
        raise UsageError(
            f"the {ARRAYS[metric]} reach from {whole.min()} to {whole.max()}; the model's outputs "
            f"of shape {list(outputs.shape)} know {count} classes, from 0."
        )
    return whole


def _check_probability(outputs: Array) -> None:
    """A logit's boundary is 0, a probability's 1/2: one taken for the other goes unnoticed."""
    if outputs.shape[-1] > 1:
        return
    low, high = float(outputs.min()), float(outputs.max())
    if low < -_BEYOND or high > 1 + _BEYOND:
        raise UsageError(
            f"the model's single output reaches from {low:.4g} to {high:.4g}: that is no "
            "probability, which is compared with 1/2. End the model with a sigmoid, or choose "
            "metric 'regression' (array 'targets') or 'none'."
        )
