"""An op that can make its output row by row, one row or several at a time."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass, field

from mcuforge.frontend.graph import Tensor
from mcuforge.planning.plan import KernelCall
from mcuforge.planning.row_plan import ONE_BY_ONE, Pace, RowOp
from mcuforge.planning.row_window import RowWindow

RANK, ROWS, WIDTH, CHANNELS = 4, 1, 2, 3  # of NHWC
Reads = tuple[tuple[int, RowWindow], ...]


@dataclass(frozen=True, eq=False)
class ByRows:
    """How an op makes rows of its `output`, and of the `others` beside it; see `RowOp`.

    Its rows from y on, so many, are `lower(y, count)`; those of the same `key(y, count)` have the
    same calls. `is_column`: its pictures have one column, so that a row is little work.
    """

    output: int
    rows: int
    row_bytes: int
    reads: Reads
    key: Callable[[int, int], Hashable]
    lower: Callable[[int, int], tuple[KernelCall, ...]]
    accumulates: bool = False
    is_column: bool = False
    others: tuple[tuple[int, int], ...] = ()
    known: dict[Hashable, tuple[KernelCall, ...]] = field(default_factory=dict)
    made: dict[Pace, RowOp] = field(default_factory=dict)

    @property
    def outputs(self) -> tuple[int, ...]:
        """All of them."""
        return (self.output, *(tensor for tensor, _ in self.others))

    def in_steps(self, pace: Pace = ONE_BY_ONE) -> RowOp:
        """The op as one that makes so many rows at a time: always the same one."""
        if pace not in self.made:
            self.made[pace] = self._in_steps(pace)
        return self.made[pace]

    def _in_steps(self, pace: Pace) -> RowOp:
        numbers: dict[Hashable, int] = {}
        calls: list[tuple[KernelCall, ...]] = []
        kinds = []
        for y, end in zip(pace.begins(self.rows), pace.ends(self.rows), strict=True):
            key = self.key(y, end - y)
            number = numbers.setdefault(key, len(calls))
            if number == len(calls):
                calls.append(self._calls(key, y, end - y))
            kinds.append(number)
        made = (self.output, self.rows, self.row_bytes, self.reads, tuple(calls), tuple(kinds))
        return RowOp(
            *made,
            accumulates=self.accumulates,
            is_column=self.is_column,
            pace=pace,
            others=self.others,
        )

    def _calls(self, key: Hashable, y: int, count: int) -> tuple[KernelCall, ...]:
        if key not in self.known:
            self.known[key] = self.lower(y, count)
        return self.known[key]


def rows_of(tensor: Tensor) -> int:
    """Rows of an activation; a tensor that is no single picture is one row."""
    is_picture = len(tensor.shape) == RANK and tensor.shape[0] == 1
    return tensor.shape[ROWS] if is_picture else 1


def is_column(tensor: Tensor) -> bool:
    """Whether an activation is a picture of one column."""
    return len(tensor.shape) == RANK and tensor.shape[WIDTH] == 1
