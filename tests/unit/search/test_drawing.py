"""What trials try: the same for the same seed, nothing twice, and only what goes together."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
import searches

from mcuforge.recipe.search import Choice, Option
from mcuforge.search import drawing
from mcuforge.search.drawing import Params
from mcuforge.search.figures import Budgets, objectives
from mcuforge.search.record import CUT, FAILED, PRUNED, Outcome, Record

BOTH = objectives(("quality", "ram"), "accuracy")
LEVELS = Choice("levels", (2, 3))
CHOICES = (
    LEVELS,
    Choice("width", low=4, high=16, step=4),
    Choice("rate", low=1e-4, high=1e-1, log=True),
    Choice("dense", (True, False), when=(("levels", (3,)),)),
)


def invented(params: Params, number: int) -> Record:
    """A trial that was measured: wide ones are good and large."""
    width = float(params["width"])
    quality = 1 - 1 / width + 0.01 * (params.get("dense") is True)
    return searches.measured(number, quality, {"ram": width * 100}, params=params)


def drawn_to(
    count: int, size: int, seed: int = 1, choices: Sequence[Choice] = CHOICES
) -> list[Record]:
    """A search of so many trials."""
    records: list[Record] = []
    while len(records) < count:
        new = drawing.generation(choices, BOTH, Budgets(), records, size, seed, lambda _: True)
        if not new:
            break
        records += [invented(each.params, len(records) + n) for n, each in enumerate(new)]
    return records


def test_a_seed_gives_the_same_trials() -> None:
    first, again = drawn_to(16, 4), drawn_to(16, 4)
    assert [each.params for each in first] == [each.params for each in again]
    assert [each.params for each in first] != [each.params for each in drawn_to(16, 4, seed=2)]


def test_the_rest_of_a_generation_is_what_it_would_have_been() -> None:
    whole = drawn_to(12, 4)
    for begun in (1, 5, 7, 10):
        rest = drawing.generation(CHOICES, BOTH, Budgets(), whole[:begun], 4, 1, lambda _: True)
        end = (begun // 4 + 1) * 4
        assert [each.params for each in rest] == [each.params for each in whole[begun:end]]


def test_a_generation_does_not_depend_on_the_one_before_it() -> None:
    whole = drawn_to(12, 4)
    unfinished = [*whole[:4], *(Record(n, n, "running", whole[n].params) for n in range(4, 8))]
    drawn = drawing.generation(CHOICES, BOTH, Budgets(), unfinished, 4, 1, lambda _: True)
    assert [each.params for each in drawn] == [each.params for each in whole[8:]]


def test_choices_are_within_what_is_told_and_learn() -> None:
    records = drawn_to(30, 6)
    for each in records:
        params = each.params
        assert params["levels"] in (2, 3) and params["width"] in (4, 8, 12, 16)
        assert 1e-4 <= float(params["rate"]) <= 1e-1
        assert ("dense" in params) == (params["levels"] == 3)
    assert len({str(sorted(each.params.items())) for each in records}) == 30


def test_all_combinations_are_found_once_and_then_no_more() -> None:
    choices = (*CHOICES[:2], CHOICES[3])
    records = drawn_to(50, 5, choices=choices)
    listed = list(drawing.combinations(choices))
    assert len(records) == len(listed) == 4 + 8
    assert {str(sorted(r.params.items())) for r in records} == {
        str(sorted(p.items())) for p in listed
    }


def test_what_is_not_valid_is_not_drawn() -> None:
    def is_valid(params: dict[str, Option]) -> bool:
        return params["width"] != 4

    drawn = drawing.generation(CHOICES, BOTH, Budgets(), [], 20, 1, is_valid)
    assert len(drawn) == 20 and all(each.params["width"] != 4 for each in drawn)


@pytest.mark.parametrize("end", [CUT, PRUNED, FAILED])
def test_trials_that_ended_early_are_learnt_from_too(end: str) -> None:
    """They reach the sampler: what it draws next is another than without them."""
    records = drawn_to(16, 4)
    early = [
        Record(r.number, r.key, end, r.params, Outcome(end, forecast={"ram": 4000.0}))
        if r.params["width"] == 16
        else r
        for r in records
    ]
    budgets = Budgets(max_ram=1300)
    drawn = drawing.generation(CHOICES, BOTH, budgets, early, 8, 1, lambda _: True)
    assert len(drawn) == 8
