"""What came of a sweep: a table, a JSON document, a page."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from markupsafe import Markup

from mcuforge import documents
from mcuforge.documents.tune import SWEEP
from mcuforge.files import json_text
from mcuforge.report import html_page, metric_label, site
from mcuforge.report.html_page import Section
from mcuforge.report.site import Page
from mcuforge.search import document, grid, words
from mcuforge.search.figures import CYCLES, FLASH, INSTRUCTIONS, RAM
from mcuforge.search.record import FAILED, Outcome, Record
from mcuforge.wording.tables import Table

NAME = "sweep.json"
_COSTS = (FLASH, RAM, INSTRUCTIONS, CYCLES)
_SAYS = (
    "Every combination, each built, simulated and proven: its number leads to its report. Click a "
    "heading to sort; type to filter."
)


def table(records: Sequence[Record]) -> Table:
    """A combination a row."""
    made = Table()
    made.add_column("", justify="right")
    made.add_column("combination")
    costs = (FLASH, RAM, CYCLES if _tell(records, CYCLES) else INSTRUCTIONS)  # all are too wide
    for heading in ("quality", *map(_label, costs)):
        made.add_column(heading, justify="right")
    for each in records:
        names = [name for name in each.params if name not in (grid.MODEL, grid.BOARD)]
        where = f"{_shown(each, grid.MODEL)} on {_shown(each, grid.BOARD)}"
        told = ", ".join([where, *words.choices(each, names)])
        made.add_row(str(each.number), told, *_figures(each, costs))
    return made


def as_json(study: str, records: Sequence[Record], folder: Path) -> str:
    """The document of a sweep whose reports lie in `folder`."""
    content = {
        "study": study,
        "combinations": [_combination(each, folder) for each in records],
    }
    return json_text.dumps(documents.document(SWEEP, content))


def page(study: str, records: Sequence[Record], folder: Path, output: Path) -> Page:
    """The page, for the site of `output`."""
    names = _names(records)
    headings = [("", ""), *((name.rpartition(".")[2], "text") for name in names)]
    headings += [(heading, "") for heading in ("quality", *map(_label, _COSTS))]
    headings.append(("why not", "text"))
    rows = [[_link(each, folder, output), *_cells(each, names), _reason(each)] for each in records]
    body = html_page.render("tune/trials.html.j2", headings=headings, rows=rows)
    failed = sum(each.state == FAILED for each in records)
    return Page(
        kind="sweep",
        name=study,
        title=f"{study}: every combination",
        sections=(Section("combinations", "Combinations", _SAYS, body),),
        facts=(("combinations", f"{len(records):,}"),),
        badge=f"{failed} failed" if failed else "byte-exact",
        state="bad" if failed else "good",
    )


def problems(records: Sequence[Record]) -> list[str]:
    """A line for each combination that failed."""
    return [
        f"{', '.join(str(value) for value in each.params.values())}: {_reason(each)}"
        for each in records
        if each.state == FAILED
    ]


def _names(records: Sequence[Record]) -> list[str]:
    """Of the choices: model and board always, others where there are several."""
    names = dict.fromkeys(name for each in records for name in each.params)
    return list(names)


def _tell(records: Sequence[Record], cost: str) -> bool:
    return any(each.outcome is not None and cost in each.outcome.costs for each in records)


def _label(cost: str) -> str:
    return words.label(cost, None)


def _cells(each: Record, names: Sequence[str]) -> list[str]:
    return [*(_shown(each, name) for name in names), *_figures(each)]


def _figures(each: Record, shown: Sequence[str] = _COSTS) -> list[str]:
    """Quality and costs, in words."""
    outcome = each.outcome or Outcome(each.state)
    metric = outcome.facts.get("metric")
    quality = "failed" if each.state == FAILED else "-"
    if outcome.quality is not None and metric:
        quality = f"{metric_label(metric)} {outcome.quality:.4g}"
    costs = [
        words.figure(cost, outcome.costs[cost]) if cost in outcome.costs else "-" for cost in shown
    ]
    return [quality, *costs]


def _shown(each: Record, name: str) -> str:
    value = each.params.get(name)
    if name == grid.MODEL:
        return Path(str(value)).name
    return words.choice(value)


def _reason(each: Record) -> str:
    return each.outcome.reason if each.outcome else ""


def _combination(each: Record, folder: Path) -> dict[str, Any]:
    outcome = each.outcome or Outcome(each.state)
    found = document.report_of(each.number, folder)
    return {
        "number": each.number,
        "end": each.state,
        "params": each.params,
        "quality": outcome.quality,
        "metric": outcome.facts.get("metric") or None,
        "costs": outcome.costs,
        "metrics": outcome.metrics,
        "float_metrics": outcome.float_metrics,
        "quantization": outcome.facts.get("quantization") or None,
        "reason": outcome.reason,
        "sha256": outcome.facts.get("sha256"),
        "report": found.relative_to(folder).as_posix() if found else None,
    }


def _link(each: Record, folder: Path, output: Path) -> str | Markup:
    found = document.report_of(each.number, folder)
    if found is None:
        return str(each.number)
    place = Path(os.path.relpath(found, output / site.FOLDER)).as_posix()
    return Markup('<a href="{}">{}</a>').format(place, each.number)
