"""How good the outputs are, and what they do."""

from __future__ import annotations

from typing import NamedTuple

from markupsafe import Markup

from mcuforge import report as summary
from mcuforge.report import RunReport, html_page
from mcuforge.report.accuracy import details, drawing
from mcuforge.report.accuracy.confusion import Confusion, goodness
from mcuforge.report.accuracy.details import Details
from mcuforge.report.accuracy.errors import Column, Errors
from mcuforge.report.accuracy.outputs import Output
from mcuforge.report.accuracy.plain import DEVICE, FLOAT
from mcuforge.report.facts import RunFacts

ID, TITLE = "accuracy", "Accuracy"
_WORST = 12  # of many classes
SAYS = (
    "How good the model is on its golden samples, in float and on the device. Look where the "
    "device falls below float, and at the classes or outputs that are worst in both."
)


class Cell(NamedTuple):
    """A cell of a confusion matrix: how many samples, and their share of the row."""

    samples: int
    share: float
    right: bool


class Picture(NamedTuple):
    """An output in words and pictures."""

    output: Output
    values: Markup | None
    steps: Markup | None


def collect(facts: RunFacts) -> Details:
    """The figures of a run."""
    return details.of(facts)


def body(report: RunReport) -> Markup | None:
    """What can be said of the run's outputs; the summary alone where no figures were made."""
    found = report.details.get(ID)
    if not isinstance(found, Details):
        return None
    return html_page.render(
        "sections/accuracy.html.j2",
        metrics=[(summary.metric_label(a.metric), a) for a in report.accuracy],
        width=report.width,
        found=found,
        unit=_unit(found),
        matrix=_matrix(found.confusion) if found.confusion else None,
        worst=sorted(found.confusion.classes, key=goodness)[:_WORST] if found.confusion else [],
        compared=any(output.steps for output in found.outputs),
        pictures=_pictures(found, report.key),
        columns=_columns(found.errors) if found.errors else [],
        outputs=[_output(f"{report.key}-{n}", each) for n, each in enumerate(found.outputs)],
    )


def _unit(found: Details) -> str:
    """What has a class."""
    return "pixels" if found.metric == "segmentation" else "samples"


def _matrix(confusion: Confusion) -> list[tuple[str, list[Cell]]] | None:
    """A row for each true class; None of too many."""
    if confusion.counts is None:
        return None
    rows = []
    for number, counts in enumerate(confusion.counts):
        whole = max(sum(counts), 1)
        cells = [Cell(n, n / whole, at == number) for at, n in enumerate(counts)]
        rows.append((confusion.labels[number], cells))
    return rows


def _pictures(found: Details, key: str) -> dict[str, Markup]:
    made = {}
    if found.detection:
        made["roc"] = drawing.roc(f"roc-{key}", found.detection)
        if found.detection.distribution:
            made["scores"] = drawing.histogram(
                f"scores-{key}", "the device's scores by class", found.detection.distribution,
                f"score: {found.detection.score}", _unit(found), drawing.SQUARE,
            )  # fmt: skip
    if found.errors and found.errors.distribution:
        made["errors"] = drawing.histogram(
            f"errors-{key}", "errors of float model and device", found.errors.distribution,
            "output less truth, in the output's units",
        )  # fmt: skip
    if found.errors and found.errors.scattered:
        drawn = [
            drawing.scatter(f"scatter-{key}-{s.column}", s, f"output {s.column}")
            for s in found.errors.scattered
        ]
        made["scatter"] = Markup("").join(drawn)
    return made


def _columns(errors: Errors) -> list[list[str]]:
    """Cells for each column: what it is, and MAE, RMSE, R² in float and on the device."""
    whole = errors.total == 1
    return [["all values" if whole else f"output {c.number}", *_cells(c)] for c in errors.columns]


def _cells(column: Column) -> list[str]:
    cells = []
    for name in ("mae", "rmse", "r2"):
        for whose in (FLOAT, DEVICE):
            value = getattr(column.figures[whose], name) if whose in column.figures else None
            cells.append("-" if value is None else f"{value:.4g}")
    return cells


def _output(key: str, output: Output) -> Picture:
    values = steps = None
    if output.distribution:
        values = drawing.histogram(
            f"values-{key}", f"values of output {output.name}", output.distribution,
            f"value of {output.name}",
        )  # fmt: skip
    if output.steps and output.steps.distribution:
        steps = drawing.histogram(
            f"steps-{key}", f"device less float of output {output.name}",
            output.steps.distribution, f"device less float, in steps of {output.scale:.4g}",
        )  # fmt: skip
    return Picture(output, values, steps)
