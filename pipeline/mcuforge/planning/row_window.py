"""Which rows of an input an output row is computed from."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class RowWindow:
    """Output row y reads the rows (y * step - before) / divisor ... (y * step + after) / divisor.

    Quotients are rounded down, and rows outside of 0 ... rows - 1 are padding, which is not read.
    Both ends never go back as y grows.
    """

    step: int
    before: int
    after: int
    rows: int
    divisor: int = 1

    def unclipped(self, y: int) -> tuple[int, int]:
        """The first row and the one after the last, padding included."""
        first = (y * self.step - self.before) // self.divisor
        return first, (y * self.step + self.after) // self.divisor + 1

    def __call__(self, y: int) -> tuple[int, int]:
        """The first row that is read, and the one after the last."""
        first, end = self.unclipped(y)
        return min(max(first, 0), self.rows), min(max(end, 0), self.rows)

    def seen(self, y: int) -> RowsSeen:
        """What output row y sees of the input."""
        first, end = self(y)
        return RowsSeen(first - self.unclipped(y)[0], end - first)


@dataclass(frozen=True)
class RowsSeen:
    """Rows of padding above those of the input, and how many of the input there are."""

    above: int
    rows: int
