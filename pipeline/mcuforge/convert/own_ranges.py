"""Keras -> quantised `.tflite` with ranges of our own choice, start to end."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from mcuforge.processes import tensorflow_child
from mcuforge.processes.tensorflow_child import Progress
from mcuforge.quantization.float_model import with_unique_names
from mcuforge.recipe.quantization import QuantizationSettings
from mcuforge.samples.calibration import Calibration
from mcuforge.tflite.rewrite_upsampling import rewrite_upsampling


@dataclass(frozen=True)
class TensorRange:
    """The range that one activation got, in real values, and why."""

    tensor: str
    layer: str
    strategy: str
    low: float
    high: float
    reason: str


@dataclass(frozen=True)
class Effect:
    """What a correction changed: the output's error on calibration samples without and with it.

    The energy of the difference to the float output, relative to the output's energy.
    """

    correction: str
    without: float
    with_it: float


@dataclass(frozen=True)
class Quantized:
    """The model, and in float; rewritten upsamplings; the ranges; what the corrections changed."""

    tflite: bytes
    float_model: bytes
    rewritten: tuple[str, ...]
    ranges: tuple[TensorRange, ...] = ()
    effects: tuple[Effect, ...] = ()


def float_tflite(
    keras: Path, calibration: Calibration, folder: Path
) -> tuple[bytes, tuple[str, ...]]:
    """The model in float, its upsamplings rewritten (their names beside it).

    `folder` is for temporary files. Raises what the child process raises.
    """
    tflite = folder / "float.tflite"
    arguments: dict[str, str | int] = {
        "keras_file": str(keras),
        "calibration": str(calibration.file),
        "layout": calibration.layout_json,
        "count": calibration.count,
        "calibration_name": calibration.name,
        "tflite": str(tflite),
    }
    tensorflow_child.call("mcuforge.convert.keras_jobs:to_float", arguments)
    return float_model(tflite.read_bytes())


def float_model(converted: bytes) -> tuple[bytes, tuple[str, ...]]:
    """What TensorFlow's converter made, ready to observe; the names of rewritten upsamplings."""
    rewritten = rewrite_upsampling(converted)
    return with_unique_names(rewritten.model), rewritten.tensors


def quantize(
    keras: Path,
    calibration: Calibration,
    settings: QuantizationSettings,
    folder: Path,
    on_progress: Progress | None = None,
    on_trial: Progress | None = None,
) -> Quantized:
    """Quantise a `.keras` file as `settings` say. `folder` is for temporary files.

    `on_progress` counts observed samples, `on_trial` what auto tries.
    """
    model, rewritten = float_tflite(keras, calibration, folder)
    return quantize_float(model, rewritten, calibration, settings, folder, on_progress, on_trial)


def quantize_float(
    model: bytes,
    rewritten: tuple[str, ...],
    calibration: Calibration,
    settings: QuantizationSettings,
    folder: Path,
    on_progress: Progress | None = None,
    on_trial: Progress | None = None,
) -> Quantized:
    """The same for what `float_tflite` returned."""
    source, target = folder / "named.tflite", folder / "quantized.tflite"
    source.write_bytes(model)
    arguments: dict[str, str | int] = {
        "float_model": str(source),
        "samples": str(calibration.file),
        "layout": calibration.layout_json,
        "count": calibration.count,
        "options": settings.to_json(),
        "tflite": str(target),
    }
    found = tensorflow_child.call(
        "mcuforge.quantization.job:quantize", arguments, _split(on_progress, on_trial)
    )
    ranges = tuple(TensorRange(**tensor) for tensor in found["tensors"])
    effects = tuple(Effect(name, *errors) for name, errors in found["effects"].items())
    return Quantized(target.read_bytes(), model, rewritten, ranges, effects)


def _split(on_progress: Progress | None, on_trial: Progress | None) -> Progress:
    """Of one child: trials are counted below zero there."""

    def progress(done: int, total: int) -> None:
        receiver = on_progress if total > 0 else on_trial
        if receiver is not None:
            receiver(done, abs(total))

    return progress
