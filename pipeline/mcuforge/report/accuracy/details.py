"""The figures of one run, from what it leaves."""

from __future__ import annotations

from dataclasses import dataclass

from mcuforge.recipe import Metric, truth
from mcuforge.report.accuracy import confusion, detector, errors, judged, outputs
from mcuforge.report.accuracy.confusion import Confusion
from mcuforge.report.accuracy.detector import Detection
from mcuforge.report.accuracy.errors import Errors
from mcuforge.report.accuracy.judged import OF_CLASSES, Judged
from mcuforge.report.accuracy.outputs import Output
from mcuforge.report.accuracy.plain import DEVICE, FLOAT
from mcuforge.report.facts import RunFacts


@dataclass(frozen=True)
class Details:
    """What is known of a run's outputs. `notes` say why something usual is missing."""

    metric: str | None
    samples: int
    confusion: Confusion | None
    detection: Detection | None
    errors: Errors | None
    outputs: tuple[Output, ...]
    notes: tuple[str, ...] = ()


def of(facts: RunFacts) -> Details:
    """All that can be said of a run's outputs."""
    taken = facts.proof.device.outputs
    metric = None if facts.recipe is None else facts.recipe.metric.value
    given, notes = judged.of(facts)
    found, why = (None, list[str]()) if given is None else detector.of(given)
    return Details(
        metric,
        len(taken),
        None if given is None else _confusion(given),
        found,
        None if given is None else _errors(given),
        outputs.of(facts.plan.graph, taken, facts.floats),
        (*notes, *why),
    )


def _confusion(given: Judged) -> Confusion | None:
    if given.metric not in OF_CLASSES:
        return None
    device = truth.classes(given.metric, given.device, given.right)
    floats = None
    if given.floats is not None:
        floats = truth.classes(given.metric, given.floats, given.right).actual
    return confusion.of(device.expected, device.actual, floats, device.total, given.recipe.labels)


def _errors(given: Judged) -> Errors | None:
    models = {DEVICE: given.device}
    if given.floats is not None:
        models = {FLOAT: given.floats, **models}
    if given.metric is Metric.REGRESSION:
        right = truth.numbers(given.metric, given.device, given.right)
        return errors.of(right, models, by_column=True)
    if given.metric in (Metric.DENOISING, Metric.GENERATION):
        return errors.of(given.right, models, by_column=False)
    if given.metric is not Metric.RECONSTRUCTION:
        return None
    normal = ~truth.anomalies(given.right)
    if not normal.any():
        return None
    chosen = {name: values[normal] for name, values in models.items()}
    return errors.of(given.inputs[normal], chosen, by_column=False)
