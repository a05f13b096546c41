"""Parts of a tensor that drown in its rounding, in words: what is lost, why, and what helps."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

KEPT_DB = 20.0  # a part that rounding leaves less (R² of 0.99) is spoken of ...
DROWNED_DB = 3.0  # below, half of what varies is gone
SHARED = 8.0  # ... if the tensor's range is at least so many times what it needs itself
_LISTED = 4
_MOST_DB = 200.0

_HELP = {
    "input": (
        "Scale every feature to about the same size before the model, where samples are made and "
        "in the firmware. A Normalization layer comes too late: the input itself is quantised"
    ),
    "output": (
        "Give the small part an output of its own (keras.Model(inputs, [large, small])), or train "
        "on values of about one size and scale them after the model"
    ),
    "concatenation": (
        "Bring what is joined to about one size before it is joined (by a BatchNormalization or "
        "Rescaling layer), or let a layer of its own read each part"
    ),
    "sliced": "Compute the parts by layers of their own instead of cutting one tensor up",
}


@dataclass(frozen=True)
class Part:
    """A channel or a branch, over all samples: the ends of the float model's values, what is kept.

    `sqnr_db` is 10 log10(squared deviation from the mean / squared error) and `r2` one minus the
    inverse of that ratio, with all that was lost before; `own_sqnr_db` is what rounding this tensor
    alone leaves. `r2` is None for a part that never changes.
    """

    name: str
    low: float
    high: float
    sqnr_db: float
    own_sqnr_db: float
    r2: float | None


@dataclass(frozen=True)
class Parts:
    """A tensor's parts: `kind` channel or branch, along `axis`; `role` says what the tensor is.

    `fixed` says that TensorFlow Lite fixes its range: no part widens it.
    """

    role: str
    kind: str
    axis: int
    fixed: bool
    parts: tuple[Part, ...]


class Ranged(Protocol):
    """A tensor with its range, and its parts in each division."""

    @property
    def layer(self) -> str: ...
    @property
    def low(self) -> float: ...
    @property
    def high(self) -> float: ...
    @property
    def scale(self) -> float: ...
    @property
    def parts(self) -> tuple[Parts, ...]: ...


def from_job(content: Sequence[Mapping[str, Any]]) -> tuple[Parts, ...]:
    """What `parts.PartLoss.report` told, for each division."""
    return tuple(
        Parts(
            d["role"],
            d["kind"],
            d["axis"],
            d["fixed"],
            tuple(_part(d, n) for n in range(len(d["names"]))),
        )
        for d in content
    )


def _part(division: Mapping[str, Any], number: int) -> Part:
    varies = division["varies"][number]
    noise, own = division["noise"][number], division["own_noise"][number]
    return Part(
        division["names"][number],
        division["low"][number],
        division["high"][number],
        _decibels(varies, noise),
        _decibels(varies, own),
        1 - noise / varies if varies > 0 else None,
    )


def _decibels(signal: float, noise: float) -> float:
    if noise <= 0.0 or signal <= 0.0:
        return _MOST_DB
    return max(-_MOST_DB, min(_MOST_DB, 10.0 * math.log10(signal / noise)))


def sentences(tensors: Sequence[Ranged]) -> Iterator[str]:
    """One for each tensor that has parts which drown: tensor, parts, reason, and what helps."""
    for tensor in tensors:
        for division in tensor.parts:
            lost = [part for part in division.parts if _drowns(tensor, part)]
            if lost and not division.fixed:
                yield _sentence(tensor, division, lost)
                break  # along one axis is enough said


def _drowns(tensor: Ranged, part: Part) -> bool:
    needed = part.high - part.low
    wide = tensor.high - tensor.low >= SHARED * needed
    return part.r2 is not None and part.own_sqnr_db < KEPT_DB and wide


def _sentence(tensor: Ranged, division: Parts, lost: Sequence[Part]) -> str:
    place = tensor.layer if division.role == "sliced" else f"{division.role} '{tensor.layer}'"
    return (
        f"{place}: {_listed(division, lost)}. One step of its range "
        f"{tensor.low:.4g} ... {tensor.high:.4g} is {tensor.scale:.3g}, {_reason(division, lost)}. "
        f"{_HELP[division.role]}."
    )


def _listed(division: Parts, lost: Sequence[Part]) -> str:
    worst = sorted(lost, key=lambda part: part.own_sqnr_db)[:_LISTED]
    texts = [
        f"{division.kind} {part.name} ({part.low:.4g} ... {part.high:.4g}, "
        f"R² {1 - 10 ** (-part.own_sqnr_db / 10):.2g} at best)"
        for part in worst
    ]
    more = f" and {len(lost) - _LISTED} more" if len(lost) > _LISTED else ""
    of_axis = "" if division.kind == "branch" else f" of axis {division.axis}"
    single = len(lost) == 1
    what = ("drowns" if single else "drown") + " in rounding"
    if worst[0].own_sqnr_db > DROWNED_DB:
        what = f"{'is' if single else 'are'} rounded coarsely"
    return f"{', '.join(texts)}{more}{of_axis} {what}"


def _reason(division: Parts, lost: Sequence[Part]) -> str:
    """Beside larger parts, or far from zero: the widest needed says which."""
    widest = max(part.high - part.low for part in division.parts)
    if all(part.high - part.low > widest / SHARED for part in lost):
        return "since every range holds zero, and these values lie far from it"
    return "since larger parts share the range"
