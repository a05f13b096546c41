"""Tables for the terminal: a cell that is too wide is folded, never cut, as its end may differ."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import rich.table
from rich.console import Console
from rich.measure import Measurement

T = TypeVar("T")
_UNBOUNDED = 10_000  # columns


class Table(rich.table.Table):
    """A rich table whose columns fold."""

    def add_column(self, *args: Any, **options: Any) -> None:
        """As rich's, with `overflow` "fold" by default."""
        super().add_column(*args, **{"overflow": "fold", **options})


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
