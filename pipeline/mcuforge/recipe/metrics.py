"""How good a model's outputs are, whoever computed them: float Keras, int8 on the host, a device.

Outputs are real values (dequantised where the engine is quantised). NumPy only.
"""

from __future__ import annotations

import math
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from mcuforge.errors import ForgeError, UsageError
from mcuforge.files import untrusted
from mcuforge.recipe import Metric, truth
from mcuforge.samples import array_files

Array = npt.NDArray[Any]

_OF_THE_INPUT = (Metric.RECONSTRUCTION, Metric.DENOISING)  # metrics that look at the input, too


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


def r2_scores(expected: Array, actual: Array) -> npt.NDArray[np.float64]:
    """1 - squared error / squared deviation from the mean, of each column of [N, columns].

    The coefficient of determination; a column whose expected values are all alike has none, and is
    left out.
    """
    deviation = ((expected - expected.mean(axis=0)) ** 2).sum(axis=0)
    error = ((expected - actual) ** 2).sum(axis=0)
    varied = deviation > 0
    return np.asarray(1 - error[varied] / deviation[varied], np.float64)


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
    [N, H, W, classes], or of [N, H, W, 1] against 1/2.
    Regression: `mae` and `rmse` over all values; `r2`, the mean of the columns' (the last axis: one
    of large numbers must not hide the others), and of several columns `r2_worst`.
    Denoising: `psnr` of the outputs and `psnr_gain`, what that is above the
    PSNR of the inputs, in dB.
    Generation: `psnr` of the outputs against the samples that the inputs stand for.
    `Metric.NONE`: nothing.
    Raises `UsageError` where the golden arrays do not fit the outputs.
    """
    if metric is Metric.NONE:
        return {}
    right = _truth(metric, golden, len(outputs))
    if metric is Metric.RECONSTRUCTION:
        return _reconstruction(inputs, outputs, right) | _code(code)
    if metric is Metric.CLASSIFICATION:
        return _classification(outputs, right)
    if metric is Metric.REGRESSION:
        return _regression(outputs, right)
    if metric is Metric.DENOISING:
        return _denoising(inputs, outputs, right)
    if metric is Metric.GENERATION:
        return _generation(outputs, right)
    return _segmentation(outputs, right)


def _code(code: Array | None) -> dict[str, float]:
    if code is None or code[0].size < 2:
        return {}
    return {"code_sparsity": hoyer_sparsity(code), "code_zeros": float(np.mean(code == 0))}


def _denoising(inputs: Array, outputs: Array, clean: Array) -> dict[str, float]:
    if inputs[0].size != clean[0].size or outputs.size != clean.size:
        raise UsageError(
            f"denoised samples of shape {list(outputs.shape)} do not fit inputs of shape "
            f"{list(inputs.shape)} and clean samples of shape {list(clean.shape)}. Metric "
            f"'denoising' takes {truth.TAKEN[Metric.DENOISING]}. "
            f"{truth.others(Metric.DENOISING, outputs)}"
        )
    noisy = psnr(clean, inputs[: len(outputs)].reshape(clean.shape))
    if math.isinf(noisy):
        raise UsageError("the golden inputs equal the clean samples: there is no noise to remove.")
    denoised = psnr(clean, outputs.reshape(clean.shape))
    return {"psnr": denoised, "psnr_gain": denoised - noisy}


def _generation(outputs: Array, targets: Array) -> dict[str, float]:
    if outputs.size != targets.size:
        raise truth.misfit(Metric.GENERATION, outputs, targets)
    return {"psnr": psnr(targets, outputs.reshape(targets.shape))}


def _reconstruction(inputs: Array, outputs: Array, labels: Array) -> dict[str, float]:
    if inputs[0].size != outputs[0].size:
        raise UsageError(
            f"a reconstruction of shape {list(outputs.shape)} does not fit inputs of shape "
            f"{list(inputs.shape)}: metric 'reconstruction' takes "
            f"{truth.TAKEN[Metric.RECONSTRUCTION]}. "
            f"{truth.others(Metric.RECONSTRUCTION, outputs)}"
        )
    errors = mse_per_sample(inputs[: len(outputs)].reshape(outputs.shape), outputs)
    anomalous = truth.anomalies(labels)
    result = {}
    if not anomalous.all():
        result["mse"] = float(errors[~anomalous].mean())
        if anomalous.any():
            result["auc"] = roc_auc(errors, anomalous)
    return result


def _classification(outputs: Array, labels: Array) -> dict[str, float]:
    found = truth.classes(Metric.CLASSIFICATION, outputs, labels)
    return {"accuracy": float(np.mean(found.expected == found.actual))}


def _regression(outputs: Array, targets: Array) -> dict[str, float]:
    expected = truth.numbers(Metric.REGRESSION, outputs, targets)
    actual = np.asarray(outputs, np.float64)
    error = actual - expected
    found = {
        "mae": float(np.abs(error).mean()),
        "rmse": float(np.sqrt(np.square(error).mean())),
    }
    columns = outputs.shape[-1] if outputs.ndim > 1 else 1
    scores = r2_scores(expected.reshape(-1, columns), actual.reshape(-1, columns))
    if len(scores):
        found["r2"] = float(scores.mean())
    if len(scores) > 1:
        found["r2_worst"] = float(scores.min())
    return found


def _segmentation(outputs: Array, masks: Array) -> dict[str, float]:
    found = truth.classes(Metric.SEGMENTATION, outputs, masks)
    return {"mean_iou": mean_iou(found.expected, found.actual, found.total)}


def _truth(metric: Metric, golden: Mapping[str, Array], count: int) -> Array:
    name = truth.ARRAYS[metric]
    if name not in golden:
        raise UsageError(
            f"the golden samples hold no array '{name}', which metric '{metric.value}' needs: it "
            f"takes {truth.TAKEN[metric]}."
        )
    if len(golden[name]) < count:
        raise UsageError(
            f"the golden array '{name}' has {len(golden[name])} entries for {count} outputs."
        )
    return golden[name][:count]


def load_golden(path: Path, metric: Metric, names: Sequence[str] = ()) -> dict[str, Array]:
    """The arrays of a golden `.npz`: `inputs` float32 [N, ...] and what the metric needs.

    Which array that is, and its forms, say `truth.ARRAYS` and `truth.TAKEN`. Of a model with
    several inputs `names` tells these; each is then an array of its name, in place of `inputs`.
    Raises `UsageError` where one is missing or damaged.
    """
    several = len(names) > 1
    if several and metric in _OF_THE_INPUT:
        raise UsageError(
            f"metric '{metric.value}' compares the output with the model's only input; this model "
            f"has {len(names)}. Use metric 'regression' with targets, or 'none'."
        )
    wanted = [*(names if several else ["inputs"])]
    wanted += [truth.ARRAYS[metric]] if metric in truth.ARRAYS else []
    golden = {name: _array(path, name, metric) for name in wanted}
    lengths = {name: len(array) for name, array in golden.items()}
    if len(set(lengths.values())) > 1:
        raise UsageError(f"{path}: the arrays have different lengths: {lengths}.")
    return golden


def measured_inputs(path: Path, metric: Metric, name: str = "inputs") -> Array:
    """The golden inputs that quantisation is measured on: of an anomaly detector the normal ones.

    All, where none is labelled as normal. `name` is that of the array, of several inputs each has
    one. Raises `UsageError` where there are none.
    """
    inputs = array_files.read_array(path, name)
    if metric is not Metric.RECONSTRUCTION or truth.ARRAYS[metric] not in _held(path):
        return inputs
    normal = ~truth.anomalies(array_files.read_array(path, truth.ARRAYS[metric]))
    fits = len(normal) == len(inputs) and normal.any()
    return inputs[normal] if fits else inputs


def golden_inputs(
    golden: Mapping[str, Array], names: Sequence[str], count: int | None = None
) -> list[npt.NDArray[np.float32]]:
    """The first `count` golden samples of what `load_golden` read: an array for each input."""
    wanted = names if len(names) > 1 else ["inputs"]
    return [np.asarray(golden[name][:count], np.float32) for name in wanted]


def _array(path: Path, name: str, metric: Metric) -> Array:
    try:
        return array_files.read_array(path, name)
    except ForgeError as error:
        held = _held(path)
        if not held or name in held:
            raise
        fitting = [m.value for m, array in truth.ARRAYS.items() if array in held]
        raise UsageError(
            f"{path}: holds no array named '{name}', only {', '.join(held)}. Metric "
            f"'{metric.value}' takes {truth.TAKEN.get(metric, 'inputs alone')}."
            + (f" What it holds is for: {', '.join(fitting)}." if fitting else "")
        ) from error


def _held(path: Path) -> list[str]:
    """The names of the arrays of an `.npz`; none where it is not one that can be read."""
    try:
        untrusted.check_archive(path, untrusted.OF_SAMPLES)
        with path.open("rb") as file, zipfile.ZipFile(file) as archive:
            return [name.removesuffix(".npy") for name in archive.namelist()]
    except (ForgeError, OSError, ValueError, NotImplementedError, zipfile.BadZipFile):
        return []
