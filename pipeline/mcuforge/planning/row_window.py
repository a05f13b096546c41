"""Which rows of an input an output row is computed from."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class RowWindow:
    """Output row y reads the rows (y * step - before) / divisor ... (y * step + after) / divisor.

    Quotients are rounded down, and rows outside of 0 ... rows - 1 are padding, which is not read.
    Both ends never go back as y grows. Where there is a `table` it holds both for each y.
    """

    step: int
    before: int
    after: int
    rows: int
    divisor: int = 1
    table: tuple[tuple[int, int], ...] = ()

    def unclipped(self, y: int) -> tuple[int, int]:
        """The first row and the one after the last, padding included."""
        first = (y * self.step - self.before) // self.divisor
        return first, (y * self.step + self.after) // self.divisor + 1

    def __call__(self, y: int) -> tuple[int, int]:
        """The first row that is read, and the one after the last."""
        if self.table:
            return self.table[y]
        first, end = self.unclipped(y)
        return min(max(first, 0), self.rows), min(max(end, 0), self.rows)

    def seen(self, y: int) -> RowsSeen:
        """What output row y sees of the input."""
        first, end = self(y)
        return RowsSeen(first - self.unclipped(y)[0], end - first)


def tabulated(ranges: Sequence[tuple[int, int]], rows: int) -> RowWindow:
    """The window that reads these rows, none before those that it has read before.

    `ranges` are the first row that each output row needs, and the one after the last.
    """
    table, first, end = [], rows, 0
    for low, _ in reversed(ranges):
        first = min(first, low)
        table.append(first)
    pairs = []
    for low, (_, high) in zip(reversed(table), ranges, strict=True):
        end = max(end, high)
        pairs.append((min(low, end), end))
    found = tuple(pairs)
    for guess in _simple(found, rows):
        if all(guess(y) == pair for y, pair in enumerate(found)):
            return guess
    return RowWindow(0, 0, 0, rows, 1, found)


def _simple(pairs: Sequence[tuple[int, int]], rows: int) -> Iterator[RowWindow]:
    """Windows without a table that are usual, after the middle of the pairs."""
    for divisor in (1, 2, 3, 4):
        for step in (1, 2, 3):
            at = len(pairs) // 2
            first, end = pairs[at]
            for before in range(divisor):
                for after in range(divisor):
                    yield RowWindow(
                        step,
                        at * step - first * divisor - before,
                        (end - 1) * divisor + after - at * step,
                        rows,
                        divisor,
                    )


@dataclass(frozen=True)
class RowsSeen:
    """Rows of padding above those of the input, and how many of the input there are."""

    above: int
    rows: int
