"""The front of a search as tables for the terminal."""

from __future__ import annotations

from collections.abc import Sequence

from mcuforge.search import words
from mcuforge.search.result import Result
from mcuforge.wording.tables import Table

MOST_ROWS = 20  # of a front that a terminal shows


def shown(front: Sequence[int]) -> tuple[int, ...]:
    """Trials of a long front from its first to its last, evenly; page and document have all."""
    if len(front) <= MOST_ROWS:
        return tuple(front)
    last = len(front) - 1
    return tuple(front[round(n * last / (MOST_ROWS - 1))] for n in range(MOST_ROWS))


def figures_table(result: Result) -> Table:
    """What the trials on the front found, one a row, the best before all."""
    title = f"{result.model} on {result.board}: the best of {result.done} trials"
    if len(result.front) > MOST_ROWS:
        title += f", {MOST_ROWS} of {len(result.front)}"
    table = Table(title=title)
    table.add_column("trial", justify="right")
    for heading in words.headings(result):
        table.add_column(heading, justify="right")
    for number in shown(result.front):
        table.add_row(str(number), *words.figures(result.record(number), result))
    return table


def choices_table(result: Result) -> Table:
    """What these trials chose; nothing of what is the same in all trials."""
    table = Table()
    table.add_column("trial", justify="right")
    table.add_column("choices")
    for each in map(result.record, shown(result.front)):
        table.add_row(str(each.number), ", ".join(words.choices(each, result.varied)))
    return table
