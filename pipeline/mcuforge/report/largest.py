"""The largest of many amounts, for bars that fit a page."""

from __future__ import annotations

from collections.abc import Iterable

MOST = 12


def first(amounts: Iterable[tuple[str, int]]) -> list[tuple[str, int]]:
    """Names and amounts, the largest first; where they are many, the small ones as one.

    Amounts of the same name are added up.
    """
    found: dict[str, int] = {}
    for name, amount in amounts:
        found[name] = found.get(name, 0) + amount
    ordered = sorted(found.items(), key=lambda item: (-item[1], item[0]))
    if len(ordered) <= MOST + 1:  # one that is left out takes as much room as "1 other"
        return ordered
    rest = ordered[MOST:]
    return [*ordered[:MOST], (f"{len(rest)} others", sum(amount for _, amount in rest))]
