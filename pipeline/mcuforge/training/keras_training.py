"""Training of Keras models, in the child process."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from mcuforge.errors import UsageError
from mcuforge.model_files.keras_file import make_reproducible
from mcuforge.processes.tensorflow_child import Progress
from mcuforge.training.training_job import Asked, built, problems_tflite, taught


def train(
    asked: dict[str, Any], keras_file: str, calibration: str, encoder: str, on_progress: Progress
) -> dict[str, Any]:
    """Run a training script and write the model, the calibration and the golden arrays.

    `asked` are the members of `Asked`. `encoder` is where the encoder goes, or empty where the
    recipe has none. 0 epochs give the untrained model where the script takes them.
    """

    def keep(asked: Asked, made: tuple[Any, ...]) -> None:
        if len(made) != (4 if encoder else 3):
            raise UsageError(
                f"{asked.script}: train() must return model, calibration and golden arrays, and "
                "an encoder where the recipe's [model] table names one."
            )
        model, calibration_arrays, golden_arrays, *rest = made
        for trained, file in ((model, keras_file), *((e, encoder) for e in rest)):
            trained.save(file)
            make_reproducible(Path(file))
        np.savez_compressed(calibration, **calibration_arrays)
        np.savez_compressed(asked.golden, **golden_arrays)

    return taught(Asked(**asked), _seed, keep, on_progress)


def untrained(
    script: str, seed: int, options: dict[str, Any], file: str, on_progress: Progress
) -> list[Any]:
    """Write the model of the script's `untrained`.

    Returns a digest of its architecture, None without one, and the names of the options that it
    takes.
    """
    on_progress(0, 1)
    _seed(seed)
    model, taken = built(script, options)
    if model is None:
        return [None, taken]
    if not isinstance(model, keras.Model):
        raise UsageError(f"{script}: untrained() must return a Keras model.")
    model.save(file)
    make_reproducible(Path(file))
    return [hashlib.sha256(model.to_json().encode()).hexdigest(), taken]


def problems(
    script: str, choices: dict[str, list[Any]], key: str, on_progress: Progress
) -> list[list[str]]:
    """What `problems_tflite` tells, of a script that imports Keras."""
    return problems_tflite(script, choices, key, on_progress)


def _seed(seed: int) -> None:
    keras.backend.clear_session()  # names of layers count from one
    keras.utils.set_random_seed(seed)
    tf.config.experimental.enable_op_determinism()
