"""The conversion, start to end."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from mcuforge import samples
from mcuforge.convert import child
from mcuforge.convert.child import Progress
from mcuforge.convert.full_integer import enforce_full_integer
from mcuforge.convert.keras_file import check_keras_file
from mcuforge.convert.rewrite_upsampling import rewrite_upsampling
from mcuforge.errors import UsageError
from mcuforge.recipe import Recipe


@dataclass(frozen=True)
class ConversionResult:
    """The int8 model, and the tensors whose nearest upsampling was rewritten to a resize."""

    tflite: bytes
    calibration_samples: int
    rewritten: tuple[str, ...]


def convert(
    source: Recipe | Path,
    calibration: Path | npt.NDArray[Any] | None = None,
    on_progress: Progress | None = None,
) -> ConversionResult:
    """Convert a recipe's model, or a `.keras` file with calibration inputs float [N, ...].

    The result is full-integer: int8 weights and activations, int8 input and output. The same
    model and calibration give the same bytes. `on_progress` counts calibration samples.

    Raises `ModelError` where the model is missing, damaged, or cannot be made full-integer,
    `UsageError` where the calibration samples are unusable, `ToolError` where TensorFlow is
    missing or fails.
    """
    if isinstance(source, Recipe):
        keras = source.keras
        calibration = source.calibration if calibration is None else calibration
    else:
        keras = source
    check_keras_file(keras)
    inputs, where = _calibration_inputs(calibration)
    converted = _run_converter(keras, inputs, where, on_progress)
    rewritten = rewrite_upsampling(converted)
    enforce_full_integer(rewritten.model, str(keras))
    return ConversionResult(rewritten.model, len(inputs), rewritten.tensors)


def _calibration_inputs(
    calibration: Path | npt.NDArray[Any] | None,
) -> tuple[npt.NDArray[np.float32], str]:
    """The samples as float32, and how messages name them."""
    if calibration is None:
        raise UsageError(
            "No calibration samples. Give an .npz whose array 'inputs' holds 100 or so typical "
            "inputs, float32 [N, ...]: they set the ranges of the int8 values."
        )
    if isinstance(calibration, Path):
        array, where = samples.read_array(calibration), str(calibration)
    else:
        array, where = np.asarray(calibration), "calibration samples"
    if array.ndim < 2 or len(array) == 0:
        raise UsageError(f"{where}: shape {list(array.shape)}; expected [N, ...] with N > 0.")
    if array.dtype.kind != "f":
        raise UsageError(
            f"{where}: dtype {array.dtype}; expected float32, scaled as the model was trained."
        )
    if not np.isfinite(array).all():
        raise UsageError(f"{where}: the samples hold NaN or infinity.")
    return array.astype(np.float32), where


def _run_converter(
    keras: Path, inputs: npt.NDArray[np.float32], where: str, on_progress: Progress | None
) -> bytes:
    with tempfile.TemporaryDirectory(prefix="mcuforge-") as folder:
        calibration, tflite = Path(folder, "calibration.npy"), Path(folder, "model.tflite")
        np.save(calibration, inputs)
        arguments = {
            "keras_file": str(keras),
            "calibration": str(calibration),
            "calibration_name": where,
            "tflite": str(tflite),
        }
        child.call("mcuforge.convert.keras_jobs:quantise", arguments, on_progress)
        return tflite.read_bytes()
