"""The runs of an output folder as a page of the site: a table, plots, and what changed last."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from markupsafe import Markup

from mcuforge.documents.run import Report
from mcuforge.recipe import metric_names
from mcuforge.report import changes, changes_text, history, html_page, plots
from mcuforge.report.history import Run
from mcuforge.report.html_page import Section
from mcuforge.report.site import Page
from mcuforge.wording.escape import plot_text

if TYPE_CHECKING:
    from pathlib import Path

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_MOST_PLOTS = 12
_LEAD = "Each lies in runs/, by its number. mcuforge compare shows what changed between any two."
Series = Sequence[tuple[int, float]]


def of(output: Path) -> list[Page]:
    """The page of the runs that were kept; none where there are fewer than two."""
    runs, problems = history.read(output)
    if len(runs) < 2:
        return []
    sections = [_runs(runs, problems), *_trends(runs)]
    two = history.last_two(runs)
    if two is not None:
        sections += changes_text.sections(of_two(*two))
    return [
        Page(
            kind="history",
            name="Runs of this folder",
            title="Runs of this folder",
            sections=tuple(sections),
            lead=_LEAD,
            facts=(("runs", f"{len(runs):,}"),),
        )
    ]


def of_two(before: Run, after: Run) -> changes.Changes:
    """What changed between two runs of a folder."""
    names = f"run {before.number}", f"run {after.number}"
    return changes.between(before.document, after.document, names)


def _runs(runs: Sequence[Run], problems: Sequence[str]) -> Section:
    rows = [_row(run, report) for run in reversed(runs) for report in run.document.reports]
    body = html_page.render("sections/history.html.j2", rows=rows, problems=problems)
    says = "Every run of this folder, the newest first. A red one differed, or missed a gate."
    return Section("runs", "Runs", says, body)


def _row(run: Run, report: Report) -> dict[str, object]:
    good = report.verdict.exact and all(gate.held for gate in report.gates)
    main = _main(report)
    costs = report.costs
    return {
        "number": run.number,
        "model": report.model,
        "board": report.board if report.engine == "aot" else f"{report.board}, {report.engine}",
        "verdict": "ok" if good else "differs" if not report.verdict.exact else "gate failed",
        "state": "good" if good else "bad",
        "accuracy": "-" if main is None else f"{main[0]} {main[1]:.4g}",
        "flash": f"{costs.flash:,} B",
        "ram": f"{costs.ram:,} B",
        "instructions": "-" if costs.instructions is None else f"{costs.instructions:,}",
        "quantization": report.quantization or "",
    }


def _main(report: Report) -> tuple[str, float] | None:
    """The main metric on the device, or else the first that is known."""
    measured = {a.metric: a.device for a in report.accuracy if a.device is not None}
    name = metric_names.main(measured) or next(iter(measured), None)
    return None if name is None else (name, measured[name])


def _trends(runs: Sequence[Run]) -> list[Section]:
    """A plot for each model that ran at least twice."""
    found: dict[tuple[str, str, str], list[tuple[int, Report]]] = {}
    for run in runs:
        for report in run.document.reports:
            found.setdefault(history.key(report), []).append((run.number, report))
    several = [(k, held) for k, held in found.items() if len(held) > 1][-_MOST_PLOTS:]
    if not several:
        return []
    pictures = [
        plots.figure(_plot(f"trend-{n}", held), changes.title(k))
        for n, (k, held) in enumerate(several)
    ]
    says = "From run to run: accuracy should not fall, and the others should not rise."
    body = html_page.render("sections/trends.html.j2", pictures=pictures)
    return [Section("trends", "Run by run", says, body)]


def _plot(name: str, held: Sequence[tuple[int, Report]]) -> Markup:
    series = {label: values for label, values in _series(held).items() if values}
    told = "; ".join(f"{label} {values[-1][1]:,.6g}" for label, values in series.items())

    def draw(figure: Figure) -> Mapping[str, str]:
        titles: dict[str, str] = {}
        axes = figure.subplots(1, len(series), squeeze=False)[0]
        for number, (ax, (label, values)) in enumerate(zip(axes, series.items(), strict=True)):
            titles |= _line(ax, label, values, f"point-{number}")
        return titles

    size = (2.6 * len(series), 2.2)
    return plots.plot(name, f"{len(held)} runs; of the last: {told}.", draw, size)


def _line(ax: Axes, label: str, values: Series, gid: str) -> Mapping[str, str]:
    """One figure over the runs; the titles of its points."""
    from matplotlib.ticker import MaxNLocator

    ax.plot(*zip(*values, strict=True), marker="o", markersize=3)
    titles = {}
    for run, value in values:
        (mark,) = ax.plot([run], [value], marker="o", markersize=7, alpha=0)
        mark.set_gid(f"{gid}-{run}")
        titles[f"{gid}-{run}"] = f"run {run}: {value:,.6g}"
    ax.set_title(plot_text(label), fontsize=10)
    ax.set_xlabel("run")
    ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    ax.margins(y=0.2)
    return titles


def _series(held: Sequence[tuple[int, Report]]) -> dict[str, Series]:
    """Figures over run numbers, by their labels."""
    mains = [(number, main) for number, report in held if (main := _main(report))]
    name = mains[-1][1][0] if mains else ""
    return {
        name: [(number, value) for number, (metric, value) in mains if metric == name],
        "flash, B": [(number, report.costs.flash) for number, report in held],
        "RAM, B": [(number, report.costs.ram) for number, report in held],
        "instructions": [
            (number, report.costs.instructions)
            for number, report in held
            if report.costs.instructions is not None
        ],
    }
