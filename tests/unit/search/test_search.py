"""A search of twelve trials start to end; `tests/search` runs the same with all that is real."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import pytest
import searches
from searches import Inline

from mcuforge import boards
from mcuforge.errors import UsageError
from mcuforge.recipe import Recipe, Training
from mcuforge.search import coordinator, result, task
from mcuforge.search.figures import Budgets, Objective
from mcuforge.search.forecast import Forecaster
from mcuforge.search.ledger import Ledger
from mcuforge.search.record import COMPLETE, CUT, PRUNED, Outcome
from mcuforge.search.result import Result
from mcuforge.search.task import Task
from mcuforge.search.trial import Runner
from mcuforge.training import train


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
    asked = searches.small_task(model, budgets)
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
        other = searches.small_task(model, budgets, seed=4)
        searched(tmp_path / "one", other, 12)


def test_a_trial_that_cannot_win_is_given_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Many trials of few architectures: half of those that come later learn less than others."""
    searches.without_processes(monkeypatch)
    asked = searches.small_task(searches.toy(tmp_path), size=3)
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
    searches.small_task(model).check_options()
    text = (model / "recipe.toml").read_text()
    text = text.replace("hidden = [1, 2]", 'hidden = [1, 2, "three"]\nwidht = [3, 4]')
    (model / "recipe.toml").write_text(text)
    with pytest.raises(UsageError, match=r"recipe\.toml: 2 problems:") as caught:
        searches.small_task(model).check_options()
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
        "[search]", '[search]\nobjectives = ["quality", "ram"]\nfigures = { spread = "less" }'
    )
    (model / "recipe.toml").write_text(text)
    asked = searches.small_task(model)
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
        searches.small_task(model)


def test_a_figure_that_nobody_tells_fails_the_trial(tmp_path: Path) -> None:
    asked = searches.small_task(searches.toy(tmp_path))
    wanted = (*asked.objectives, Objective("kl", more_is_better=False))
    runner = Runner(dataclasses.replace(asked, objectives=wanted), tmp_path)
    costs = {"ram": 1.0, "flash": 1.0, "cycles": 1.0}
    lacking = Outcome(COMPLETE, quality=0.5, costs=costs)
    assert runner._missing(lacking) == "neither the metrics nor the script tell kl"
    assert runner._missing(dataclasses.replace(lacking, figures={"kl": 3.0})) == ""
    assert runner._missing(Outcome(COMPLETE, costs=costs)) == "the samples give no accuracy"
    del costs["cycles"]
    assert "could not be traced" in runner._missing(Outcome(COMPLETE, quality=0.5, costs=costs))


def test_cycles_are_searched_for_where_a_core_is_known(tmp_path: Path) -> None:
    model = searches.toy(tmp_path)
    ours = searches.small_task(model)
    assert [o.name for o in ours.objectives] == ["quality", "ram", "flash", "cycles"]
    host = boards.load("host")
    rest: dict[str, Any] = {"epochs": None, "seed": 0, "size": 1, "count": None, "beat_seconds": 1}
    plain = task.asked(model, host, Budgets(), **rest)
    assert [o.name for o in plain.objectives] == ["quality", "ram", "flash", "instructions"]
    with pytest.raises(UsageError, match="the bound of cycles asks for what is not known of host"):
        task.asked(model, host, Budgets(max_cycles=9), **rest)
    name = model / "recipe.toml"
    name.write_text(name.read_text().replace("[search]", '[search]\nobjectives = ["cycles"]'))
    with pytest.raises(UsageError, match=r"'cycles' of \[search\] objectives asks for what is not"):
        task.asked(model, host, Budgets(), **rest)


def test_a_network_is_made_once_whatever_it_learns_by(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its costs are the same for every `ridge`, and its file for every memory mode."""
    searches.without_processes(monkeypatch)
    asked = searches.small_task(searches.toy(tmp_path))
    made: list[dict[str, Any]] = []
    network = train.network

    def counted(training: Training, recipe: Recipe) -> train.Network:
        made.append(dict(training.options))
        return network(training, recipe)

    monkeypatch.setattr(train, "network", counted)
    teller = Forecaster(asked.recipe, asked.board, None, tmp_path / "told")
    told = {}
    for width, ridge, memory in (
        (4, 0.1, "fit"),
        (4, 0.2, "fit"),
        (4, 0.3, "small"),
        (12, 1, "fit"),
    ):
        options = (("width", width), ("ridge", ridge))
        training = dataclasses.replace(train.of_recipe(asked.recipe), options=options)
        found = teller.of(training, asked.recipe.quantization, memory, "speed")
        told[width, ridge] = found.expected["flash"]
    assert [each["width"] for each in made] == [4, 12]
    assert told[4, 0.1] == told[4, 0.2] < told[12, 1]


def test_cycles_are_foretold_and_cut(tmp_path: Path) -> None:
    model = searches.toy(tmp_path)
    asked = searches.small_task(model)
    training = dataclasses.replace(train.of_recipe(asked.recipe), options=(("width", 36),))
    told = Forecaster(asked.recipe, asked.board, None, tmp_path / "told").of(
        training, asked.recipe.quantization, "fit", "speed"
    )
    assert 0 < told.least["cycles"] < told.expected["cycles"]
    assert told.expected["cycles"] > told.expected["instructions"], "more than one each on an M4"
    budget = Budgets(max_cycles=round(told.least["cycles"]) - 1)
    assert (budget.broken(told.least) or "").startswith("cycles ")
