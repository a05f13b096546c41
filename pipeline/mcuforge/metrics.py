"""How good a model's outputs are, whoever computed them: float Keras, int8 on the host, a device.

Outputs are real values (dequantised where the engine is quantised). NumPy only.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from mcuforge import samples
from mcuforge.errors import UsageError
from mcuforge.recipe import Metric

Array = npt.NDArray[Any]

_TRUTH = {
    Metric.RECONSTRUCTION: "labels",
    Metric.CLASSIFICATION: "labels",
    Metric.SEGMENTATION: "masks",
    Metric.DENOISING: "clean",
    Metric.GENERATION: "targets",
}


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


def psnr(expected: Array, actual: Array) -> float:
    """Peak signal-to-noise ratio in dB of two arrays of one shape: 10 log10(1 / MSE).

    The peak is 1, the MSE taken over all values of all samples. Infinite where they are equal.
    """
    mse = float(mse_per_sample(expected, actual).mean())
    return 10 * math.log10(1 / mse) if mse else math.inf


def hoyer_sparsity(codes: Array) -> float:
    """Mean over the samples of (sqrt(n) - |x|_1 / |x|_2) / (sqrt(n) - 1), of codes [N, ...].

    1 where a single one of a sample's n values is not zero, 0 where all have one magnitude. From
    P. O. Hoyer, Non-negative matrix factorization with sparseness constraints, JMLR 5 (2004). A
    code of zeros alone counts as 1. Raises `ValueError` where a sample has fewer than two values.
    """
    values = np.abs(np.asarray(codes, np.float64)).reshape(len(codes), -1)
    root = math.sqrt(values.shape[1])
    if root <= 1:
        raise ValueError("the sparsity of a code needs at least two values")
    norms = np.sqrt((values**2).sum(axis=1))
    ratios = np.divide(values.sum(axis=1), norms, out=np.ones_like(norms), where=norms > 0)
    return float(((root - ratios) / (root - 1)).mean())


def evaluate(
    metric: Metric,
    inputs: Array,
    outputs: Array,
    golden: Mapping[str, Array],
    code: Array | None = None,
) -> dict[str, float]:
    """The quality of `outputs`, computed for the first N = len(outputs) golden samples.

    `inputs` and `outputs` are float [N, ...]; `golden` holds what `load_golden` read.
    Reconstruction: `mse` over the normal samples, `auc` of the error as a detector of anomalies
    (left out where the N samples hold only one class); where the model gives its `code` as second
    output, float [N, ...], `code_sparsity` and `code_zeros`, the share of values that are zero.
    Classification: `accuracy`, the share of samples whose largest output, or whose only one against
    1/2, is that of their label. Segmentation: `mean_iou` of the most probable class, of outputs
    [N, H, W, classes]. Denoising: `psnr` of the outputs and `psnr_gain`, what that is above the
    PSNR of the inputs, in dB.
    Generation: `psnr` of the outputs against the samples that the inputs stand for.
    `Metric.NONE`: nothing.
    Raises `UsageError` where the golden arrays do not fit the outputs.
    """
    if metric is Metric.NONE:
        return {}
    truth = _truth(metric, golden, len(outputs))
    if metric is Metric.RECONSTRUCTION:
        return _reconstruction(inputs, outputs, truth) | _code(code)
    if metric is Metric.CLASSIFICATION:
        return _classification(outputs, truth)
    if metric is Metric.DENOISING:
        return _denoising(inputs, outputs, truth)
    if metric is Metric.GENERATION:
        return _generation(outputs, truth)
    return _segmentation(outputs, truth)


def _code(code: Array | None) -> dict[str, float]:
    if code is None or code[0].size < 2:
        return {}
    return {"code_sparsity": hoyer_sparsity(code), "code_zeros": float(np.mean(code == 0))}


def _denoising(inputs: Array, outputs: Array, clean: Array) -> dict[str, float]:
    if inputs[0].size != clean[0].size or outputs.size != clean.size:
        raise UsageError(
            f"denoised samples of shape {list(outputs.shape)} do not fit inputs of shape "
            f"{list(inputs.shape)} and clean samples of shape {list(clean.shape)}."
        )
    noisy = psnr(clean, inputs[: len(outputs)].reshape(clean.shape))
    if math.isinf(noisy):
        raise UsageError("the golden inputs equal the clean samples: there is no noise to remove.")
    denoised = psnr(clean, outputs.reshape(clean.shape))
    return {"psnr": denoised, "psnr_gain": denoised - noisy}


def _generation(outputs: Array, targets: Array) -> dict[str, float]:
    if outputs.size != targets.size:
        raise UsageError(
            f"generated samples of shape {list(outputs.shape)} do not fit targets of shape "
            f"{list(targets.shape)}."
        )
    return {"psnr": psnr(targets, outputs.reshape(targets.shape))}


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


def _classification(outputs: Array, labels: Array) -> dict[str, float]:
    scores = outputs.reshape(len(outputs), -1)
    classes = max(scores.shape[1], 2)
    if labels.ndim != 1 or not np.issubdtype(labels.dtype, np.integer):
        raise UsageError(
            f"labels of type {labels.dtype} and shape {list(labels.shape)}; expected integers [N]."
        )
    if labels.min() < 0 or labels.max() >= classes:
        raise UsageError(
            f"the labels reach from {labels.min()} to {labels.max()}; the model knows {classes} "
            "classes, from 0."
        )
    chosen = scores.argmax(axis=1) if scores.shape[1] > 1 else scores[:, 0] > 0.5
    return {"accuracy": float(np.mean(chosen == labels))}


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

    Reconstruction needs `labels` uint8 [N] (0 normal, 1 anomaly), classification `labels` integers
    [N] (class numbers), segmentation `masks`
    uint8 [N, H, W] (class numbers), denoising `clean` and generation `targets`, both
    float32 [N, ...]. Raises `UsageError` where one is missing or damaged.
    """
    wanted = ["inputs"] + ([_TRUTH[metric]] if metric in _TRUTH else [])
    golden = {name: samples.read_array(path, name) for name in wanted}
    lengths = {name: len(array) for name, array in golden.items()}
    if len(set(lengths.values())) > 1:
        raise UsageError(f"{path}: the arrays have different lengths: {lengths}.")
    return golden
