"""Which classes are taken for which, and how well each one is found."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mcuforge.report.accuracy.plain import DEVICE, FLOAT, Array, ratio

MOST_IN_MATRIX = 30  # classes; of more, pairs alone
_MOST_CLASSES = 200  # that are told of one by one, the worst first
_MOST_PAIRS = 20


@dataclass(frozen=True)
class Figures:
    """Shares of one class: None where there is nothing to share.

    Precision: of what was called it. Recall: of what is it. F1: their harmonic mean. IoU: of what
    is it or was called it.
    """

    precision: float | None
    recall: float | None
    f1: float | None
    iou: float | None


@dataclass(frozen=True)
class ClassFigures:
    """A class: how many samples are of it, and its figures by whose outputs they are."""

    label: str
    support: int
    figures: dict[str, Figures]


@dataclass(frozen=True)
class Pair:
    """Samples of one class that the device takes for another; `share` is that of the first's."""

    expected: str
    actual: str
    count: int
    share: float | None


@dataclass(frozen=True)
class Confusion:
    """The classes of the device against the truth.

    `counts` has a row for each true class and a column for each of the device's, None where there
    are too many. `classes` are all, or the worst of `total`. `changed` samples have another class
    on the device than in float; `mended` and `spoilt` are those that became right and wrong by
    that. `samples` counts pixels where each has a class.
    """

    labels: tuple[str, ...]
    samples: int
    total: int
    counts: tuple[tuple[int, ...], ...] | None
    classes: tuple[ClassFigures, ...]
    pairs: tuple[Pair, ...]
    changed: int | None = None
    mended: int | None = None
    spoilt: int | None = None


def of(
    expected: Array, device: Array, floats: Array | None, total: int, labels: Sequence[str] = ()
) -> Confusion:
    """The confusion of class numbers below `total`, of one shape: true, the device's, float's."""
    names = tuple(labels) if len(labels) == total else tuple(map(str, range(total)))
    given = {FLOAT: floats, DEVICE: device}
    tables = {
        name: _counts(expected, actual, total)
        for name, actual in given.items()
        if actual is not None
    }
    pairs, counts = tables[DEVICE]
    figures = {name: _figures(*table, total) for name, table in tables.items()}
    support = np.bincount(expected.reshape(-1), minlength=total)
    classes = [
        ClassFigures(names[n], int(support[n]), {name: each[n] for name, each in figures.items()})
        for n in range(total)
    ]
    if total > _MOST_CLASSES:
        classes = sorted(classes, key=goodness)[:_MOST_CLASSES]
    few = total <= MOST_IN_MATRIX
    changed = None if floats is None else device != floats
    return Confusion(
        names if few else (),
        int(expected.size),
        total,
        _matrix(pairs, counts, total) if few else None,
        tuple(classes),
        _confused(pairs, counts, support, names, total),
        None if changed is None else int(changed.sum()),
        None if changed is None else int((changed & (device == expected)).sum()),
        None if changed is None else int((changed & (floats == expected)).sum()),
    )


def goodness(of_class: ClassFigures) -> float:
    """The device's F1, more than any where there is none."""
    f1 = of_class.figures[DEVICE].f1
    return 2.0 if f1 is None else f1


def _counts(expected: Array, actual: Array, total: int) -> tuple[Array, Array]:
    """The pairs that occur, as true class * total + the other, ascending, and how often."""
    pairs, counts = np.unique(expected.reshape(-1) * total + actual.reshape(-1), return_counts=True)
    return pairs, counts


def _matrix(pairs: Array, counts: Array, total: int) -> tuple[tuple[int, ...], ...]:
    matrix = np.zeros(total * total, np.int64)
    matrix[pairs] = counts
    return tuple(tuple(map(int, row)) for row in matrix.reshape(total, total))


def _figures(pairs: Array, counts: Array, total: int) -> list[Figures]:
    true, called = pairs // total, pairs % total
    hit = np.zeros(total, np.int64)
    hit[true[true == called]] = counts[true == called]
    support = np.bincount(true, counts, total).astype(np.int64)
    calls = np.bincount(called, counts, total).astype(np.int64)
    return [
        Figures(
            ratio(int(tp), int(n_called)),
            ratio(int(tp), int(n_true)),
            ratio(2 * int(tp), int(n_called + n_true)),
            ratio(int(tp), int(n_called + n_true - tp)),
        )
        for tp, n_true, n_called in zip(hit, support, calls, strict=True)
    ]


def _confused(
    pairs: Array, counts: Array, support: Array, names: Sequence[str], total: int
) -> tuple[Pair, ...]:
    wrong = pairs // total != pairs % total
    pairs, counts = pairs[wrong], counts[wrong]
    return tuple(
        Pair(
            names[int(pairs[i]) // total],
            names[int(pairs[i]) % total],
            int(counts[i]),
            ratio(int(counts[i]), int(support[int(pairs[i]) // total])),
        )
        for i in np.argsort(-counts, kind="stable")[:_MOST_PAIRS]
    )
