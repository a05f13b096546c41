"""The float model's outputs: what quantisation is measured against."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from mcuforge.model_files.keras_file import check_keras_file
from mcuforge.processes import scratch, tensorflow_child
from mcuforge.processes.tensorflow_child import Progress

Batches = npt.NDArray[Any] | Sequence[npt.NDArray[Any]]
Outputs = Callable[[Progress | None], list[npt.NDArray[np.float32]]]
PREDICT = "mcuforge.convert.keras_jobs:predict"


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
    with started(keras, inputs) as outputs:
        return outputs(on_progress)


@contextmanager
def started(keras: Path, inputs: Batches) -> Iterator[Outputs]:
    """As `all_float_outputs`, computed beside what is done inside, which calls for the result."""
    check_keras_file(keras)
    with scratch.folder() as folder:
        source, target = folder / "inputs.npz", folder / "outputs.npz"
        batches = [inputs] if isinstance(inputs, np.ndarray) else inputs
        np.savez(source, *(np.asarray(batch, np.float32) for batch in batches))
        files = {"keras_file": str(keras), "inputs": str(source), "outputs": str(target)}
        with tensorflow_child.started(PREDICT, files) as running:

            def outputs(on_progress: Progress | None = None) -> list[npt.NDArray[np.float32]]:
                running.result(on_progress)
                with np.load(target) as arrays:
                    return [np.asarray(arrays[name], np.float32) for name in arrays.files]

            yield outputs
