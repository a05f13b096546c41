"""The front of a search as tables for the terminal."""

from __future__ import annotations

from mcuforge.recipe.search import Option
from mcuforge.report import metric_label
from mcuforge.search.figures import LABELS, QUALITY, UNITS
from mcuforge.search.record import Record
from mcuforge.search.result import Result
from mcuforge.wording.tables import Table


def figures_table(result: Result) -> Table:
    """What the trials on the front found, one a row, the best before all."""
    title = f"{result.model} on {result.board}: the best of {result.done} trials"
    table = Table(title=title)
    table.add_column("trial", justify="right")
    for objective in result.objectives:
        table.add_column(label(objective.name, result.metric), justify="right")
    for number in result.front:
        table.add_row(str(number), *_figures(result.record(number), result))
    return table


def choices_table(result: Result) -> Table:
    """What these trials chose; nothing of what is the same in all."""
    shown = [result.record(number) for number in result.front]
    names = result.varied(shown)
    table = Table()
    table.add_column("trial", justify="right")
    table.add_column("choices")
    for each in shown:
        table.add_row(str(each.number), ", ".join(choices(each, names)))
    return table


def choices(each: Record, names: list[str]) -> list[str]:
    """What a trial chose of these, in words."""
    chosen = ((name, each.params[name]) for name in names if name in each.params)
    return [f"{name.rpartition('.')[2]} {choice(value)}" for name, value in chosen]


def label(name: str, metric: str | None) -> str:
    """What an objective is called for people."""
    return metric_label(metric or "") if name == QUALITY else LABELS[name]


def figure(name: str, value: float) -> str:
    """A value of an objective, for people."""
    return f"{value:.4g}" if name == QUALITY else f"{value:,.0f}{UNITS[name]}"


def choice(value: Option | None) -> str:
    """What was chosen, for people."""
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _figures(each: Record, result: Result) -> list[str]:
    assert each.outcome is not None
    values = each.outcome.values()
    return [figure(o.name, values[o.name]) for o in result.objectives]
