"""A trial as a model folder of its own."""

from __future__ import annotations

import hashlib
from pathlib import Path

from mcuforge.errors import UsageError
from mcuforge.processes import scratch
from mcuforge.processes.tensorflow_child import Progress
from mcuforge.search import recipes
from mcuforge.search.record import COMPLETE, Record
from mcuforge.search.result import Result
from mcuforge.search.task import Task
from mcuforge.search.trial import trained_with, trial_folder
from mcuforge.training import train

_FILES = {
    ("model", "keras"): "model.keras",
    ("model", "tflite"): "model.tflite",
    ("model", "encoder"): "encoder.keras",
    ("convert", "calibration"): "calibration.npz",
    ("evaluation", "golden"): "golden.npz",
}


def write(
    result: Result, task: Task, number: int, trials: Path, folder: Path, on_progress: Progress
) -> bool:
    """Write trial `number` into `folder`; whether its model had to be trained again.

    That is where its trial ran on another machine, whose files are not in `trials`; the seed is the
    same. Raises `UsageError` where there is no such trial, or it was not measured.
    """
    taken = _measured(result, number)
    with scratch.folder() as temporary:
        made = trial_folder(trials, number) / "artifacts"
        again = task.trains and not _is_here(task, taken, made)
        if again:
            made = temporary
            lesson = train.teach(
                trained_with(task, taken), train.in_folder(task.recipe, made), on_progress
            )
            assert lesson.stopped_at is None
        files = _trained(task, made) if task.trains else _held(task)
        tflite = made / _FILES["model", "tflite"]
        if task.converts and _is_of(taken, tflite):
            files["model", "tflite"] = tflite  # else `run` converts it again
        recipes.pick(
            task.recipe, taken.params, task.epochs if task.trains else None,
            task.budgets.gates(), files, folder,
            f"Trial {number} of the search {result.study} on {result.board}.",
        )  # fmt: skip
    return again


def _measured(result: Result, number: int) -> Record:
    try:
        taken = result.record(number)
    except KeyError:
        raise UsageError(
            f"--pick {number}: the search has no such trial, only 0 ... {len(result.records) - 1}."
        ) from None
    if taken.state != COMPLETE:
        why = f": {taken.outcome.reason}" if taken.outcome and taken.outcome.reason else ""
        raise UsageError(f"--pick {number}: this trial made no model ({taken.state}{why}).")
    return taken


def _is_here(task: Task, taken: Record, made: Path) -> bool:
    """Whether the files of a trial lie in a folder; they may be those of an older search."""
    tflite = made / _FILES["model", "tflite"]
    files = [tflite, *_trained(task, made).values()]
    return all(path.is_file() for path in files) and _is_of(taken, tflite)


def _is_of(taken: Record, tflite: Path) -> bool:
    """Whether a file is the one that a trial measured."""
    assert taken.outcome is not None
    if not tflite.is_file():
        return False
    return hashlib.sha256(tflite.read_bytes()).hexdigest() == taken.outcome.facts.get("sha256")


def _trained(task: Task, folder: Path) -> dict[tuple[str, str], Path]:
    """What training makes, in a folder."""
    return {key: folder / _FILES[key] for key in _held(task)}


def _held(task: Task) -> dict[tuple[str, str], Path]:
    recipe = task.recipe
    found = {
        ("model", "keras"): recipe.keras,
        ("model", "tflite"): recipe.tflite if recipe.keras is None else None,
        ("model", "encoder"): recipe.encoder,
        ("convert", "calibration"): recipe.calibration,
        ("evaluation", "golden"): recipe.golden,
    }
    return {key: path for key, path in found.items() if path is not None}
