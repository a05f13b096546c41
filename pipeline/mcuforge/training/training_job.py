"""Training, in the child process."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from mcuforge.errors import ToolError, UsageError
from mcuforge.model_files.keras_file import make_reproducible
from mcuforge.processes.tensorflow_child import Progress
from mcuforge.training import options as script_options
from mcuforge.wording import extras


def train(
    recipe_file: str,
    script: str,
    seed: int,
    epochs: int,
    keras_file: str,
    calibration: str,
    golden: str,
    options: dict[str, Any],
    encoder: str,
    on_progress: Progress,
) -> None:
    """Run a training script and write the model, the calibration and the golden arrays.

    `encoder` is where the encoder goes, or empty where the recipe has none. 0 epochs give the
    untrained model where the script takes them.
    """
    keras.utils.set_random_seed(seed)
    tf.config.experimental.enable_op_determinism()
    function = _function(Path(script))
    taken = script_options.checked(function, options, recipe_file)
    on_progress(0, epochs)
    model, calibration_arrays, golden_arrays, *rest = function(seed, epochs, on_progress, **taken)
    if len(rest) != (1 if encoder else 0):
        raise UsageError(
            f"{script}: train() must return model, calibration and golden arrays, and an encoder "
            "where the recipe's [model] table names one."
        )
    for trained, file in ((model, keras_file), *((e, encoder) for e in rest)):
        trained.save(file)
        make_reproducible(Path(file))
    np.savez_compressed(calibration, **calibration_arrays)
    np.savez_compressed(golden, **golden_arrays)


def _function(script: Path) -> Callable[..., Any]:
    """The script's `train()`."""
    function: Callable[..., Any] | None = getattr(_load(script), "train", None)
    if function is None:
        raise UsageError(f"{script}: defines no function train(seed, epochs, on_progress).")
    return function


def _load(script: Path) -> Any:
    """The script as a module; it may import its neighbours."""
    sys.path.insert(0, str(script.parent))
    spec = importlib.util.spec_from_file_location("recipe_train", script)
    if spec is None or spec.loader is None:
        raise UsageError(f"{script}: not a Python script.")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # where dataclasses look their module up
    try:
        spec.loader.exec_module(module)
    except ModuleNotFoundError as error:
        raise ToolError(
            f"{script}: needs the module '{error.name}', which is not installed. What the models "
            f"of this repository need comes with: {extras.pip_install('models')}"
        ) from error
    return module
