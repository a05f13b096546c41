"""The Pareto front: the trials that no other one beats in everything."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from mcuforge.search.figures import Objective


def dominates(
    one: Mapping[str, float], other: Mapping[str, float], objectives: Sequence[Objective]
) -> bool:
    """Whether `one` is better than `other` in some objective, and worse in none."""
    pairs = [(o.loss(one), o.loss(other)) for o in objectives]
    return all(a <= b for a, b in pairs) and any(a < b for a, b in pairs)


def front(
    values: Mapping[int, Mapping[str, float]], objectives: Sequence[Objective]
) -> tuple[int, ...]:
    """The numbers of those that none dominates, the best in the first objective before all.

    Of several that are alike in everything the first is enough.
    """
    kept: dict[tuple[float, ...], int] = {}
    for number in sorted(values):
        mine = values[number]
        if not any(dominates(other, mine, objectives) for other in values.values()):
            kept.setdefault(tuple(o.loss(mine) for o in objectives), number)
    return tuple(number for _, number in sorted(kept.items()))
