"""What becomes of a search: a document, a page, a model folder of its own."""

from __future__ import annotations

import hashlib
import re
import shutil
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest
import searches

from mcuforge import recipe
from mcuforge.documents.tune import TuneDocument
from mcuforge.errors import UsageError
from mcuforge.recipe.search import Option
from mcuforge.report import site
from mcuforge.search import coordinator, document, importance, page, picked, result
from mcuforge.search.figures import objectives
from mcuforge.search.ledger import Ledger
from mcuforge.search.record import COMPLETE, CUT
from mcuforge.search.result import Result
from mcuforge.search.task import Task


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Result, Task, Path]:
    """A search of eight trials, what it was about, and where it left its files."""
    folder = tmp_path_factory.mktemp("search")
    with pytest.MonkeyPatch.context() as patch:
        searches.without_processes(patch)
        model = searches.toy(folder)
        name = model / "recipe.toml"
        name.write_text(name.read_text().replace('name = "toy"', 'name = "<b>toy</b>"'))
        asked = searches.small_task(model, searches.half_way(model, folder))
        ledger = Ledger.begin(str(folder / "journal.log"), "toy", asked.settings())
        workers = searches.Inline(ledger, asked, folder)
        draw = coordinator.generations(asked)
        coordinator.run(ledger, draw, 8, 15.0, workers, lambda _done, _total: None)
        return result.of(ledger), asked, folder


def test_the_document_is_of_its_schema(made: tuple[Result, Task, Path]) -> None:
    found, asked, folder = made
    shares = importance.of_choices(asked.search, found.objectives, found.records)
    text = document.as_json(found, shares, folder)
    typed = msgspec.json.decode(text, type=TuneDocument, strict=False)
    assert [trial.number for trial in typed.trials] == list(range(8))
    assert {trial.number for trial in typed.trials if trial.on_front} == set(typed.front)
    assert set(typed.importance) == {"quality", "ram", "flash", "cycles"}
    assert text == document.as_json(found, shares, folder)
    assert "seconds" not in text, "nothing in it depends on when it was made"


def test_what_is_alike_in_all_trials_is_decided_by_nothing(tmp_path: Path) -> None:
    search = searches.small_task(searches.toy(tmp_path)).search
    records = [
        searches.measured(n, n / 10, {"ram": 5.0}, params={"width": 4 + 8 * (n % 3), "hidden": 1})
        for n in range(8)
    ]
    shares = importance.of_choices(search, objectives(("quality", "ram"), "accuracy"), records)
    assert set(shares) == {"quality"}


def test_the_page_shows_all_and_escapes_it(made: tuple[Result, Task, Path], tmp_path: Path) -> None:
    found, asked, folder = made
    report = folder / "trials" / f"{found.front[0]:04}" / "run" / "report" / "index.html"
    report.parent.mkdir(parents=True)
    report.write_text("its report")
    shares = importance.of_choices(asked.search, found.objectives, found.records)
    shown = page.of(found, asked.search, shares, folder, folder, "mcuforge tune toy --pick N")
    assert [section.id for section in shown.sections] == [
        "front", "against", "parallel", "importance", "trials",
    ]  # fmt: skip
    site.publish(tmp_path, [shown])
    text = (tmp_path / "report" / shown.file).read_text()
    assert "<b>toy" not in text and "&lt;b&gt;toy" in text
    assert text.count("<svg") >= 5
    (link,) = set(re.findall(r'href="(\.\./trials[^"]*)"', text))
    assert (folder / "report" / link).resolve() == report.resolve()
    for each in found.records:
        if each.state == COMPLETE:
            assert f"trial {each.number}: " in text, "its mark says what it is"


def test_a_trial_becomes_a_model_folder(made: tuple[Result, Task, Path], tmp_path: Path) -> None:
    found, asked, folder = made
    number = found.front[0]
    artifacts = folder / "trials" / f"{number:04}" / "artifacts"
    assert not picked.write(found, asked, number, folder, tmp_path / "one", lambda *_: None)
    loaded = recipe.load(tmp_path / "one")
    assert loaded.training is not None and loaded.search is None
    params = found.record(number).params
    assert {"shuffled": False, **params} == dict(loaded.training.options)
    assert loaded.gates.max_flash == asked.budgets.max_flash
    assert loaded.tflite.read_bytes() == (artifacts / "model.tflite").read_bytes()
    assert loaded.golden.is_file() and loaded.training.script.is_file()
    assert (tmp_path / "one" / "toy_network.py").is_file(), "what the script imports"
    with pytest.raises(UsageError, match="is there already"):
        picked.write(found, asked, number, folder, tmp_path / "one", lambda *_: None)


def test_a_trial_of_another_machine_is_trained_again(
    made: tuple[Result, Task, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    searches.without_processes(monkeypatch)
    found, asked, folder = made
    number = found.front[0]
    assert picked.write(found, asked, number, tmp_path, tmp_path / "again", lambda *_: None)
    here = folder / "trials" / f"{number:04}" / "artifacts" / "model.tflite"
    assert recipe.load(tmp_path / "again").tflite.read_bytes() == here.read_bytes()


def test_a_file_of_another_search_is_not_taken_for_the_trials(
    made: tuple[Result, Task, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    searches.without_processes(monkeypatch)
    found, asked, folder = made
    number = found.front[0]
    here = folder / "trials" / f"{number:04}" / "artifacts"
    there = shutil.copytree(here, tmp_path / "trials" / f"{number:04}" / "artifacts")
    (there / "model.tflite").write_bytes(b"of another search")
    assert picked.write(found, asked, number, tmp_path, tmp_path / "one", lambda *_: None)
    taken = recipe.load(tmp_path / "one").tflite
    assert taken.read_bytes() == (here / "model.tflite").read_bytes()


def test_a_search_that_trains_nothing_gives_the_model_that_is_there(
    made: tuple[Result, Task, Path], tmp_path: Path
) -> None:
    found, _, folder = made
    artifacts = folder / "trials" / f"{found.front[0]:04}" / "artifacts"
    model = searches.toy(tmp_path)
    for name in ("model.tflite", "golden.npz"):
        shutil.copy(artifacts / name, model / name)
    text = (model / "recipe.toml").read_text()
    head, _, _ = text.partition("[train]")
    (model / "recipe.toml").write_text(head + '[search.run]\nmemory = ["fit", "small"]\n')
    taken, asked = _of_nothing_trained(model, model / "model.tflite", {"run.memory": "small"})
    assert not picked.write(taken, asked, 0, tmp_path, tmp_path / "one", lambda *_: None)
    loaded = recipe.load(tmp_path / "one")
    assert loaded.tflite.read_bytes() == (model / "model.tflite").read_bytes()
    assert loaded.memory == "small"


@pytest.mark.parametrize("of_another", [True, False])
def test_a_quantisation_is_picked_with_the_file_of_its_trial_alone(
    of_another: bool, tmp_path: Path
) -> None:
    model = searches.tiny(tmp_path)
    text = (model / "recipe.toml").read_text()
    head, tail = text.partition("[train]")[0], text.partition("[search.quantization]")[2]
    (model / "recipe.toml").write_text(f"{head}[search.quantization]{tail}")
    (model / "artifacts").mkdir()
    for name in ("model.keras", "model.tflite", "calibration.npz", "golden.npz"):
        (model / "artifacts" / name).write_bytes(name.encode())
    converted = tmp_path / "trials" / "0000" / "artifacts" / "model.tflite"
    converted.parent.mkdir(parents=True)
    converted.write_bytes(b"what the trial measured")
    params: dict[str, Option] = {"quantization.calibration": "min-max", "run.memory": "fit"}
    taken, asked = _of_nothing_trained(model, converted, params)
    if of_another:
        converted.write_bytes(b"of another search")
    assert not picked.write(taken, asked, 0, tmp_path, tmp_path / "one", lambda *_: None)
    loaded = recipe.load(tmp_path / "one")
    assert loaded.keras_file().read_bytes() == b"model.keras"
    assert loaded.tflite.is_file() is not of_another, "run converts it again"
    assert of_another or loaded.tflite.read_bytes() == b"what the trial measured"


def _of_nothing_trained(
    model: Path, tflite: Path, params: dict[str, Option]
) -> tuple[Result, Task]:
    """A search of one trial that took the model that is there, and made this file of it."""
    asked = searches.small_task(model)
    assert not asked.trains
    each = searches.measured(0, 0.5, {"ram": 1.0, "flash": 1.0, "cycles": 1.0}, params=params)
    assert each.outcome is not None
    facts = {"sha256": hashlib.sha256(tflite.read_bytes()).hexdigest()}
    each = replace(each, outcome=replace(each.outcome, facts=facts))
    return Result("toy", asked.settings(), (each,), 1), asked


def test_what_made_no_model_cannot_be_picked(
    made: tuple[Result, Task, Path], tmp_path: Path
) -> None:
    found, asked, folder = made
    cut = next(each.number for each in found.records if each.state == CUT)
    with pytest.raises(UsageError, match=rf"--pick {cut}: this trial made no model \(cut: over"):
        picked.write(found, asked, cut, folder, tmp_path / "x", lambda *_: None)
    with pytest.raises(
        UsageError, match=r"--pick 99: the search has no such trial, only 0 \.\.\. 7"
    ):
        picked.write(found, asked, 99, folder, tmp_path / "x", lambda *_: None)
