"""The float model's outputs: what quantisation is measured against."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from mcuforge.model_files.keras_file import check_keras_file
from mcuforge.processes import scratch, tensorflow_child
from mcuforge.processes.tensorflow_child import Progress

Batches = npt.NDArray[Any] | Sequence[npt.NDArray[Any]]


def float_outputs(
    keras: Path, inputs: Batches, on_progress: Progress | None = None
) -> npt.NDArray[np.float32]:
    """The first of `all_float_outputs`."""
    return all_float_outputs(keras, inputs, on_progress)[0]


def all_float_outputs(
    keras: Path, inputs: Batches, on_progress: Progress | None = None
) -> list[npt.NDArray[np.float32]]:
    """The Keras model's outputs, each float32 [N, ...], for inputs [N, ...] of the model's shape.

    `inputs` is the array of an only input, or holds one for each, in the model's order.

    Raises `ModelError` where the file is missing, damaged, or does not fit the inputs, and
    `ToolError` where TensorFlow is missing or fails.
    """
    check_keras_file(keras)
    with scratch.folder() as folder:
        source, target = folder / "inputs.npz", folder / "outputs.npz"
        batches = [inputs] if isinstance(inputs, np.ndarray) else inputs
        np.savez(source, *(np.asarray(batch, np.float32) for batch in batches))
        tensorflow_child.call(
            "mcuforge.convert.keras_jobs:predict",
            {"keras_file": str(keras), "inputs": str(source), "outputs": str(target)},
            on_progress,
        )
        with np.load(target) as arrays:
            return [np.asarray(arrays[name], np.float32) for name in arrays.files]
