"""How far outputs are from what is right, where that is a number."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from mcuforge.recipe.metrics import r2_scores
from mcuforge.report.accuracy import histogram
from mcuforge.report.accuracy.histogram import Histogram
from mcuforge.report.accuracy.plain import DEVICE, Array, evenly, number, numbers

_MOST_COLUMNS = 32  # told of one by one, the worst first
_MOST_SCATTERED = 4  # columns that are drawn
_MOST_POINTS = 300


@dataclass(frozen=True)
class Figures:
    """Of one column: mean absolute error, root mean square error, and R² where values vary."""

    mae: float
    rmse: float
    r2: float | None


@dataclass(frozen=True)
class Column:
    """A column of the outputs, the last axis, and its figures by whose outputs they are."""

    number: int
    figures: dict[str, Figures]


@dataclass(frozen=True)
class Scatter:
    """Values of one column: what is right, and the device's."""

    column: int
    expected: tuple[float, ...]
    actual: tuple[float, ...]


@dataclass(frozen=True)
class Errors:
    """Differences from the truth, of all values and of each column.

    `columns` are all, or the worst of `total`, by the device's R². `scattered` are thinned.
    """

    distribution: Histogram | None
    total: int
    columns: tuple[Column, ...]
    scattered: tuple[Scatter, ...] = ()


def of(expected: Array, outputs: Mapping[str, Array], *, by_column: bool) -> Errors:
    """The errors of outputs [N, ..., columns] by whose they are, `DEVICE` among them.

    Without `by_column` all values count as one column, and nothing is scattered.
    """
    right = np.asarray(expected, np.float64)
    wide = right.shape[-1] if by_column and right.ndim > 1 else 1
    flat = right.reshape(-1, wide)
    given = {n: np.asarray(v, np.float64).reshape(-1, wide) for n, v in outputs.items()}
    columns = [_column(n, flat, given) for n in range(wide)]
    columns.sort(key=_goodness)
    errors = {name: values - flat for name, values in given.items()}
    shown = sorted(c.number for c in columns[:_MOST_SCATTERED]) if by_column else []
    return Errors(
        histogram.of(errors),
        wide,
        tuple(sorted(columns[:_MOST_COLUMNS], key=lambda c: c.number)),
        tuple(_scatter(n, flat[:, n], given[DEVICE][:, n]) for n in shown),
    )


def _goodness(column: Column) -> float:
    r2 = column.figures[DEVICE].r2
    return np.inf if r2 is None else r2


def _column(place: int, right: Array, given: Mapping[str, Array]) -> Column:
    expected = right[:, place : place + 1]
    return Column(
        place, {name: _figures(expected, v[:, place : place + 1]) for name, v in given.items()}
    )


def _figures(expected: Array, actual: Array) -> Figures:
    error = actual - expected
    scores = r2_scores(expected, actual)
    return Figures(
        number(np.abs(error).mean()),
        number(np.sqrt(np.square(error).mean())),
        number(scores[0]) if len(scores) else None,
    )


def _scatter(column: int, expected: Array, actual: Array) -> Scatter:
    """Points evenly along the true values, so that rare ones are among them."""
    order = np.argsort(expected, kind="stable")
    kept = order[evenly(len(order), _MOST_POINTS)]
    return Scatter(column, numbers(expected[kept]), numbers(actual[kept]))
