"""Trains a recipe's model and makes its artefacts: `.keras`, calibration, golden, `.tflite`.

The recipe's script defines

    def train(seed: int, epochs: int, on_progress: Callable[[int, int], None]) -> tuple[
        keras.Model, dict[str, np.ndarray], dict[str, np.ndarray]
    ]:

and returns the trained model, the calibration arrays (`inputs`), the golden arrays (`inputs` and
what the recipe's metric needs) and, where the recipe names one, the encoder. What `[train.options]`
of the recipe holds is given to it as keyword arguments, which have defaults (`training.options`).
It runs in a child process with everything seeded, and may import the modules that lie beside it.
"""

from __future__ import annotations

import dataclasses
import os
import time
from dataclasses import dataclass
from pathlib import Path

from mcuforge.convert import ConversionResult, convert, input_names
from mcuforge.errors import ForgeError, UsageError
from mcuforge.files import atomic
from mcuforge.processes import scratch, tensorflow_child
from mcuforge.processes.tensorflow_child import Progress
from mcuforge.recipe import Recipe, Training, metrics
from mcuforge.samples import array_files


@dataclass(frozen=True)
class TrainingResult:
    """What was made. `seconds` is the wall-clock time of training, without the conversion."""

    seconds: float
    written: tuple[Path, ...]
    conversion: ConversionResult


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
    training = _training(recipe, seed, epochs)
    with scratch.folder() as folder:
        made = _in_folder(recipe, folder)
        started = time.monotonic()
        try:
            _train(training, made, on_progress)
            seconds = time.monotonic() - started
            conversion = convert(made)
        except ForgeError as error:
            # the temporary folder's name would help nobody
            raise type(error)(error.message.replace(f"{folder}{os.sep}", "the new ")) from error
        made.tflite.write_bytes(conversion.tflite)
        return TrainingResult(seconds, _publish(made, recipe), conversion)


def untrained(recipe: Recipe, folder: Path, *, seed: int | None = None) -> Recipe:
    """The recipe with the model as it is before training, and its samples, in `folder`.

    The `.tflite` is not made. What the script does with 0 epochs: the model has the layers that
    the options ask for, and so what it costs is known. Raises as `run` does.
    """
    made = _in_folder(recipe, folder)
    _train(_training(recipe, seed, 0), made, None)
    return made


def _training(recipe: Recipe, seed: int | None, epochs: int | None) -> Training:
    """How the recipe's model is made, but for what is given here."""
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


def _train(training: Training, made: Recipe, on_progress: Progress | None) -> None:
    """Run the script in a child process and check what it made."""
    tensorflow_child.call(
        "mcuforge.training.training_job:train",
        {
            "recipe_file": str(made.file),
            "script": str(training.script),
            "seed": training.seed,
            "epochs": training.epochs,
            "keras_file": str(made.keras_file()),
            "calibration": str(made.calibration_file()),
            "golden": str(made.golden),
            "options": dict(training.options),
            "encoder": str(made.encoder or ""),
        },
        on_progress,
        whole=True,
    )
    names = input_names(made.keras_file())
    array_files.read_inputs(made.calibration_file(), names)
    metrics.load_golden(made.golden, made.metric, names)


def _in_folder(recipe: Recipe, folder: Path) -> Recipe:
    """The recipe with its artefacts in another folder."""
    return dataclasses.replace(
        recipe,
        keras=folder / "model.keras",
        tflite=folder / "model.tflite",
        calibration=folder / "calibration.npz",
        golden=folder / "golden.npz",
        encoder=None if recipe.encoder is None else folder / "encoder.keras",
    )


def _publish(made: Recipe, recipe: Recipe) -> tuple[Path, ...]:
    pairs = [
        (made.keras_file(), recipe.keras_file()),
        (made.calibration_file(), recipe.calibration_file()),
        (made.golden, recipe.golden),
        (made.tflite, recipe.tflite),
    ]
    if made.encoder is not None and recipe.encoder is not None:
        pairs.append((made.encoder, recipe.encoder))
    atomic.write_all({target: source.read_bytes() for source, target in pairs})
    return tuple(target for _, target in pairs)
