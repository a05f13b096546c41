"""A search as a page of the report's site."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from markupsafe import Markup

from mcuforge.recipe.search import Search
from mcuforge.report import html_page, site
from mcuforge.report.html_page import Section
from mcuforge.report.site import Page
from mcuforge.search import document, pictures, words
from mcuforge.search.figures import LABELS, QUALITY, UNITS
from mcuforge.search.record import COMPLETE, CUT, FAILED, PRUNED, Record
from mcuforge.search.result import Result

Cell = str | Markup
_ENDS = {
    COMPLETE: "measured",
    PRUNED: "given up in training",
    CUT: "cut before training",
    FAILED: "failed",
}
_FRONT = (
    "The trials that no other one beats: whoever wants more of one thing pays with another. Each "
    "was trained, built, simulated and proven; its number leads to its report."
)
_AGAINST = (
    "A mark a trial that was measured. The line joins the best quality for so much; far right of "
    "where it bends, quality costs dearly."
)
_PARALLEL = (
    "A line a trial, from what it chose to what came of it; strong ones are on the front. Where "
    "they run together, the choice is clear; where they fan out, it does not matter, or trades."
)
_IMPORTANCE = (
    "How much of the difference between better and worse trials goes back to each choice "
    "(PED-ANOVA). What is near 0 can be left as it is."
)
_TRIALS = "All trials. Those that were cut or given up cost next to no time."


def of(
    result: Result,
    search: Search,
    shares: Mapping[str, Mapping[str, float]],
    folder: Path,
    output: Path,
    command: str,
) -> Page:
    """The page, for the site of `output`; reports of trials lie in `folder`, if on this computer.

    `command` is what picks a trial.
    """
    sections = [_front(result, folder, output, command)]
    measured = [each for each in result.records if each.state == COMPLETE]
    if measured:
        sections += _pictures(result, search, measured, shares)
    sections.append(_trials(result, folder, output))
    name = f"{result.model} on {result.board}"
    name = name if result.study == f"{result.model}-{result.board}" else f"{name}, {result.study}"
    return Page(
        kind="tune",
        name=name,
        title=f"{name}: the best models that fit",
        lead=_lead(result),
        sections=tuple(sections),
        facts=(
            ("trials", f"{result.done:,}"),
            ("on the front", f"{len(result.front):,}"),
            *_best(result),
        ),
        badge="" if result.front else "nothing fits",
        state="" if result.front else "bad",
    )


def _lead(result: Result) -> str:
    bounds = result.budgets.bounds()
    told = [f"{LABELS[name]} up to {most:,}{UNITS[name]}" for name, most in bounds.items()]
    epochs = result.settings["epochs"]
    trained = f"Each was trained for {epochs} epochs. " if epochs else ""
    return f"{trained}Budgets: {', '.join(told) or 'those of the board'}."


def _best(result: Result) -> tuple[tuple[str, str], ...]:
    if not result.front:
        return ()
    best = result.record(result.front[0])
    found = zip(words.headings(result), words.figures(best, result), strict=True)
    return tuple((f"best {heading}", text) for heading, text in found)[:1]


def _front(result: Result, folder: Path, output: Path, command: str) -> Section:
    counts = result.counts
    cards = [
        ("on the front", f"{len(result.front):,}", f"of {counts[COMPLETE]:,} that were measured"),
        ("cut before training", f"{counts[CUT]:,}", "as a budget would break"),
        ("given up in training", f"{counts[PRUNED]:,}", "as cheaper ones learnt more"),
        ("failed", f"{counts[FAILED]:,}", "the table of trials says why"),
    ]
    shown = [result.record(number) for number in result.front]
    names = result.varied
    headings = [("trial", ""), *_figures(result), ("float", ""), *_named(names)]
    rows = [
        [
            _link(each, folder, output),
            *_unbroken(words.figures(each, result)),
            _in_float(each, result),
            *(words.choice(each.params.get(name)) for name in names),
        ]
        for each in shown
    ]
    body = html_page.render(
        "tune/front.html.j2", cards=cards, headings=headings, rows=rows,
        command=command if rows else "",
    )  # fmt: skip
    return Section("front", "The front", _FRONT, body)


def _in_float(each: Record, result: Result) -> str:
    """The same metric of the float model: what int8 costs."""
    assert each.outcome is not None
    value = each.outcome.float_metrics.get(result.metric or "")
    return "-" if value is None else f"{value:.4g}"


def _pictures(
    result: Result,
    search: Search,
    measured: Sequence[Record],
    shares: Mapping[str, Mapping[str, float]],
) -> list[Section]:
    names = [o.name for o in result.objectives]
    choices = [choice for choice in search.choices if choice.name in result.varied]
    drawn = {
        ("against", "Quality against costs", _AGAINST): [
            pictures.against(result, measured, name)
            for name in names
            if name != QUALITY and QUALITY in names
        ],
        ("parallel", "Choices and what came of them", _PARALLEL): [
            pictures.parallel(result, measured, choices)
        ],
        ("importance", "What decides", _IMPORTANCE): [pictures.importance(result, shares)]
        if shares
        else [],
    }
    return [
        Section(*told, html_page.render("tune/pictures.html.j2", pictures=made))
        for told, made in drawn.items()
        if made
    ]


def _trials(result: Result, folder: Path, output: Path) -> Section:
    names = result.varied
    headings = [("trial", ""), *_figures(result), *_named(names), ("end", "text")]
    rows = [
        [
            _link(each, folder, output),
            *_unbroken(words.figures(each, result)),
            *(words.choice(each.params.get(name)) for name in names),
            _end(each),
        ]
        for each in result.records
    ]
    body = html_page.render("tune/trials.html.j2", headings=headings, rows=rows)
    return Section("trials", "Trials", _TRIALS, body)


def _end(each: Record) -> str:
    """How a trial ended, and why."""
    reason = each.outcome.reason if each.outcome else ""
    return ", ".join(filter(None, (_ENDS.get(each.state, each.state), reason)))


def _figures(result: Result) -> list[tuple[str, str]]:
    return [(heading, "") for heading in words.headings(result)]


def _unbroken(texts: Sequence[str]) -> list[str]:
    """Numbers that stay beside their units."""
    return [text.replace(" ", "\u00a0") for text in texts]


def _named(names: Sequence[str]) -> list[tuple[str, str]]:
    return [(name.rpartition(".")[2], "") for name in names]


def _link(each: Record, folder: Path, output: Path) -> Cell:
    """A trial's number, which leads to its report, where that lies on this computer."""
    page = document.report_of(each.number, folder)
    if page is None:
        return str(each.number)
    place = Path(os.path.relpath(page, output / site.FOLDER)).as_posix()
    return Markup('<a href="{}">{}</a>').format(place, each.number)
