"""How a run tells two classes apart, or anomalies from what is normal, and the threshold for it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from mcuforge.recipe import Metric, metrics, truth
from mcuforge.report.accuracy import detection, histogram, judged, scoring
from mcuforge.report.accuracy.detection import Curve, Point
from mcuforge.report.accuracy.histogram import Histogram
from mcuforge.report.accuracy.judged import OF_CLASSES, Judged
from mcuforge.report.accuracy.plain import DEVICE, FLOAT, Array, number
from mcuforge.report.accuracy.scoring import Constant, OutputScore, Score, Side
from mcuforge.samples import quantised

_SUFFIXES = {detection.RARE: "_1PCT"}  # of the constants' names


@dataclass(frozen=True)
class Shares:
    """The share of the positives that is found, and of the negatives that is called positive."""

    found: float
    false_alarms: float


@dataclass(frozen=True)
class Threshold:
    """A threshold on a score, and what it gives on the samples by whose outputs they are.

    `real` is in the score's own units, `quantised` the same for the device's integers. Both are
    None for what the metric does: the most probable class, or what is above a half.
    """

    rule: str
    real: float | None
    quantised: int | None
    shares: dict[str, Shares]


@dataclass(frozen=True)
class Detection:
    """How well a score tells positives from negatives. `code` is C11, None without integers.

    `classes` name the negatives and the positives, of which there are `counts`.
    """

    score: str
    classes: tuple[str, str]
    counts: tuple[int, int]
    curves: dict[str, Curve]
    distribution: Histogram | None
    thresholds: tuple[Threshold, ...]
    code: str | None


class _Scored(NamedTuple):
    """A score of each sample: of the device in whole numbers where there is `exact`, and float."""

    exact: Score | None
    words: str
    device: Array
    floats: Array | None


def of(given: Judged) -> tuple[Detection | None, list[str]]:
    """The detection; None where there are not two classes, with words where that surprises."""
    found = _positives(given)
    if found is None:
        return None, []
    positive, names = found
    if positive.all() or not positive.any():
        only = names[1] if positive.all() else names[0]
        return None, [f"All golden samples are of one class, {only}: there is no ROC of them."]
    anomalies = given.metric is Metric.RECONSTRUCTION
    scored = _error_scores(given) if anomalies else _output_scores(given, len(positive))
    return _detected(given, scored, names, positive)


def _positives(given: Judged) -> tuple[Array, tuple[str, str]] | None:
    """Which samples (or pixels) are positive, bool [N], and what both classes are called."""
    if given.metric is Metric.RECONSTRUCTION:
        return truth.anomalies(given.right), ("normal", "anomaly")
    if given.metric not in OF_CLASSES:
        return None
    classes = truth.classes(given.metric, given.device, given.right)
    if classes.total != 2:
        return None
    labels = given.recipe.labels
    names = (labels[0], labels[1]) if len(labels) == 2 else ("class 0", "class 1")
    return classes.expected.reshape(-1) == 1, names


def _error_scores(given: Judged) -> _Scored:
    graph = given.graph
    exact = scoring.of_error(graph.tensor(graph.inputs[0]), graph.tensor(graph.outputs[0]))
    errors = {
        name: metrics.mse_per_sample(given.inputs.reshape(outputs.shape), outputs)
        for name, outputs in ((DEVICE, given.device), (FLOAT, given.floats))
        if outputs is not None
    }
    if exact is None:
        return _Scored(None, "the mean squared error", errors[DEVICE], errors.get(FLOAT))
    inputs = judged.first(quantised.quantize_batch(given.inputs, graph, "the golden samples"))
    return _Scored(exact, exact.words, exact.of(inputs, given.taken), errors.get(FLOAT))


def _output_scores(given: Judged, count: int) -> _Scored:
    wide = given.device.size // count  # 1 where a probability has no axis of its own
    device = given.device.reshape(-1, wide)
    tensor = given.graph.tensor(given.graph.outputs[0])
    exact = scoring.of_output(tensor, device, each=count != len(given.device))
    plain = exact or OutputScore(Side("int8", 1.0, 0), scoring.form(device))
    floats = None if given.floats is None else plain.of_real(given.floats.reshape(-1, wide))
    taken = plain.of_real(device) if exact is None else exact.of(given.taken.reshape(-1, wide))
    return _Scored(exact, plain.words, taken, floats)


def _detected(
    given: Judged, scored: _Scored, names: tuple[str, str], positive: Array
) -> tuple[Detection | None, list[str]]:
    roc = detection.roc(scored.device, positive)
    curves = {DEVICE: detection.curve(roc)}
    if scored.floats is not None:
        curves = {FLOAT: detection.curve(detection.roc(scored.floats, positive)), **curves}
    points = detection.thresholds(roc)
    notes = [] if points else ["The scores do not tell the two classes apart: use no threshold."]
    real = _real(scored)
    made = [_threshold(point, scored, positive) for point in points]
    return Detection(
        scored.words,
        names,
        (int((~positive).sum()), int(positive.sum())),
        curves,
        histogram.of({names[0]: real[~positive], names[1]: real[positive]}),
        (*made, *_usual(given, positive)),
        _code(given.graph.name, scored.exact, points, names),
    ), notes


def _real(scored: _Scored) -> Array:
    """The device's scores in real units."""
    if scored.exact is None:
        return scored.device
    distinct, inverse = np.unique(scored.device, return_inverse=True)
    return np.array([scored.exact.real(int(each)) for each in distinct])[inverse]


def _threshold(point: Point, scored: _Scored, positive: Array) -> Threshold:
    exact = scored.exact
    real = float(point.cut) if exact is None else exact.real(int(point.cut))
    shares = {DEVICE: Shares(point.found, point.false_alarms)}
    if scored.floats is not None:
        shares = {FLOAT: _shares(scored.floats >= real, positive), **shares}
    return Threshold(point.rule, number(real), None if exact is None else int(point.cut), shares)


def _usual(given: Judged, positive: Array) -> list[Threshold]:
    """What the most probable class gives; nothing for a reconstruction, which has none."""
    if given.metric not in OF_CLASSES:
        return []
    shares = {
        name: _shares(truth.classes(given.metric, outputs, given.right).actual == 1, positive)
        for name, outputs in ((FLOAT, given.floats), (DEVICE, given.device))
        if outputs is not None
    }
    rule = "above a half" if given.device.shape[-1] != 2 else "most probable class"
    return [Threshold(f"{rule} (the metric)", None, None, shares)]


def _shares(called: Array, positive: Array) -> Shares:
    called = called.reshape(-1)
    return Shares(number(called[positive].mean()), number(called[~positive].mean()))


def _code(
    model: str, exact: Score | None, points: tuple[Point, ...], names: tuple[str, str]
) -> str | None:
    if exact is None or not points:
        return None
    constants = [
        Constant(
            _SUFFIXES.get(point.rule, ""), int(point.cut), point.rule, point.found,
            point.false_alarms,
        )
        for point in points
    ]  # fmt: skip
    return exact.code(model, names[1], constants)
