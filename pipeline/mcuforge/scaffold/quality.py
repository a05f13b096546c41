"""How good a model is on its golden samples, and what that tells about samples and labels."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from mcuforge.recipe import Metric, metrics
from mcuforge.scaffold.guess import Seen
from mcuforge.scaffold.labels import one_a_sample
from mcuforge.scaffold.model_facts import ModelFacts

Array = npt.NDArray[Any]

_PIXELS = range(17, 256)  # what raw pixels reach; normalised values hardly do
_POOR = 1.3  # times what guessing the most frequent class achieves
_CLEAR = 0.5  # of the samples: an order of names that makes so many right is no accident
_CHANCE_COUNT = 10  # samples: of fewer an accuracy says little


def judge(
    metric: Metric, seen: Seen, outputs: Sequence[Array], golden: Mapping[str, Array]
) -> dict[str, float]:
    """The metric's values of the outputs. Raises `UsageError` where the golden arrays do not fit.

    Of several inputs the metrics look at none.
    """
    inputs = seen.outputs if seen.inputs is None else seen.inputs
    return metrics.evaluate(metric, inputs, outputs[0], golden, *outputs[1:2])


def warnings(
    facts: ModelFacts, seen: Seen, metric: Metric, found: Mapping[str, float]
) -> list[str]:
    """What looks wrong: a model that is no better than chance, samples in the range of raw pixels.

    The latter goes unsaid where the model scales them itself.
    """
    poor = _poor(metric, seen, found)
    told = [poor] if poor else []
    if seen.inputs is None or not _like_pixels(seen.inputs) or facts.scales_samples():
        return told
    return [
        *told,
        f"the samples reach from 0 to {seen.inputs.max():.0f}, as raw pixels do, where most models "
        "take 0 ... 1. If this one was trained so: --divide-by 255.",
    ]


def _like_pixels(inputs: Array) -> bool:
    return bool(inputs.min() >= 0 and round(float(inputs.max())) in _PIXELS)


def _poor(metric: Metric, seen: Seen, found: Mapping[str, float]) -> str:
    """What to say where the model knows no more than how frequent the classes are."""
    if metric is Metric.RECONSTRUCTION and not seen.reconstructs:
        return (
            "the model's outputs are farther from the inputs than the mean of all inputs is. Are "
            "the samples scaled as in training?"
        )
    if metric is Metric.REGRESSION and found.get("r2", 1) < 0:
        return (
            "the model predicts worse than the mean of all labels does (R2 below 0). Are samples "
            "and labels scaled as in training, and in the same order?"
        )
    return _of_classes(seen, found["accuracy"]) if metric is Metric.CLASSIFICATION else ""


def _of_classes(seen: Seen, accuracy: float) -> str:
    labels = one_a_sample(seen.labels.values) if seen.labels else None
    if labels is None or seen.labels is None or len(labels) < _CHANCE_COUNT:
        return ""
    usual = float(np.unique(labels, return_counts=True)[1].max()) / len(labels)
    if usual == 1 or accuracy >= min(usual * _POOR, (1 + usual) / 2):
        return ""
    wrong = (
        f"the model is right for {accuracy:.0%} of the samples, little better than always saying "
        f"the most frequent class ({usual:.0%})."
    )
    better = _better_order(seen.outputs, labels, seen.labels.names)
    if better:
        return f"{wrong} {better}"
    return f"{wrong} Are samples scaled as in training, and labels in the same order as samples?"


def _better_order(outputs: Array, labels: Array, names: Sequence[str]) -> str:
    """The order of names with which a model would be right, where there is a plain one.

    Each name takes the output that is largest for most of its samples.
    """
    if not names or outputs.ndim != 2 or outputs.shape[1] != len(names):
        return ""
    votes = np.zeros((len(names), len(names)), np.int64)
    np.add.at(votes, (np.asarray(labels, np.int64), outputs.argmax(axis=1)), 1)
    best = votes.argmax(axis=1)
    if len(set(best.tolist())) < len(names):
        return ""
    share = votes.max(axis=1).sum() / len(labels)
    ordered = [names[int(number)] for number in np.argsort(best)]
    if share < _CLEAR or any("," in name for name in ordered):
        return ""
    return f"With --label-names {shlex.quote(','.join(ordered))} it is right for {share:.0%}."
