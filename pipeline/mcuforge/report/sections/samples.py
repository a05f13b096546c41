"""Samples of the run as pictures, or as lines over time."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from markupsafe import Markup

from mcuforge.recipe import Metric, truth
from mcuforge.report import RunReport, html_page
from mcuforge.report.accuracy import drawing, judged, waveforms
from mcuforge.report.accuracy.drawing import INPUT, TRUTH
from mcuforge.report.accuracy.judged import OF_CLASSES, Judged
from mcuforge.report.accuracy.plain import DEVICE, FLOAT, Array
from mcuforge.report.accuracy.waveforms import Waveform
from mcuforge.report.facts import RunFacts

ID, TITLE = "samples", "Samples"
SAYS = "Some samples, and those that the device gets wrong, or farthest from the float model."


@dataclass(frozen=True)
class Details:
    """Samples of one dimension. `captions` say what each is, or is taken for."""

    waveforms: tuple[Waveform, ...]
    captions: tuple[str, ...]


def collect(facts: RunFacts) -> Details | None:
    """The samples that are lines; None where there are none."""
    given, _ = judged.of(facts)
    if given is None:
        return None
    lines: dict[str, Array] = {INPUT: given.inputs}
    if given.metric not in OF_CLASSES:
        lines |= _truth(given)
        lines |= {} if given.floats is None else {FLOAT: given.floats}
        lines |= {DEVICE: given.device}
    made = waveforms.of(lines, given.floats, given.device)
    return Details(made, _captions(given, made)) if made else None


def _truth(given: Judged) -> dict[str, Array]:
    if given.metric is Metric.RECONSTRUCTION:  # its truth is the input
        return {}
    right = np.asarray(given.right)
    fits = right.dtype.kind in "biuf" and right.size == given.device.size
    return {TRUTH: right.reshape(given.device.shape)} if fits else {}


def _captions(given: Judged, shown: tuple[Waveform, ...]) -> tuple[str, ...]:
    """What each is: its number, its class and what it was taken for, if samples have classes."""
    words = [""] * len(given.device)
    if given.metric is Metric.CLASSIFICATION:
        found = truth.classes(given.metric, given.device, given.right)
        names = given.recipe.labels or tuple(f"class {n}" for n in range(found.total))
        if found.expected.size == len(words):  # else it has one for each time step
            pairs = zip(found.expected.reshape(-1), found.actual.reshape(-1), strict=True)
            words = [
                f": {names[right]}" + ("" if right == taken else f", taken for {names[taken]}")
                for right, taken in pairs
            ]
    return tuple(
        f"Sample {w.sample}{words[w.sample]}{'; differs most' if w.worst else ''}" for w in shown
    )


def body(report: RunReport) -> Markup | None:
    """The galleries and the lines, if there are any."""
    found = report.details.get(ID)
    lines = found if isinstance(found, Details) else Details((), ())
    if not report.galleries and not lines.waveforms:
        return None
    drawn = [
        (caption, drawing.waveform(f"waveform-{report.key}-{number}", each, caption))
        for number, (each, caption) in enumerate(zip(lines.waveforms, lines.captions, strict=True))
    ]
    return html_page.render("sections/samples.html.j2", galleries=report.galleries, waveforms=drawn)
