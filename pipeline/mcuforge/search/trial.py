"""One trial: cut by the plan, or trained, converted, emitted, built, simulated, and proven."""

from __future__ import annotations

import dataclasses
import re
import shutil
import weakref
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from mcuforge import driver, report
from mcuforge.errors import ForgeError, GateError
from mcuforge.files import atomic
from mcuforge.planning import FIT, SPEED
from mcuforge.planning.rows.borders import BorderRows
from mcuforge.processes import scratch, tensorflow_child
from mcuforge.recipe import Training
from mcuforge.report import RunReport, run_page, site
from mcuforge.search import drawing, recipes
from mcuforge.search.figures import ARENA, CYCLES, FLASH, INSTRUCTIONS, QUALITY, RAM
from mcuforge.search.floors import floors
from mcuforge.search.forecast import Forecast, Forecaster
from mcuforge.search.record import COMPLETE, CUT, FAILED, PRUNED, Outcome, Record
from mcuforge.search.task import Task
from mcuforge.search.worker import OnStage
from mcuforge.training import train
from mcuforge.training.train import Lesson

DOCUMENT = "report.json"
_SCRATCH = re.compile(r"\S*\bmcuforge-[0-9a-f]{16}/")  # of `processes.scratch`
_NO_LESSON = Lesson((), {}, None)


class Runner:
    """Runs trials of a search, each in a folder of its own below `folder`."""

    def __init__(self, task: Task, folder: Path) -> None:
        self._task, self._folder = task, folder
        self._project = ExitStack()
        self._built_in: Path | None = None
        weakref.finalize(self, self._project.close)
        self._forecaster = Forecaster(
            task.recipe, task.board, task.budgets.max_ram, folder / "forecasts"
        )

    @property
    def beat_seconds(self) -> float:
        """How often a worker tells that it lives."""
        return self._task.beat_seconds

    def known_before(self, number: int) -> int:
        """How many trials are over, whatever happens, before this one begins."""
        return drawing.known_before(number, self._task.size)

    def run(self, taken: Record, known: Sequence[Record], on_stage: OnStage) -> Outcome:
        """What comes of a trial; of errors that are the model's own, the reason.

        `known` are the trials that are over before it begins, wherever it runs.
        """
        where = trial_folder(self._folder, taken.number)
        shutil.rmtree(where, ignore_errors=True)  # of a worker that was interrupted
        forecast = Forecast({}, {})
        lesson = _NO_LESSON
        try:
            settings = self._task.quantised_with(taken.params)
            training = trained_with(self._task, taken) if self._task.trains else None
            on_stage("plan", 0, 0)
            if training is not None and self._task.recipe.keras is not None:
                # the process that trains may convert as well, but not the other way round
                tensorflow_child.expect(train.KERAS_TRAINING, whole=True)
            forecast = self._forecaster.of(training, settings, *self._modes(taken))
            broken = self._task.budgets.broken(forecast.least)
            if broken is not None:
                return _outcome(CUT, forecast, lesson, reason=f"over budget: {broken}")
            file = recipes.write(
                self._task.recipe, taken.params, self._task.epochs,
                self._task.budgets.gates(), where, trains=self._task.trains,
            )  # fmt: skip
            if training is not None:
                lesson = self._taught(training, where, forecast, known, on_stage)
                if lesson.stopped_at is not None:
                    reason = f"given up after {lesson.stopped_at} of {training.epochs} epochs"
                    return _outcome(PRUNED, forecast, lesson, reason=reason)
            return self._measured(file, taken, forecast, lesson, on_stage)
        except GateError as error:  # of the plan, which could not be told before
            reason = f"over budget: {reason_of(error, where)}"
            return _outcome(CUT, forecast, lesson, reason=reason)
        except ForgeError as error:
            return _outcome(FAILED, forecast, lesson, reason=reason_of(error, where))

    def _modes(self, taken: Record) -> tuple[str, str]:
        chosen = recipes.run_options(taken.params)
        memory = chosen.get("memory", self._task.recipe.memory or FIT)
        return str(memory), str(chosen.get("optimize", SPEED))

    def _taught(
        self,
        training: Training,
        where: Path,
        forecast: Forecast,
        known: Sequence[Record],
        on_stage: OnStage,
    ) -> Lesson:
        made = train.in_folder(self._task.recipe, where / "artifacts")
        made.golden.parent.mkdir(parents=True)
        least = floors(forecast.expected, known, self._task.objectives, training.epochs)
        return train.teach(
            training, made, lambda done, total: on_stage("train", done, total), least
        )  # fmt: skip

    def _measured(
        self, file: Path, taken: Record, forecast: Forecast, lesson: Lesson, on_stage: OnStage
    ) -> Outcome:
        memory, optimize = self._modes(taken)
        place = self._place()
        found = driver.run(
            file, self._task.board, place, count=self._task.count, on_stage=on_stage,
            memory=memory, optimize=optimize, max_ram=self._task.budgets.max_ram,
            borders=BorderRows.said(*self._task.recipe.borders),
        )  # fmt: skip
        publish(found, file.parent / "run")
        for tflite in place.glob("*.tflite"):
            atomic.write_bytes(file.parent / "artifacts" / "model.tflite", tflite.read_bytes())
            tflite.unlink()
        if not found.verdict.exact:
            return _outcome(
                FAILED, forecast, lesson, reason=f"not exact: {found.verdict.divergence}"
            )
        metrics, floats = metrics_of(found)
        quality = metrics.get(self._task.metric) if self._task.metric else None
        outcome = _outcome(
            COMPLETE,
            forecast,
            lesson,
            quality=quality,
            costs=costs_of(found),
            metrics=metrics,
            float_metrics=floats,
            facts={"sha256": found.sha256, "quantization": found.quantization or ""},
            reason=self._broken(found),
        )
        missing = self._missing(outcome)
        return _outcome(FAILED, forecast, lesson, reason=missing) if missing else outcome

    def _place(self) -> Path:
        """Where projects are built, each over the one before: most of their files are the same, and
        Ninja compiles the others alone. It goes with this runner."""
        if self._built_in is None:
            self._built_in = self._project.enter_context(scratch.folder())
        return self._built_in

    def _missing(self, outcome: Outcome) -> str:
        """Which objectives have no value, in words."""
        known = outcome.values()
        lacking = [o.name for o in self._task.objectives if o.name not in known]
        if QUALITY in lacking:
            return f"the samples give no {self._task.metric}"
        if CYCLES in lacking:
            return "its ops could not be traced one by one, which cycles are told from"
        return f"neither the metrics nor the script tell {', '.join(lacking)}" if lacking else ""

    def _broken(self, found: RunReport) -> str:
        broken = self._task.budgets.broken(costs_of(found))
        return f"over budget: {broken}" if broken else ""


def reason_of(error: ForgeError, where: Path) -> str:
    """An error's message without places of this machine: it is compared, and shown elsewhere."""
    message = error.message
    for place in (f"{where.resolve()}/", f"{where}/"):
        message = message.replace(place, "")
    return _SCRATCH.sub("", message)


def trained_with(task: Task, taken: Record) -> Training:
    """How a trial's model is trained."""
    training = train.of_recipe(task.recipe, epochs=task.epochs)
    options = {**dict(training.options), **recipes.options(taken.params)}
    return dataclasses.replace(training, options=tuple(options.items()))


def trial_folder(folder: Path, number: int) -> Path:
    """Where a trial of a search leaves its files."""
    return folder / "trials" / f"{number:04}"


def costs_of(found: RunReport) -> dict[str, float]:
    """What a run measured."""
    costs = {RAM: found.costs.ram, FLASH: found.costs.flash, ARENA: found.costs.arena}
    if found.costs.instructions is not None:
        costs[INSTRUCTIONS] = found.costs.instructions
    if found.cycles is not None:
        costs[CYCLES] = found.cycles
    return {name: float(value) for name, value in costs.items()}


def metrics_of(found: RunReport) -> tuple[dict[str, float], dict[str, float]]:
    """What a run's model is worth on the device, and in float."""
    floats = {a.metric: a.float_model for a in found.accuracy if a.float_model is not None}
    return {a.metric: a.device for a in found.accuracy}, floats


def keep(found: RunReport, output: Path) -> None:
    """Leave the report alone: a project of every trial would fill the disk."""
    publish(found, output)
    for entry in output.iterdir():
        if entry.is_dir() and entry.name != site.FOLDER:
            shutil.rmtree(entry)


def publish(found: RunReport, output: Path) -> None:
    """Write the report of a trial: document and page."""
    atomic.write_bytes(output / DOCUMENT, report.as_json([found]).encode())
    site.publish(output, [run_page.of(found)])


def _outcome(end: str, forecast: Forecast, lesson: Lesson, **rest: Any) -> Outcome:
    return Outcome(
        end=end,
        forecast=dict(forecast.expected),
        curve=lesson.curve,
        figures=dict(lesson.figures),
        **rest,
    )
