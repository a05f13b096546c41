"""Which metric fits: told from a model's outputs for its samples, and from their labels.

Each rule looks at shapes and values, and says why it holds. What it is not sure of may be asked.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from mcuforge.errors import ForgeError, UsageError
from mcuforge.recipe import Metric, metrics, truth
from mcuforge.samples.sources import shape_text
from mcuforge.scaffold.labels import Labels, kinds_of, one_a_sample

Array = npt.NDArray[Any]

_SUM = 0.02  # what probabilities may miss 1 by
_BEYOND = 0.05  # and what one may be off by, where it is rounded
_SIGNAL = 16  # values: a sample of fewer is no signal or picture that noise is taken out of
_RELATED = 0.5  # correlation


@dataclass(frozen=True)
class Guess:
    """A metric and why. `sure` where nothing else could be meant; `doubt` warns of what is odd.

    One that was `told` is no guess.
    """

    metric: Metric
    reason: str
    sure: bool = True
    doubt: str = ""
    told: bool = False


@dataclass(frozen=True, eq=False)
class Seen:
    """What is known: the samples' values [N, ...], the first output for them, their labels.

    `inputs` is None for a model with several inputs.
    """

    inputs: Array | None
    outputs: Array
    labels: Labels | None

    @property
    def shape(self) -> str:
        """The output's shape, for people."""
        return shape_text(self.outputs.shape[1:])

    @property
    def as_large_as_the_inputs(self) -> bool:
        """Whether an output has as many values as an input, and more than one."""
        return self.inputs is not None and self.inputs[0].size == self.outputs[0].size > 1

    @property
    def explained(self) -> float:
        """1 - MSE / variance of the inputs, taken over all values; 1: the outputs equal them."""
        if self.inputs is None or not self.as_large_as_the_inputs:
            return -np.inf
        inputs = np.asarray(self.inputs, np.float64).reshape(len(self.inputs), -1)
        outputs = np.asarray(self.outputs, np.float64).reshape(inputs.shape)
        variance = float(inputs.var())
        return 1 - float(np.square(inputs - outputs).mean()) / variance if variance else -np.inf

    @property
    def reconstructs(self) -> bool:
        """Whether the outputs come closer to the inputs than their mean does."""
        return self.explained > 0

    @property
    def dense(self) -> bool:
        """Whether an output has several positions, such as pixels or steps."""
        return self.outputs.ndim > 2 and int(np.prod(self.outputs.shape[1:-1])) > 1

    @property
    def shares(self) -> bool:
        """Whether the last axis holds several probabilities whose sum is 1."""
        if self.outputs.ndim < 2 or self.outputs.shape[-1] < 2:
            return False
        sums = self.outputs.astype(np.float64).sum(axis=-1)
        return bool((np.abs(sums - 1) < _SUM).all() and self.outputs.min() > -_BEYOND)

    @property
    def probabilities(self) -> bool:
        """Whether all values lie in 0 ... 1."""
        return bool(self.outputs.min() >= -_BEYOND and self.outputs.max() <= 1 + _BEYOND)


def guess(seen: Seen) -> Guess:
    """The metric for what was seen. Raises `UsageError` where no metric takes these labels."""
    if seen.labels is None:
        return _without_labels(seen)
    rules = (_anomalies, _segmentation, _copies, _classification, _generation, _regression)
    for rule in rules:
        found = rule(seen, seen.labels)
        if found is not None:
            return found
    values = seen.labels.values
    raise UsageError(
        f"{seen.labels.where}: labels of type {values.dtype} and shape {list(values.shape)} do not "
        f"fit the model's outputs, {seen.shape} for each sample. Taken are: "
        + "; ".join(f"{m.value}: {truth.TAKEN[m]}" for m in _NAMED)
        + ". Without --labels only the engines' agreement is proved."
    )


_NAMED = (Metric.CLASSIFICATION, Metric.SEGMENTATION, Metric.REGRESSION, Metric.RECONSTRUCTION)


def _without_labels(seen: Seen) -> Guess:
    if seen.reconstructs and not seen.shares:
        return Guess(
            Metric.RECONSTRUCTION,
            f"outputs {seen.shape} are as large as the inputs and come close to them (they explain "
            f"{seen.explained:.0%} of the inputs' variance)",
        )
    if seen.as_large_as_the_inputs and not seen.shares:
        return Guess(
            Metric.NONE,
            f"outputs {seen.shape} are as large as the inputs, but do not come close to them, and "
            "there are no labels",
            sure=False,
            doubt="Of an autoencoder the samples may be scaled otherwise than in training; "
            "--metric reconstruction takes it as one all the same.",
        )
    return Guess(
        Metric.NONE,
        "without labels there is nothing to judge the outputs by; that every engine computes the "
        "same bytes is proved all the same",
    )


def _anomalies(seen: Seen, labels: Labels) -> Guess | None:
    """Labels of samples, and outputs that are the samples again."""
    values = one_a_sample(labels.values)
    if values is None or not seen.reconstructs or (seen.shares and not seen.dense):
        return None
    kinds = kinds_of(labels)
    if kinds is None:
        return None
    if len(kinds[1]) <= 2:
        return Guess(
            Metric.RECONSTRUCTION,
            f"outputs {seen.shape} come close to the inputs, and each sample has one of two "
            "labels: the error of reconstruction tells anomalies",
        )
    return Guess(
        Metric.RECONSTRUCTION,
        f"outputs {seen.shape} come close to the inputs",
        sure=False,
        doubt=f"The labels are of {len(kinds[1])} kinds, not of normal and anomaly, and are left "
        "out; --normal VALUE says which of them is normal.",
    )


def _segmentation(seen: Seen, labels: Labels) -> Guess | None:
    if not seen.dense or _called(labels, "clean", "targets"):
        return None
    if not _taken(Metric.SEGMENTATION, seen, labels):
        return None
    return Guess(
        Metric.SEGMENTATION,
        f"outputs {seen.shape} and a class for each of their positions (labels "
        f"{shape_text(labels.values.shape[1:])})",
    )


def _copies(seen: Seen, labels: Labels) -> Guess | None:
    """Labels as large as the inputs: clean ones of noisy ones, or the inputs themselves."""
    if seen.inputs is None or not seen.as_large_as_the_inputs:
        return None
    if labels.values[0].size != seen.outputs[0].size or seen.outputs[0].size < _SIGNAL:
        return None
    clean = np.asarray(labels.values, np.float64).reshape(-1)
    noisy = np.asarray(seen.inputs, np.float64).reshape(-1)
    if np.array_equal(clean, noisy):
        return Guess(Metric.RECONSTRUCTION, "the labels are the inputs themselves")
    related = clean.std() > 0 and noisy.std() > 0 and np.corrcoef(clean, noisy)[0, 1] > _RELATED
    if not related and not _called(labels, "clean"):
        return None
    return Guess(
        Metric.DENOISING,
        f"outputs {seen.shape}, labels and inputs are of one size, and the labels resemble the "
        "inputs: what the inputs are without noise",
    )


def _classification(seen: Seen, labels: Labels) -> Guess | None:
    if seen.dense or _called(labels, "targets") or not _taken(Metric.CLASSIFICATION, seen, labels):
        return None
    classes = seen.outputs.shape[-1] if seen.outputs.ndim > 1 else 1
    if classes == 1:
        return Guess(
            Metric.CLASSIFICATION, "one output in 0 ... 1, and labels 0 and 1: two classes"
        )
    kind = "probabilities" if seen.shares else "values"
    return Guess(
        Metric.CLASSIFICATION, f"{classes} {kind} as outputs, and a class for each sample as label"
    )


def _generation(seen: Seen, labels: Labels) -> Guess | None:
    larger = seen.inputs is None or seen.outputs[0].size > seen.inputs[0].size
    same = labels.values[0].size == seen.outputs[0].size
    if not (larger and same and seen.dense and _taken(Metric.GENERATION, seen, labels)):
        return None
    return Guess(
        Metric.GENERATION,
        f"outputs {seen.shape} are larger than the inputs, and the labels as large as the outputs",
    )


def _regression(seen: Seen, labels: Labels) -> Guess | None:
    if not _taken(Metric.REGRESSION, seen, labels):
        return None
    doubt = _of_classes(seen, labels)
    reason = f"outputs {seen.shape} and numbers of that shape as labels"
    return Guess(Metric.REGRESSION, reason, sure=not doubt, doubt=doubt)


def _of_classes(seen: Seen, labels: Labels) -> str:
    """What is odd about targets that are only 0 and 1."""
    if not set(np.unique(labels.values)) <= {0, 1}:
        return ""
    if seen.outputs[0].size > 1:
        return "The labels are 0 and 1 alone, several a sample: they are judged as numbers."
    return (
        f"The labels are 0 and 1, but the output reaches from {seen.outputs.min():.3g} to "
        f"{seen.outputs.max():.3g}: to judge it as a probability, end the model with a sigmoid."
    )


def _taken(metric: Metric, seen: Seen, labels: Labels) -> bool:
    """Whether the metric can be computed of these outputs and labels."""
    golden = {truth.ARRAYS[metric]: labels.values}
    inputs = seen.outputs if seen.inputs is None else seen.inputs
    try:
        metrics.evaluate(metric, inputs, seen.outputs, golden)
    except ForgeError:
        return False
    return True


def _called(labels: Labels, *names: str) -> bool:
    """Whether the array of the labels has one of these names, which say what it is for."""
    return labels.array.lower() in names
