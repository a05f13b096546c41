"""The front of a search as tables for the terminal."""

from __future__ import annotations

from mcuforge.search import words
from mcuforge.search.result import Result
from mcuforge.wording.tables import Table


def figures_table(result: Result) -> Table:
    """What the trials on the front found, one a row, the best before all."""
    title = f"{result.model} on {result.board}: the best of {result.done} trials"
    table = Table(title=title)
    table.add_column("trial", justify="right")
    for heading in words.headings(result):
        table.add_column(heading, justify="right")
    for number in result.front:
        table.add_row(str(number), *words.figures(result.record(number), result))
    return table


def choices_table(result: Result) -> Table:
    """What these trials chose; nothing of what is the same in all trials."""
    shown = [result.record(number) for number in result.front]
    table = Table()
    table.add_column("trial", justify="right")
    table.add_column("choices")
    for each in shown:
        table.add_row(str(each.number), ", ".join(words.choices(each, result.varied)))
    return table
