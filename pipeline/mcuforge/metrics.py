"""How good a model's outputs are, whoever computed them: float Keras, int8 on the host, a device.

Outputs are real values (dequantised where the engine is quantised). NumPy only.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from mcuforge import samples
from mcuforge.errors import UsageError
from mcuforge.recipe import Metric

Array = npt.NDArray[Any]

_TRUTH = {Metric.RECONSTRUCTION: "labels", Metric.SEGMENTATION: "masks"}


def mse_per_sample(expected: Array, actual: Array) -> npt.NDArray[np.float64]:
    """Mean squared error of each sample: [N, ...] and the same -> float64 [N]."""
    difference = np.asarray(expected, np.float64) - np.asarray(actual, np.float64)
    return np.asarray(np.mean(difference.reshape(len(difference), -1) ** 2, axis=1))


def roc_auc(scores: Array, positive: Array) -> float:
    """Area under the ROC curve: P(score of a positive > score of a negative), ties count half.

    `scores` float [N], `positive` bool or 0/1 [N]. From the Mann-Whitney U statistic over average
    ranks. Raises `ValueError` unless both classes are present.
    """
    chosen = np.asarray(positive, bool)
    positives = int(chosen.sum())
    negatives = len(chosen) - positives
    if positives == 0 or negatives == 0:
        raise ValueError("the AUC needs samples of both classes")
    _, inverse, counts = np.unique(scores, return_inverse=True, return_counts=True)
    last_rank = np.cumsum(counts)
    ranks = (last_rank - (counts - 1) / 2)[inverse]
    u = float(ranks[chosen].sum()) - positives * (positives + 1) / 2
    return u / (positives * negatives)


def mean_iou(expected: Array, actual: Array, classes: int) -> float:
    """Mean over the classes of intersection / union, both counted over all samples.

    Integer class maps of one shape. A class found in neither map is left out of the mean.
    """
    ratios = []
    for number in range(classes):
        in_expected, in_actual = expected == number, actual == number
        union = int(np.count_nonzero(in_expected | in_actual))
        if union:
            ratios.append(int(np.count_nonzero(in_expected & in_actual)) / union)
    return float(np.mean(ratios)) if ratios else float("nan")


def evaluate(
    metric: Metric, inputs: Array, outputs: Array, golden: Mapping[str, Array]
) -> dict[str, float]:
    """The quality of `outputs`, computed for the first N = len(outputs) golden samples.

    `inputs` and `outputs` are float [N, ...]; `golden` holds what `load_golden` read.
    Reconstruction: `mse` over the normal samples, `auc` of the error as a detector of anomalies
    (left out where the N samples hold only one class). Segmentation: `mean_iou` of the most
    probable class, of outputs [N, H, W, classes]. `Metric.NONE`: nothing.
    Raises `UsageError` where the golden arrays do not fit the outputs.
    """
    if metric is Metric.NONE:
        return {}
    if metric is Metric.RECONSTRUCTION:
        return _reconstruction(inputs, outputs, _truth(metric, golden, len(outputs)))
    return _segmentation(outputs, _truth(metric, golden, len(outputs)))


def _reconstruction(inputs: Array, outputs: Array, labels: Array) -> dict[str, float]:
    if inputs.size < outputs.size or labels.ndim != 1:
        raise UsageError(
            f"a reconstruction of shape {list(outputs.shape)} does not fit inputs of shape "
            f"{list(inputs.shape)} and labels of shape {list(labels.shape)}."
        )
    errors = mse_per_sample(inputs[: len(outputs)].reshape(outputs.shape), outputs)
    anomalous = labels != 0
    result = {}
    if not anomalous.all():
        result["mse"] = float(errors[~anomalous].mean())
        if anomalous.any():
            result["auc"] = roc_auc(errors, anomalous)
    return result


def _segmentation(outputs: Array, masks: Array) -> dict[str, float]:
    if outputs.shape[:-1] != masks.shape:
        raise UsageError(
            f"class probabilities of shape {list(outputs.shape)} do not fit masks of shape "
            f"{list(masks.shape)}; expected [N, H, W, classes] and [N, H, W]."
        )
    classes = outputs.shape[-1]
    if masks.max() >= classes:
        raise UsageError(f"a mask holds class {masks.max()}; the model knows {classes} classes.")
    return {"mean_iou": mean_iou(masks, np.argmax(outputs, axis=-1), classes)}


def _truth(metric: Metric, golden: Mapping[str, Array], count: int) -> Array:
    name = _TRUTH[metric]
    if name not in golden:
        raise UsageError(
            f"the golden samples hold no array '{name}', which metric '{metric.value}' needs."
        )
    if len(golden[name]) < count:
        raise UsageError(
            f"the golden array '{name}' has {len(golden[name])} entries for {count} outputs."
        )
    return golden[name][:count]


def load_golden(path: Path, metric: Metric) -> dict[str, Array]:
    """The arrays of a golden `.npz`: `inputs` float32 [N, ...] and what the metric needs.

    Reconstruction needs `labels` uint8 [N] (0 normal, 1 anomaly), segmentation `masks`
    uint8 [N, H, W] (class numbers). Raises `UsageError` where one is missing or damaged.
    """
    wanted = ["inputs"] + ([_TRUTH[metric]] if metric in _TRUTH else [])
    golden = {name: samples.read_array(path, name) for name in wanted}
    lengths = {name: len(array) for name, array in golden.items()}
    if len(set(lengths.values())) > 1:
        raise UsageError(f"{path}: the arrays have different lengths: {lengths}.")
    return golden
