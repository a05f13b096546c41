"""What a search found, in words."""

from __future__ import annotations

from collections.abc import Callable

from mcuforge.recipe.search import Option
from mcuforge.report import metric_label
from mcuforge.search.figures import LABELS, QUALITY, UNITS
from mcuforge.search.record import Record
from mcuforge.search.result import Result

Say = Callable[[float], str]


def choices(each: Record, names: list[str]) -> list[str]:
    """What a trial chose of these, in words."""
    chosen = ((name, each.params[name]) for name in names if name in each.params)
    return [f"{name.rpartition('.')[2]} {choice(value)}" for name, value in chosen]


def label(name: str, metric: str | None) -> str:
    """What an objective is called for people."""
    return metric_label(metric or "") if name == QUALITY else LABELS.get(name, metric_label(name))


def figure(name: str, value: float) -> str:
    """A value of an objective, for people."""
    return f"{value:,.0f}{UNITS[name]}" if name in UNITS else f"{value:.4g}"


def choice(value: Option | None) -> str:
    """What was chosen, for people."""
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def figures(each: Record, result: Result) -> list[str]:
    """What a trial found of all that is shown; "-" where it found nothing."""
    values = each.outcome.values() if each.outcome is not None else {}
    return [figure(name, values[name]) if name in values else "-" for name in result.shown]


def headings(result: Result) -> list[str]:
    """What these are called."""
    return [label(name, result.metric) for name in result.shown]


def title(each: Record, result: Result) -> str:
    """What is said of a trial's mark."""
    found = zip(headings(result), figures(each, result), strict=True)
    told = ", ".join(f"{heading} {text}" for heading, text in found)
    over = f"\n{each.outcome.reason}" if each.outcome and each.outcome.reason else ""
    return f"trial {each.number}: {told}\n{', '.join(choices(each, list(each.params)))}{over}"
