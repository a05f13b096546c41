"""A search of twelve trials start to end; `tests/search` runs the same with all that is real."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
import searches
from searches import Inline

from mcuforge.errors import UsageError
from mcuforge.search import coordinator, result
from mcuforge.search.figures import Objective
from mcuforge.search.ledger import Ledger
from mcuforge.search.record import COMPLETE, CUT, PRUNED, Outcome
from mcuforge.search.result import Result
from mcuforge.search.task import Task
from mcuforge.search.trial import Runner


def searched(
    folder: Path, asked: Task, total: int, at_once: int = 1, goes: tuple[int, ...] = ()
) -> Result:
    """A whole search in a folder, in several goes that end at so many trials each."""
    address = str(folder / "journal.log")
    for trials in (*goes, total):
        ledger = Ledger.begin(address, "toy", asked.settings())
        workers = Inline(ledger, asked, folder, at_once)
        draw = coordinator.generations(asked)
        coordinator.run(ledger, draw, trials, 15.0, workers, lambda _done, _total: None)
    return result.of(ledger)


def test_the_same_front_in_one_go_and_in_several(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    searches.without_processes(monkeypatch)
    model = searches.toy(tmp_path)
    budgets = searches.half_way(model, tmp_path)
    asked = searches.toy_task(model, budgets)
    found = searched(tmp_path / "one", asked, 12)
    ends = {each.state for each in found.records}
    assert found.done == len(found.records) == 12
    assert {COMPLETE, CUT} <= ends, "some are within the budget, some are not"
    assert found.front
    for number in found.front:
        outcome = found.record(number).outcome
        assert outcome is not None
        assert outcome.costs["flash"] <= (budgets.max_flash or 0)
        assert outcome.quality is not None and outcome.quality > 0.5
    again = searched(tmp_path / "goes", asked, 12, at_once=3, goes=(3, 5, 10))
    assert [e.params for e in again.records] == [e.params for e in found.records]
    assert searches.values(again.records) == searches.values(found.records)
    assert again.front == found.front
    with pytest.raises(UsageError, match=r"other settings \(seed\)"):
        other = searches.toy_task(model, budgets, seed=4)
        searched(tmp_path / "one", other, 12)


def test_a_trial_that_cannot_win_is_given_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Many trials of few architectures: half of those that come later learn less than others."""
    searches.without_processes(monkeypatch)
    asked = searches.toy_task(searches.toy(tmp_path), size=3)
    found = searched(tmp_path, asked, 15)
    given_up = [each for each in found.records if each.state == PRUNED]
    assert given_up
    for each in given_up:
        assert each.outcome is not None
        last = max(epoch for epoch, _ in each.outcome.curve)
        assert 2 <= last < 6
        assert f"given up after {last} of 6 epochs" in each.outcome.reason
        assert each.number not in found.front


def test_what_the_script_does_not_take_is_told_before_any_trial(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    searches.without_processes(monkeypatch)
    model = searches.toy(tmp_path)
    searches.toy_task(model).check_options()
    text = (model / "recipe.toml").read_text()
    text = text.replace("hidden = [1, 2]", 'hidden = [1, 2, "three"]\nwidht = [3, 4]')
    (model / "recipe.toml").write_text(text)
    with pytest.raises(UsageError, match=r"recipe\.toml: 2 problems:") as caught:
        searches.toy_task(model).check_options()
    assert "search.options.hidden: is 'three'; it must be a whole number." in caught.value.message
    assert "search.options.widht: unknown key (did you mean 'width'?)" in caught.value.message


def test_figures_that_the_script_tells_are_objectives_as_well(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The best spread belongs to the front, whatever its quality."""
    searches.without_processes(monkeypatch)
    model = searches.toy(tmp_path)
    text = (model / "recipe.toml").read_text()
    text = text.replace(
        '"ram", "flash", "instructions"]', '"ram"]\n\n[search.figures]\nspread = "less"'
    )
    (model / "recipe.toml").write_text(text)
    asked = searches.toy_task(model)
    assert [(o.name, o.more_is_better) for o in asked.objectives] == [
        ("quality", True),
        ("ram", False),
        ("spread", False),
    ]
    found = searched(tmp_path, asked, 8)
    spreads = {e.number: e.outcome.figures["spread"] for e in found.candidates if e.outcome}
    assert min(spreads, key=spreads.__getitem__) in found.front
    assert {each.state for each in found.records} == {COMPLETE}, "none is given up"
    with pytest.raises(UsageError, match=r"figures\.ram: is one of 'objectives'"):
        (model / "recipe.toml").write_text(text.replace("spread =", "ram ="))
        searches.toy_task(model)


def test_a_figure_that_nobody_tells_fails_the_trial(tmp_path: Path) -> None:
    asked = searches.toy_task(searches.toy(tmp_path))
    wanted = (*asked.objectives, Objective("kl", more_is_better=False))
    runner = Runner(dataclasses.replace(asked, objectives=wanted), tmp_path)
    costs = {"ram": 1.0, "flash": 1.0, "instructions": 1.0}
    lacking = Outcome(COMPLETE, quality=0.5, costs=costs)
    assert runner._missing(lacking) == "neither the metrics nor the script tell kl"
    assert runner._missing(dataclasses.replace(lacking, figures={"kl": 3.0})) == ""
    assert runner._missing(Outcome(COMPLETE, costs=costs)) == "the samples give no accuracy"
