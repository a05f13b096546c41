"""Labels as people keep them -> numbers: names of classes, one-hot rows, normal and anomalous."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from mcuforge.errors import UsageError

Array = npt.NDArray[Any]

_NORMAL = frozenset(
    ("normal", "ok", "okay", "good", "healthy", "nominal", "inlier", "pass", "passed", "negative")
)
_MOST_CLASSES = 1000  # names, and strata of a split
_SHOWN = 8


@dataclass(frozen=True, eq=False)
class Labels:
    """Numbers of N samples, [N, ...]; `names` are those of the classes, where names were given.

    `array` is what their array was called in its file, `where` says where they come from.
    """

    values: Array
    names: tuple[str, ...]
    array: str
    where: str


def numbered(values: Array, array: str, where: str, order: Sequence[str] = ()) -> Labels:
    """Labels as numbers; names are numbered in `order`, or as they sort.

    Raises `UsageError` where they are neither numbers nor names, hold NaN, or `order` lacks a name.
    """
    if values.dtype.kind in "SU":
        return _of_names(values, array, where, order)
    if values.dtype.kind not in "biuf":
        raise UsageError(f"{where}: labels of type {values.dtype}; give numbers or names.")
    if values.dtype.kind == "f" and not np.isfinite(values).all():
        raise UsageError(f"{where}: the labels hold NaN or infinity.")
    return Labels(values, tuple(order), array, where)


def _of_names(values: Array, array: str, where: str, order: Sequence[str]) -> Labels:
    texts = np.char.decode(values, "utf-8") if values.dtype.kind == "S" else values
    texts = texts.reshape(len(texts), -1)
    if texts.shape[1] != 1:
        raise UsageError(f"{where}: names of shape {list(values.shape)}; give one a sample.")
    found = sorted({str(text) for text in texts[:, 0]})
    names = list(order) or found
    missing = [name for name in found if name not in names]
    if missing:
        raise UsageError(
            f"{where}: holds {shown(missing)}, which --label-names does not list ({shown(names)})."
        )
    if len(names) > _MOST_CLASSES:
        raise UsageError(f"{where}: {len(names):,} different names; classes are at most 1,000.")
    place = {name: number for number, name in enumerate(names)}
    numbers = np.array([place[str(text)] for text in texts[:, 0]], np.int64)
    return Labels(numbers, tuple(names), array, where)


def anomalies(labels: Labels, normal: str | None) -> Array:
    """Labels 0 (normal) and 1 (anomaly) [N], of labels of two kinds; `normal` names the first kind.

    Without it that is 0, or a name such as 'normal' or 'ok'. Raises `UsageError` where it is not
    clear which samples are normal.
    """
    kinds = kinds_of(labels)
    if kinds is None:
        raise UsageError(
            f"{labels.where}: labels of shape {list(labels.values.shape)}; an anomaly detector "
            "takes one for each sample, 0 normal and 1 anomaly."
        )
    values, names = kinds
    chosen = _normal_of(labels, names, normal)
    return np.asarray(values != chosen, np.uint8)


def kinds_of(labels: Labels) -> tuple[Array, tuple[str, ...]] | None:
    """The kind of each sample, numbers [N], and how each kind is written; None where samples have
    no single one: masks, targets, too many different values.
    """
    values = one_a_sample(labels.values)
    if values is None:
        return None
    different, places = np.unique(values, return_inverse=True)
    if len(different) > _MOST_CLASSES or (different % 1 != 0).any():
        return None
    if labels.names and different[-1] < len(labels.names) and different[0] >= 0:
        return places, tuple(labels.names[int(value)] for value in different)
    return places, tuple(f"{value:g}" for value in different)


def one_a_sample(values: Array) -> Array | None:
    """Labels [N] of [N], [N, 1, ...] or one-hot rows; None where a sample has several."""
    flat = values.reshape(len(values), -1)
    if flat.shape[1] == 1:
        return np.asarray(flat[:, 0])
    is_one_hot = flat.shape[1] <= _MOST_CLASSES and (
        ((flat == 0) | (flat == 1)).all() and (flat.sum(axis=1) == 1).all()
    )
    return np.asarray(flat.argmax(axis=1)) if is_one_hot else None


def _normal_of(labels: Labels, names: Sequence[str], normal: str | None) -> int:
    """The number of the normal kind."""
    if normal is not None:
        if normal not in names:
            raise UsageError(f"--normal {normal}: {labels.where} holds {shown(names)}.")
        return names.index(normal)
    usual = [n for n, name in enumerate(names) if name == "0" or name.lower() in _NORMAL]
    if len(names) <= 2 and len(usual) == 1:
        return usual[0]
    raise UsageError(
        f"{labels.where}: which of {shown(names)} is normal? Say it: --normal {names[0]}."
    )


def shown(names: Sequence[str]) -> str:
    """A few names for a message."""
    more = f", ... ({len(names)} in all)" if len(names) > _SHOWN else ""
    return ", ".join(f"'{name}'" for name in names[:_SHOWN]) + more
