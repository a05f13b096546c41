"""Trains a recipe's model and makes its artefacts: `.keras`, calibration, golden, `.tflite`.

The recipe's script defines

    def train(seed: int, epochs: int, on_progress: Callable[..., None]) -> tuple[
        keras.Model, dict[str, np.ndarray], dict[str, np.ndarray]
    ]:

and returns the trained model, the calibration arrays (`inputs`), the golden arrays (`inputs` and
what the recipe's metric needs) and, where the recipe names one, the encoder. What `[train.options]`
of the recipe holds is given to it as keyword arguments, which have defaults (`training.options`).
It runs in a child process with everything seeded, and may import the modules that lie beside it.

It calls `on_progress(done, epochs)`, and may tell more: `on_progress(done, epochs, quality)`, a
number where more is better, by which a search gives up early, and `on_progress(done, epochs,
quality, name=number)`, figures to be kept with the trial. For searches it may also define

    def untrained(...) -> keras.Model:

which takes those of the options that the network depends on; what a trial costs is then known
before it trains. Where the recipe names no Keras model, `train` returns the bytes of a `.tflite`
and the golden arrays, and `untrained` such bytes: any framework may make them.
"""

from __future__ import annotations

import dataclasses
import os
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mcuforge.convert import ConversionResult, convert, input_names
from mcuforge.errors import ForgeError, UsageError
from mcuforge.files import atomic, typed_toml
from mcuforge.files.typed_toml import Problem
from mcuforge.processes import scratch, tensorflow_child
from mcuforge.processes.tensorflow_child import Progress
from mcuforge.recipe import Option, Recipe, Training, metrics
from mcuforge.samples import array_files

KERAS_TRAINING = "mcuforge.training.keras_training"  # what trains a Keras model, in a child


@dataclass(frozen=True)
class TrainingResult:
    """What was made. `seconds` is the wall-clock time of training, without the conversion.

    `conversion` is None where the script gave a `.tflite` itself.
    """

    seconds: float
    written: tuple[Path, ...]
    conversion: ConversionResult | None


@dataclass(frozen=True)
class Lesson:
    """What a script told while it trained.

    `curve` holds the quality after each so many epochs, `figures` the last ones of each name.
    `stopped_at` is after how many epochs it was given up; None where it made a model.
    """

    curve: tuple[tuple[int, float], ...]
    figures: Mapping[str, float]
    stopped_at: int | None


def run(
    recipe: Recipe,
    on_progress: Progress | None = None,
    *,
    seed: int | None = None,
    epochs: int | None = None,
) -> TrainingResult:
    """Train, convert, and only then replace the artefacts; `on_progress` counts epochs.

    `seed` and `epochs` override the recipe's. Raises `UsageError` where the recipe has no
    training, `ToolError` where TensorFlow is missing or the script fails, and what `convert`
    raises. The old artefacts stay as they were unless everything succeeded.
    """
    training = of_recipe(recipe, seed, epochs)
    with scratch.folder() as folder:
        made = in_folder(recipe, folder)
        started = time.monotonic()
        try:
            teach(training, made, on_progress)
            seconds = time.monotonic() - started
            conversion = None if made.keras is None else convert(made)
        except ForgeError as error:
            # the temporary folder's name would help nobody
            raise type(error)(error.message.replace(f"{folder}{os.sep}", "the new ")) from error
        if conversion is not None:
            made.tflite.write_bytes(conversion.tflite)
        return TrainingResult(seconds, _publish(made, recipe), conversion)


def untrained(recipe: Recipe, folder: Path, *, seed: int | None = None) -> Recipe:
    """The recipe with the model as it is before training, and its samples, in `folder`.

    The `.tflite` is not made. What the script does with 0 epochs: the model has the layers that
    the options ask for, and so what it costs is known. Raises as `run` does.
    """
    made = in_folder(recipe, folder)
    teach(of_recipe(recipe, seed, 0), made)
    return made


def of_recipe(recipe: Recipe, seed: int | None = None, epochs: int | None = None) -> Training:
    """How the recipe's model is made, but for what is given here. Raises `UsageError`."""
    training = recipe.training
    if training is None:
        raise UsageError(f"{recipe.file}: has no [train] table, so there is nothing to train with.")
    if not training.script.is_file():
        raise UsageError(f"{recipe.file}: train.script: {training.script} does not exist.")
    return dataclasses.replace(
        training,
        seed=training.seed if seed is None else seed,
        epochs=training.epochs if epochs is None else epochs,
    )


def teach(
    training: Training,
    made: Recipe,
    on_progress: Progress | None = None,
    floors: Sequence[tuple[int, float]] = (),
) -> Lesson:
    """Run the script in a child process, and check what it wrote to the files of `made`.

    It is given up once the quality after some epochs is below the floor for so many; nothing is
    made then. Raises `ToolError` where the script fails, `UsageError` where it makes what does not
    fit the recipe.
    """
    asked = {
        "recipe_file": str(made.file),
        "script": str(training.script),
        "seed": training.seed,
        "epochs": training.epochs,
        "options": dict(training.options),
        "golden": str(made.golden),
        "floors": [list(floor) for floor in floors],
    }
    if made.keras is None:
        told = _call("train_tflite", {"asked": asked, "tflite": str(made.tflite)}, on_progress)
    else:
        files = {
            "keras_file": str(made.keras_file()),
            "calibration": str(made.calibration_file()),
            "encoder": str(made.encoder or ""),
        }
        told = _call("train", {"asked": asked, **files}, on_progress)
    lesson = _lesson(told)
    if lesson.stopped_at is None:
        _check(made)
    return lesson


def check_choices(recipe: Recipe, choices: Mapping[str, Sequence[Option]], key: str) -> None:
    """Raise `UsageError` where the script does not take a value that an option may have.

    The options are given below `key` of the recipe.
    """
    arguments = {
        "script": str(of_recipe(recipe).script),
        "choices": {name: list(values) for name, values in choices.items()},
        "key": key,
    }
    name = "problems_tflite" if recipe.keras is None else "problems"
    found = [Problem(*told) for told in _call(name, arguments, None)]
    if found:
        raise typed_toml.error(recipe.file, found)


@dataclass(frozen=True)
class Network:
    """A network before it learns: a `digest` of its architecture, None where no script tells it.

    It depends on these of the script's `options` alone.
    """

    digest: str | None
    options: tuple[str, ...]


def network(training: Training, made: Recipe) -> Network:
    """Write what the script's `untrained` gives to where `made` names the model.

    Nothing where the script does not define it. Raises `ToolError` where the script fails,
    `UsageError` where it does not take the options.
    """
    arguments = {
        "script": str(training.script),
        "seed": training.seed,
        "options": dict(training.options),
        "file": str(made.keras or made.tflite),
    }
    name = "untrained_tflite" if made.keras is None else "untrained"
    digest, options = _call(name, arguments, None)
    return Network(digest, tuple(options))


def _call(name: str, arguments: Mapping[str, Any], on_progress: Progress | None) -> Any:
    """A function of the jobs; those that end in `_tflite` need no TensorFlow."""
    if name.endswith("_tflite"):
        function = f"mcuforge.training.training_job:{name}"
        return tensorflow_child.call(
            function, arguments, on_progress, whole=True, needs_tensorflow=False
        )
    function = f"{KERAS_TRAINING}:{name}"
    return tensorflow_child.call(function, arguments, on_progress, whole=True)


def _lesson(told: Any) -> Lesson:
    return Lesson(
        curve=tuple((int(done), float(quality)) for done, quality in told["curve"]),
        figures=told["figures"],
        stopped_at=told["stopped_at"],
    )


def _check(made: Recipe) -> None:
    """Raise `UsageError` where arrays do not fit the recipe."""
    if made.keras is None:
        metrics.load_golden(made.golden, made.metric)
        return
    names = input_names(made.keras_file())
    array_files.read_inputs(made.calibration_file(), names)
    metrics.load_golden(made.golden, made.metric, names)


def in_folder(recipe: Recipe, folder: Path) -> Recipe:
    """The recipe with its artefacts in another folder."""
    return dataclasses.replace(
        recipe,
        keras=None if recipe.keras is None else folder / "model.keras",
        tflite=folder / "model.tflite",
        calibration=None if recipe.calibration is None else folder / "calibration.npz",
        golden=folder / "golden.npz",
        encoder=None if recipe.encoder is None else folder / "encoder.keras",
    )


def _publish(made: Recipe, recipe: Recipe) -> tuple[Path, ...]:
    pairs = [(made.golden, recipe.golden), (made.tflite, recipe.tflite)]
    if recipe.keras is not None:
        keras = (made.keras_file(), recipe.keras_file())
        pairs = [keras, (made.calibration_file(), recipe.calibration_file()), *pairs]
    if made.encoder is not None and recipe.encoder is not None:
        pairs.append((made.encoder, recipe.encoder))
    atomic.write_all({target: source.read_bytes() for source, target in pairs})
    return tuple(target for _, target in pairs)
