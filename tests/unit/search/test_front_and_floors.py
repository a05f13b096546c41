"""Which trials no other one beats, and when a training is given up."""

from __future__ import annotations

from itertools import pairwise

import searches

from mcuforge.search.figures import Budgets, objectives
from mcuforge.search.floors import floors
from mcuforge.search.front import front
from mcuforge.search.front_table import MOST_ROWS, shown
from mcuforge.search.record import Record

BOTH = objectives(("quality", "ram"), "accuracy")


def test_the_front_holds_what_nothing_beats() -> None:
    values = {
        0: {"quality": 0.9, "ram": 100.0},
        1: {"quality": 0.8, "ram": 100.0},  # 0 beats it
        2: {"quality": 0.8, "ram": 50.0},
        3: {"quality": 0.8, "ram": 50.0},  # the same as 2
        4: {"quality": 0.95, "ram": 200.0},
    }
    assert front(values, BOTH) == (4, 0, 2)
    assert front(values, objectives(("quality",), "accuracy")) == (4,)
    assert front({}, BOTH) == ()


def test_a_terminal_shows_a_long_front_from_end_to_end() -> None:
    assert shown((4, 0, 2)) == (4, 0, 2)
    few = shown(range(100, 150))
    assert (few[0], few[-1]) == (100, 149) and len(set(few)) == len(few) == MOST_ROWS
    assert max(b - a for a, b in pairwise(few)) <= 3


def test_of_some_metrics_less_is_better() -> None:
    values = {0: {"quality": 0.1, "ram": 10.0}, 1: {"quality": 0.2, "ram": 10.0}}
    assert front(values, objectives(("quality", "ram"), "mse")) == (0,)


def test_budgets_tell_what_breaks_them() -> None:
    budgets = Budgets(max_ram=1024, max_instructions=500)
    assert budgets.broken({"ram": 1024, "instructions": 500, "flash": 1e9}) is None
    assert budgets.broken({"ram": 2048, "instructions": 10}) == "RAM 2,048 B of 1,024 B"
    assert Budgets(max_cycles=9).broken({"cycles": 10.0}) == "cycles 10 of 9"
    assert budgets.broken({"flash": 2048}) is None, "what is not known breaks nothing"
    assert budgets.excess({"ram": 512, "flash": 1}) == {"ram": -0.5}


def rivals(*qualities: float, ram: float = 100) -> list[Record]:
    """Trials whose quality after 2, 4 and 6 epochs is q - 0.1, q and q + 0.1."""
    return [
        searches.measured(number, q + 0.1, {"ram": ram}, curve=((2, q - 0.1), (4, q), (6, q + 0.1)))
        for number, q in enumerate(qualities)
    ]


def test_a_trial_is_given_up_below_the_median_of_those_that_cost_no_more() -> None:
    known = rivals(0.4, 0.6, 0.5)
    assert floors({"ram": 100}, known, BOTH, 6) == [(2, 0.4), (4, 0.5)]
    assert floors({"ram": 100}, known, BOTH, 7) == [(4, 0.5), (6, 0.6)], "a third is free"


def test_nothing_is_given_up_where_nothing_is_known() -> None:
    known = rivals(0.4, 0.6, 0.5)
    assert floors({"ram": 99}, known, BOTH, 6) == [], "it is smaller than all others"
    assert floors({}, known, BOTH, 6) == [], "its costs are not known"
    assert floors({"ram": 100}, known[:2], BOTH, 6) == [], "too few to compare with"
    assert floors({"ram": 100}, known, objectives(("ram", "flash"), None), 6) == []
