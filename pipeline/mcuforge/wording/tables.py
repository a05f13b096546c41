"""Tables for the terminal: a cell that is too wide is folded, never cut, as its end may differ.

Where the width has no bound, as in a pipe, nothing is folded: a row is a line, and so is a title.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeVar

import rich.table
from rich.console import Console, ConsoleOptions, RenderableType
from rich.measure import Measurement
from rich.segment import Segment
from rich.text import Text

T = TypeVar("T")
_UNBOUNDED = 10_000  # columns


class Table(rich.table.Table):
    """A rich table whose columns fold, and whose texts are shown as they are: no markup."""

    def __init__(
        self, *headers: Any, title: str | None = None, caption: str | None = None, **options: Any
    ) -> None:
        super().__init__(
            title=None if title is None else Text(title, style="table.title"),
            caption=None if caption is None else Text(caption, style="table.caption"),
            **options,
        )
        for header in headers:
            self.add_column(header)

    def add_column(self, header: Any = "", *args: Any, **options: Any) -> None:
        """As rich's, with `overflow` "fold" by default."""
        super().add_column(_literal(header), *args, **{"overflow": "fold", **options})

    def add_row(self, *cells: Any, **options: Any) -> None:
        """As rich's."""
        super().add_row(*map(_literal, cells), **options)

    def __rich_console__(
        self, console: Console, options: ConsoleOptions
    ) -> Iterator[RenderableType | Segment]:
        """As rich's, but a title or caption that is wider than the table is text around it."""
        title, caption = self.title, self.caption
        width = Measurement.get(console, options, self).maximum
        before, after = (text if _is_wider(text, width) else None for text in (title, caption))
        self.title, self.caption = None if before else title, None if after else caption
        try:
            yield from () if before is None else (before,)
            yield from super().__rich_console__(console, options)
            yield from () if after is None else (after,)
        finally:
            self.title, self.caption = title, caption


def _is_wider(text: Any, width: int) -> bool:
    return isinstance(text, Text) and text.cell_len > width


def _literal(cell: Any) -> Any:
    return Text(cell) if isinstance(cell, str) else cell


def fitting(
    console: Console, items: Sequence[T], make: Callable[[Sequence[T]], Table]
) -> list[Table]:
    """`make(items)`, or where words and numbers would break in it, tables of fewer items each."""
    table = make(items)
    unbounded = console.options.update(max_width=_UNBOUNDED)
    if len(items) < 2 or Measurement.get(console, unbounded, table).minimum <= console.width:
        return [table]
    half = (len(items) + 1) // 2
    return [*fitting(console, items[:half], make), *fitting(console, items[half:], make)]
