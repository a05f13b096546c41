"""The largest of many amounts: nothing is lost, and never is one alone called others."""

from __future__ import annotations

import pytest

from mcuforge.report import largest


@pytest.mark.parametrize("count", [0, 1, largest.MOST, largest.MOST + 1, largest.MOST + 2, 500])
def test_amounts_add_up(count: int) -> None:
    found = largest.first((f"layer{n}", n) for n in range(count))
    assert sum(amount for _, amount in found) == sum(range(count))
    assert len(found) <= largest.MOST + 1 and "1 others" not in dict(found)
    assert [amount for _, amount in found[: largest.MOST]] == sorted(range(count))[::-1][
        : largest.MOST
    ]


def test_the_same_name_is_one() -> None:
    assert largest.first([("a", 1), ("b", 2), ("a", 3)]) == [("a", 4), ("b", 2)]
