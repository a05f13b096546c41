"""Samples of a run as pictures: what went in, what is true, what the engines made of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from mcuforge.frontend.graph import Graph
from mcuforge.proof.parity import Sample
from mcuforge.recipe import Metric, Recipe, truth
from mcuforge.report import pictures
from mcuforge.report.pictures import Picture
from mcuforge.samples import quantised

Array = npt.NDArray[Any]

FIRST = 4  # samples that are shown in any case
MISTAKEN = 6  # samples more whose class the device does not find
WORST = 2  # samples more, in which device and float model differ most
_RED = (200, 0, 0)
_TINY = 1e-9  # where nothing differs, no division by zero


@dataclass(frozen=True)
class Row:
    """One sample: its label, and a PNG as data URI for each heading of the gallery."""

    label: str
    pictures: tuple[str, ...]


@dataclass(frozen=True)
class Gallery:
    """Pictures in rows under headings; `note` says how to read them."""

    title: str
    headings: tuple[str, ...]
    rows: tuple[Row, ...]
    note: str


def of_run(
    recipe: Recipe | None,
    inputs: Array | None,
    golden: Mapping[str, Array] | None,
    floats: Sequence[Array] | None,
    graph: Graph,
    outputs: Sequence[Sample],
) -> tuple[Gallery, ...]:
    """What `make` makes of a run with golden samples; `outputs` are the device's, quantised."""
    if recipe is None or inputs is None or golden is None:
        return ()
    device = quantised.real_outputs(graph, outputs)[0]
    if recipe.metric is Metric.CLASSIFICATION:
        made = classified(inputs, golden["labels"], device, recipe.labels)
    elif floats is None:
        return ()
    else:
        made = make(recipe.metric, inputs, golden, floats[0], device)
    return () if made is None else (made,)


def classified(
    inputs: Array, labels: Array, device: Array, names: Sequence[str] = ()
) -> Gallery | None:
    """The first samples and the first that the device takes for another class, side by side.

    `inputs` [N, H, W, 1 or 3], `labels` and the device's outputs as `truth.classes` takes them;
    None where samples are no pictures, or have no single class.
    """
    if not _are_pictures(inputs):
        return None
    classes = truth.classes(Metric.CLASSIFICATION, device, labels[: len(device)])
    if classes.expected.size != len(device):
        return None
    expected, actual = classes.expected.reshape(-1), classes.actual.reshape(-1)
    wrong = [int(n) for n in np.flatnonzero(expected != actual) if n >= FIRST][:MISTAKEN]
    shown = [*range(min(FIRST, len(device))), *wrong]
    called = names or tuple(f"class {n}" for n in range(classes.total))
    headings = [
        f"sample {n}: {called[expected[n]]}"
        + ("" if expected[n] == actual[n] else f", taken for {called[actual[n]]}")
        for n in shown
    ]
    low, high = _ends(inputs[shown])
    made = [pictures.grey(inputs[n], low, high) for n in shown]
    row = Row("input", tuple(pictures.data_uri(pictures.png(_flat(each))) for each in made))
    return Gallery(
        "What the device sees",
        tuple(headings),
        (row,),
        f"The first samples, and the first {MISTAKEN} mistakes after them. Where you cannot tell "
        "either, the labels or the samples are the place to look.",
    )


def _ends(values: Array) -> tuple[float, float]:
    """What is black and what is white: 0 and 1, unless values lie beyond."""
    low, high = float(values.min()), float(values.max())
    return (0.0, 1.0) if low >= 0 and high <= 1 else (low, max(high, low + _TINY))


def make(
    metric: Metric, inputs: Array, golden: Mapping[str, Array], floats: Array, device: Array
) -> Gallery | None:
    """The gallery of a run; None where samples or outputs are no pictures, or without a metric.

    `inputs` float [N, H, W, 1 or 3] in 0 ... 1, `golden` what `metrics.load_golden` read, `floats`
    and `device` the outputs of the float model and the device, real values [N, H, W, C].
    """
    device = device.reshape(floats.shape)
    if metric in (Metric.NONE, Metric.CLASSIFICATION, Metric.REGRESSION) or not (
        _are_pictures(inputs) and floats.ndim == 4
    ):
        return None
    if metric is not Metric.SEGMENTATION and not _are_pictures(floats):
        return None
    differences = np.abs(device.astype(np.float64) - floats).max(axis=-1)
    shown = _choose(differences)
    largest = max(float(differences[shown].max()), _TINY)
    columns = {"input": [_picture(inputs[n]) for n in shown]}
    if metric is Metric.SEGMENTATION:
        columns |= _segmentation(golden["masks"], floats, device, differences / largest, shown)
    else:
        if metric is Metric.DENOISING:
            columns["without noise"] = [_picture(golden["clean"][n]) for n in shown]
        columns["float model"] = [_picture(floats[n]) for n in shown]
        columns["device"] = [_picture(device[n]) for n in shown]
        columns["difference"] = [pictures.grey(differences[n] / largest) for n in shown]
    return Gallery(
        "Float model and device", tuple(columns), _rows(columns, shown), _note(metric, largest)
    )


def _are_pictures(values: Array) -> bool:
    return values.ndim == 4 and values.shape[-1] in (1, 3)


def _choose(differences: Array) -> list[int]:
    """The first samples, then those that differ most."""
    worst = np.argsort(-differences.reshape(len(differences), -1).mean(axis=1), kind="stable")
    first = list(range(min(FIRST, len(differences))))
    return first + [int(n) for n in worst if n not in first][:WORST]


def _rows(columns: Mapping[str, list[Picture]], shown: list[int]) -> tuple[Row, ...]:
    rows = []
    for position, number in enumerate(shown):
        label = f"sample {number}" + (", differs most" if position >= FIRST else "")
        cells = (pictures.png(column[position]) for column in columns.values())
        rows.append(Row(label, tuple(map(pictures.data_uri, cells))))
    return tuple(rows)


def _note(metric: Metric, largest: float) -> str:
    note = f"White in the difference is {largest:.3g}, the largest one shown."
    if metric is not Metric.SEGMENTATION:
        return note
    return (
        "A prediction shows the most probable class of each pixel; the difference is that of the "
        f"probabilities, red where the classes differ. {note}"
    )


def _segmentation(
    masks: Array, floats: Array, device: Array, differences: Array, shown: list[int]
) -> dict[str, list[Picture]]:
    last = max(floats.shape[-1] - 1, 1)
    masks = truth.classes(Metric.SEGMENTATION, floats, masks[: len(floats)]).expected
    masks = masks.reshape(floats.shape[:-1])
    classes = [(truth.most_probable(floats[n]), truth.most_probable(device[n])) for n in shown]
    return {
        "mask": [pictures.grey(masks[n] / last) for n in shown],
        "float model": [pictures.grey(expected / last) for expected, _ in classes],
        "device": [pictures.grey(actual / last) for _, actual in classes],
        "difference": [
            _marked(pictures.grey(differences[n]), expected != actual)
            for n, (expected, actual) in zip(shown, classes, strict=True)
        ],
    }


def _marked(picture: Picture, where: Array) -> Picture:
    """The grey picture in colour, red `where` is true."""
    coloured = np.repeat(picture[..., np.newaxis], 3, axis=-1)
    coloured[where] = _RED
    return coloured


def _picture(values: Array) -> Picture:
    """A sample [H, W, 1 or 3] as grey values or colours."""
    return _flat(pictures.grey(values))


def _flat(picture: Picture) -> Picture:
    """A picture [H, W, 1] as [H, W]."""
    return picture[..., 0] if picture.shape[-1] == 1 else picture
