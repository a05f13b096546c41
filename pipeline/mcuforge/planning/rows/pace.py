"""How many rows of a column each op makes at once.

A row of a picture of one column is little work for a step, which costs some hundred instructions
whatever it makes. So a step makes several. Where one row of an op needs two of another, that one
makes twice as many in a step. Both then step in turn, and no row waits for the step after the next:
rings are as short as the window of a step allows.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction

from mcuforge.planning.row_plan import ONE_BY_ONE, Pace
from mcuforge.planning.row_window import RowWindow
from mcuforge.planning.rows.by_rows import ByRows

FEWEST_STEPS, MOST_STEPS = 4, 32  # of the op with the most rows, that are worth a try
FEW_ROWS = 64  # which may be made one by one

Found = Mapping[int, ByRows]  # by the positions of ops


def paces(ops: Found) -> list[dict[int, Pace]]:
    """The choices: for each op that makes several rows at once, how many.

    The first has the longest steps. Where there is no column it has none, and is the only one.
    """
    columns = {p: op for p, op in ops.items() if op.is_column}
    if not columns:
        return [{}]
    rows = max(op.rows for op in columns.values())
    found = [_pace(ops, columns, most) for most in lengths(rows)]
    return [one for n, one in enumerate(found) if one not in found[:n]]


def lengths(rows: int) -> list[int]:
    """How many of so many rows a step may make, the most first: powers of two, as kernels like."""
    least = 1 if rows <= FEW_ROWS else 1 << ((rows - 1) // MOST_STEPS).bit_length()
    most = max(rows // FEWEST_STEPS, least)
    return [least << n for n in reversed(range((most // least).bit_length()))]


def _pace(ops: Found, columns: Found, most: int) -> dict[int, Pace]:
    """Steps of at most so many rows."""
    rates = _rates(ops)
    fastest = max(rates[op.output] for op in columns.values())
    readers: dict[int, list[tuple[Pace, RowWindow]]] = {}
    found: dict[int, Pace] = {}
    for position, op in sorted(columns.items(), reverse=True):
        wanted = max(int(most * rates[op.output] / fastest), 1)
        found[position] = steps = _steps(
            op, wanted, [r for t in op.outputs for r in readers.get(t, ())]
        )
        for tensor, window in op.reads:
            readers.setdefault(tensor, []).append((steps, window))
    return {p: steps for p, steps in found.items() if steps != ONE_BY_ONE}


def _rates(ops: Found) -> dict[int, Fraction]:
    """Rows of each tensor while a row of the first ones is made."""
    rates: dict[int, Fraction] = {}
    for _, op in sorted(ops.items()):
        found = [
            rates.setdefault(tensor, Fraction(1)) * window.divisor / window.step
            for tensor, window in op.reads
            if window.step
        ]
        rates |= dict.fromkeys(op.outputs, max(found, default=Fraction(1)))
    return rates


def _steps(
    op: ByRows, wanted: int, readers: Sequence[tuple[Pace, RowWindow]]
) -> Pace:  # fmt: skip
    """Steps of about so many rows, that end where those of a reader need them to."""
    needs = [
        (Fraction(steps.at_once * window.step, window.divisor), window.unclipped(steps.first - 1))
        for steps, window in readers
        if window.step and not window.table
    ]
    whole = [(int(unit), end) for unit, (_, end) in needs if unit.denominator == 1]
    if not whole:
        return Pace(min(wanted, op.rows), min(wanted, op.rows))
    unit, end = min(whole, key=lambda need: (need[0], -need[1]))
    if unit <= wanted:
        at_once = unit * (wanted // unit)
    else:
        at_once = max(n for n in range(1, wanted + 1) if unit % n == 0)
    if at_once >= op.rows:
        return Pace(op.rows, op.rows)
    return Pace(at_once, (end - 1) % at_once + 1)
