"""What a model takes, and what it gives for samples: of Keras models and of `.tflite` files."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from mcuforge.convert import all_float_outputs
from mcuforge.errors import ModelError, UsageError
from mcuforge.frontend import border_names, read_graph
from mcuforge.frontend.graph import Graph
from mcuforge.model_files import saved_config
from mcuforge.model_files.keras_inputs import DeclaredInput, declared_inputs
from mcuforge.model_files.kind import CONVERTIBLE, Kind, recognise, refusal
from mcuforge.processes.tensorflow_child import Progress
from mcuforge.proof.evaluation import all_host_outputs
from mcuforge.samples import quantised

Array = npt.NDArray[Any]

_SUFFIXES = {Kind.TFLITE: ".tflite", Kind.KERAS: ".keras", Kind.HDF5: ".h5", Kind.SAVED_MODEL: ""}


@dataclass(frozen=True)
class ModelFacts:
    """A model file: what it is, and its inputs (none where the file does not tell them).

    `graph` is that of a `.tflite`, None for a Keras model.
    """

    path: Path
    kind: Kind
    inputs: tuple[DeclaredInput, ...]
    graph: Graph | None

    @property
    def file_name(self) -> str:
        """What a copy of it is called in a recipe's folder."""
        return f"model{_SUFFIXES[self.kind]}"

    @property
    def stem(self) -> str:
        """Its name without a suffix."""
        path = Path(os.path.abspath(self.path))  # noqa: PTH100 - links keep their names
        return path.stem if self.path.is_file() else path.name

    def scales_samples(self) -> bool:
        """Whether a Keras model's file tells of a layer that scales what it is given."""
        if self.kind not in (Kind.KERAS, Kind.HDF5):
            return False
        text = json.dumps(saved_config.read(self.path).config)
        return any(f'"class_name": "{layer}"' in text for layer in ("Rescaling", "Normalization"))

    def outputs(
        self, inputs: Sequence[Array], on_progress: Progress | None = None
    ) -> list[npt.NDArray[np.float32]]:
        """Each output, float32 [N, ...], for an array [N, ...] of each input.

        Computed by Keras, or of a `.tflite` by TFLM's kernels. Raises `ToolError` where these are
        missing, and `ModelError` where the model does not take the samples.
        """
        if self.graph is not None:
            return all_host_outputs(self.path.read_bytes(), list(inputs))[0]
        return all_float_outputs(self.path, list(inputs), on_progress)

    def real(self, values: Array, number: int) -> Array:
        """Samples of an input as real values: those that are quantised as a `.tflite` takes them
        already are dequantised, which loses nothing.
        """
        if self.graph is None:
            return values
        tensor = self.graph.tensor(self.graph.inputs[number])
        if values.dtype != np.dtype(tensor.dtype.value) or tensor.quantization is None:
            return values
        return quantised.dequantize(values, tensor)


def look_at(path: Path) -> ModelFacts:
    """What a model file is. Raises `UsageError` for what is no model, `ModelError` if damaged."""
    kind = recognise(path)
    if kind is Kind.RECIPE:
        raise UsageError(f"{path}: has a recipe already. Next: mcuforge run {path}")
    if kind is Kind.TFLITE:
        graph = read_graph(path)
        inputs = tuple(
            DeclaredInput(name, graph.tensor(index).shape[1:])
            for name, index in zip(border_names.input_names(graph), graph.inputs, strict=True)
        )
        return ModelFacts(path, kind, inputs, graph)
    if kind not in CONVERTIBLE:
        raise refusal(path, kind)
    declared = declared_inputs(path)
    if kind is not Kind.SAVED_MODEL and not path.is_file():
        raise ModelError(f"{path}: no file.")
    return ModelFacts(path, kind, declared.inputs if declared else (), None)
