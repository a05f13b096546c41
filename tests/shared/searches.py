"""A toy search, and its trials without child processes, compilers or simulators."""

from __future__ import annotations

import hashlib
import importlib
import shutil
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from mcuforge import boards
from mcuforge.processes import tensorflow_child
from mcuforge.search import task, trial, worker
from mcuforge.search.coordinator import Workers
from mcuforge.search.figures import QUALITY, Budgets
from mcuforge.search.forecast import Forecast, Forecaster
from mcuforge.search.ledger import Ledger
from mcuforge.search.record import COMPLETE, WAITING, Outcome, Record
from mcuforge.search.task import Task
from mcuforge.training import train
from mcuforge.training.train import Lesson


def toy(folder: Path) -> Path:
    """A copy of the model folder of a toy, which needs no TensorFlow."""
    return _copied("toy", folder)


def tiny(folder: Path) -> Path:
    """A copy of the model folder of a tiny Keras model."""
    return _copied("tiny", folder)


def _copied(name: str, folder: Path) -> Path:
    source, copy = Path(__file__).with_name(f"{name}_search"), folder / name
    shutil.copytree(source, copy, ignore=shutil.ignore_patterns("__pycache__"))
    return copy


def small_task(model: Path, budgets: Budgets | None = None, **changes: Any) -> Task:
    """The search of one of these on an emulated Cortex-M4."""
    settings = {"epochs": None, "seed": 3, "size": 4, "count": None, "beat_seconds": 15.0}
    board = boards.load("mps2-an386")
    return task.asked(model, board, budgets or Budgets(), **{**settings, **changes})


def half_way(model: Path, folder: Path) -> Budgets:
    """A budget of flash that the smallest networks keep to, and the largest certainly break."""
    asked = small_task(model)
    teller = Forecaster(asked.recipe, asked.board, None, folder / "told")
    training = train.of_recipe(asked.recipe)
    flash = []
    for options in ({"width": 4, "hidden": 1}, {"width": 36, "hidden": 2, "second": 20}):
        asking = replace(training, options=tuple(options.items()))
        flash.append(teller.of(asking, asked.recipe.quantization, "fit", "speed").least["flash"])
    return Budgets(max_flash=round(sum(flash) / 2))


def without_processes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Scripts run in this process, and costs are the least that the plan tells of."""
    monkeypatch.setattr(tensorflow_child, "call", _call)
    monkeypatch.setattr(trial.Runner, "_measured", _as_forecast)
    monkeypatch.setattr(sys, "path", [*sys.path])
    on_one_thread(monkeypatch)


def on_one_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    """As workers do, in this process until the test ends."""
    for name in worker._ONE_THREAD:
        monkeypatch.setenv(name, "1")


def _call(
    function: str,
    arguments: Mapping[str, Any],
    on_progress: Any = None,
    *,
    whole: bool,
    needs_tensorflow: bool = True,
) -> Any:
    assert whole and not needs_tensorflow
    module, _, name = function.partition(":")
    call = getattr(importlib.import_module(module), name)
    return call(**arguments, on_progress=on_progress or (lambda _done, _total: None))


def _as_forecast(
    runner: trial.Runner,
    file: Path,
    _taken: Record,
    forecast: Forecast,
    lesson: Lesson,
    _on_stage: Any,
) -> Outcome:
    assert runner is not None
    made = file.parent / "artifacts" / "model.tflite"
    return Outcome(
        COMPLETE,
        quality=lesson.curve[-1][1],
        costs=dict(forecast.least),
        forecast=dict(forecast.expected),
        curve=lesson.curve,
        figures=dict(lesson.figures),
        facts={"sha256": hashlib.sha256(made.read_bytes()).hexdigest()},
    )


class Inline(Workers):
    """Works in this process: a few trials each time that it is asked to see to its workers."""

    def __init__(self, ledger: Ledger, asked: Task, folder: Path, at_once: int = 1) -> None:
        super().__init__(0, (), folder)
        self._ledger, self._at_once = ledger, at_once
        self._runner = trial.Runner(asked, folder)
        self.taken: list[int] = []

    def keep(self, over: int, at_most: int) -> None:
        """Some trials."""
        assert over >= 0
        waiting = sum(each.state == WAITING for each in self._ledger.records())
        worker.work(
            self._ledger,
            self._runner,
            lambda *_: None,
            lambda record, _outcome: self.taken.append(record.number),
            most=min(self._at_once, at_most, waiting),
        )


def measured(number: int, quality: float, costs: Mapping[str, float], **rest: Any) -> Record:
    """A trial that was measured, and cost what was expected."""
    outcome = Outcome(
        COMPLETE, quality=quality, costs=dict(costs), forecast=dict(costs),
        curve=rest.pop("curve", ()),
    )  # fmt: skip
    return Record(number, number, COMPLETE, rest.pop("params", {}), outcome, **rest)


def values(records: Sequence[Record]) -> list[dict[str, float]]:
    """What came of the trials, for comparing searches."""
    return [{} if r.outcome is None else {QUALITY: 0.0, **r.outcome.values()} for r in records]
