"""The arrays that a model is judged on: samples, and what the metric needs beside them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from mcuforge.errors import UsageError
from mcuforge.recipe import Metric, truth
from mcuforge.recipe import labels as class_labels
from mcuforge.scaffold.given_samples import Given
from mcuforge.scaffold.guess import Seen
from mcuforge.scaffold.labels import Labels, anomalies, kinds_of, one_a_sample, shown
from mcuforge.scaffold.recipe_options import RecipeOptions
from mcuforge.scaffold.split import Numbers

Array = npt.NDArray[Any]

_SORTED = (
    "labels: {} are taken for outputs 0, 1, ..., as they sort; --label-names A,B,... says another "
    "order."
)


@dataclass(frozen=True, eq=False)
class Golden:
    """The arrays of the golden `.npz`, and what was found on the way.

    `anomalous` tells of all samples which are anomalies, where that is known; `label_names` are the
    classes' names, where they were given.
    """

    arrays: dict[str, Array]
    anomalous: Array | None = None
    label_names: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def make(
    given: Given, judging: Numbers, seen: Seen, metric: Metric, options: RecipeOptions
) -> Golden:
    """The golden arrays of the samples that judge. Raises `UsageError` where labels are missing,
    or where it is not clear which of them are normal, or what their names stand for.
    """
    inputs: dict[str, Array] = dict(given.chosen(judging))
    if metric is Metric.NONE:
        return Golden(inputs, notes=("the labels are not used.",) if given.labels else ())
    if metric is Metric.RECONSTRUCTION:
        return _reconstruction(given, judging, inputs, options)
    if seen.labels is None:
        raise UsageError(
            f"metric '{metric.value}' needs labels: {truth.TAKEN[metric]}. Give them with --labels."
        )
    named = metric in (Metric.CLASSIFICATION, Metric.SEGMENTATION)
    names = seen.labels.names if named else ()
    if names:
        class_labels.check(Path(seen.labels.where), names, metric.value)
        _check_names(names, seen)
    truths = {truth.ARRAYS[metric]: _compact(metric, seen.labels)}
    notes = () if options.label_names or not names else (_SORTED.format(shown(names)),)
    return Golden(inputs | truths, label_names=names, notes=notes)


def _check_names(names: Sequence[str], seen: Seen) -> None:
    classes = max(seen.outputs.shape[-1], 2)
    if len(names) != classes:
        raise UsageError(
            f"{len(names)} names ({shown(names)}) for a model of {classes} classes. Name all of "
            "them in the order of the model's outputs: --label-names A,B,..."
        )


def _reconstruction(
    given: Given, judging: Numbers, inputs: dict[str, Array], options: RecipeOptions
) -> Golden:
    labels, name = given.labels, truth.ARRAYS[Metric.RECONSTRUCTION]
    kinds = kinds_of(labels) if labels else None
    if labels is None or kinds is None or (len(kinds[1]) > 2 and options.normal is None):
        normal = {name: np.zeros(len(judging), np.uint8)}
        told = "all samples are taken as normal: no labels say otherwise."
        return Golden(inputs | normal, notes=(told,))
    right = anomalies(labels, options.normal)
    normal_name = next(kinds[1][kind] for kind in kinds[0][right == 0])
    told = (
        f"{int(right.sum()):,} of {len(right):,} samples are anomalies, those whose label is not "
        f"'{normal_name}'; none of them calibrates."
    )
    return Golden(inputs | {name: right[judging]}, right, notes=(told,))


def _compact(metric: Metric, labels: Labels) -> Array:
    """Labels in the smallest form that loses nothing."""
    values = labels.values
    if metric is Metric.CLASSIFICATION:
        single = one_a_sample(values)
        values = values if single is None else single
    if metric in (Metric.CLASSIFICATION, Metric.SEGMENTATION) and (values % 1 == 0).all():
        low, high = int(values.min()), int(values.max())
        return np.asarray(values, np.uint8 if low >= 0 and high < 256 else np.int64)
    return np.asarray(values, np.float32)
