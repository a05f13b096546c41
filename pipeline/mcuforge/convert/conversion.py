"""The conversion, start to end."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from mcuforge.convert import own_ranges as quantization
from mcuforge.convert import sample_checks
from mcuforge.convert.full_integer import enforce_full_integer, unread_inputs
from mcuforge.convert.own_ranges import Quantized
from mcuforge.errors import ModelError
from mcuforge.model_files.keras_file import check_keras_file
from mcuforge.model_files.keras_inputs import declared_inputs
from mcuforge.processes import scratch, tensorflow_child
from mcuforge.processes.tensorflow_child import Progress
from mcuforge.quantization.ranges import range_checks
from mcuforge.quantization.ranges.range_checks import RangeChecks
from mcuforge.recipe import Metric, Recipe
from mcuforge.recipe.quantization import DEFAULT, Bits, QuantizationSettings
from mcuforge.samples import calibration as samples
from mcuforge.samples.calibration import Calibration
from mcuforge.samples.sources import Source
from mcuforge.tflite.rewrite_float_moves import rewrite_float_moves
from mcuforge.tflite.rewrite_rescaling import rewrite_rescaling
from mcuforge.tflite.rewrite_upsampling import rewrite_upsampling
from mcuforge.wording import notebook

_KINDS = {
    Bits.INT8: "full-integer int8",
    Bits.INT16: "full-integer, int16 activations and int8 weights",
    Bits.DYNAMIC: "int8 weights, float inputs and outputs",
}

_TRY_CONVERTER = "The TensorFlow Lite converter may know it: --calibration converter."

_UNREAD = "{}: no layer reads input '{}'. It stays in the .tflite, in float32."


@dataclass(frozen=True)
class ConversionResult:
    """The model, and how it came about.

    `rewritten` names the tensors whose nearest upsampling was rewritten to a resize, `ranges` tells
    what each activation got (empty where the TensorFlow Lite converter chose), `effects` what each
    correction that was asked for changed, `sample_warnings` what looks wrong with the calibration
    samples, `checks` what is wrong with the ranges, `refused` what keeps the planner from it, where
    it was asked (`planning.refusals`).
    """

    tflite: bytes
    calibration_samples: int
    rewritten: tuple[str, ...]
    settings: QuantizationSettings
    ranges: tuple[quantization.TensorRange, ...]
    effects: tuple[quantization.Effect, ...]
    sample_warnings: tuple[str, ...]
    checks: RangeChecks
    refused: tuple[str, ...] = ()

    def _repr_html_(self) -> str:
        """What notebooks show."""
        rows = [
            ("size", notebook.amount(len(self.tflite))),
            ("quantised with", str(self.settings)),
            ("calibration samples", f"{self.calibration_samples:,}"),
            *(("warning", text) for text in self.warnings),
        ]
        return notebook.table("A full-integer .tflite", rows)

    @property
    def warnings(self) -> tuple[str, ...]:
        """What looks wrong with the samples, then with the ranges, then what is not supported."""
        refused = (f"no firmware can be made of this yet: {text}" for text in self.refused)
        return (*self.sample_warnings, *self.checks.warnings, *refused)

    @property
    def kind(self) -> str:
        """What the model computes in, in words."""
        return _KINDS[self.settings.bits]


def convert(
    source: Recipe | str | os.PathLike[str],
    calibration: Source | None = None,
    on_progress: Progress | None = None,
    settings: QuantizationSettings | None = None,
    on_trial: Progress | None = None,
    on_check: Progress | None = None,
) -> ConversionResult:
    """Convert a recipe's model, or a `.keras` file with calibration samples.

    These are an `.npz` or `.npy` file, an array float [N, ...], an iterable that yields sample
    after sample, of which only one is in memory at a time, or a function that returns one of these.
    A model with several inputs takes a dict of arrays by name, or an iterable of such samples; a
    tuple or list of arrays where it is called with a list. `settings` replace the recipe's. By
    default the
    TensorFlow Lite converter does it all: int8 weights and activations, ranges by min-max. The
    result is full-integer, with int8 input and output, unless `settings` ask for other bits. The
    same model, samples and settings give the same bytes. `on_progress` counts calibration samples,
    `on_trial` what auto tries, `on_check` samples whose values are compared with the ranges.

    Raises `ModelError` where the model is missing, damaged, or cannot be made full-integer,
    `UsageError` where the calibration samples are unusable, `ToolError` where TensorFlow or
    litert-quantizer is missing or fails.
    """
    golden, metric = None, Metric.NONE
    if isinstance(source, Recipe):
        keras, golden, metric = source.keras_file(), source.golden, source.metric
        calibration = source.calibration if calibration is None else calibration
        settings = source.quantization if settings is None else settings
    else:
        keras = Path(source)
    settings = settings or DEFAULT
    check_keras_file(keras)
    with scratch.folder() as folder:
        declared = declared_inputs(keras)
        inputs = samples.write(calibration, folder / "calibration.f32", declared)
        warnings = sample_checks.warnings(inputs, golden, metric)
        done = _quantize(keras, inputs, settings, folder, on_progress, on_trial)
        _check(done.tflite, str(keras), settings)
        checks = _check_ranges(done, inputs, settings, folder, on_check)
    warnings += tuple(_UNREAD.format(keras, name) for name in unread_inputs(done.tflite))
    return ConversionResult(
        done.tflite,
        inputs.count,
        done.rewritten,
        settings,
        done.ranges,
        done.effects,
        warnings,
        checks,
    )


def _check_ranges(
    done: Quantized,
    inputs: Calibration,
    settings: QuantizationSettings,
    folder: Path,
    on_check: Progress | None,
) -> RangeChecks:
    if settings.bits is Bits.DYNAMIC:
        return RangeChecks()
    return range_checks.check(done.float_model, done.tflite, inputs, settings, folder, on_check)


def _check(tflite: bytes, where: str, settings: QuantizationSettings) -> None:
    if settings.bits is Bits.DYNAMIC:
        return
    try:
        enforce_full_integer(tflite, where, int16=settings.bits is Bits.INT16)
    except ModelError as error:
        if settings.by_converter:
            raise
        raise ModelError(f"{error.message} {_TRY_CONVERTER}") from error


def _quantize(
    keras: Path,
    inputs: Calibration,
    settings: QuantizationSettings,
    folder: Path,
    on_progress: Progress | None,
    on_trial: Progress | None,
) -> Quantized:
    if not settings.by_converter:
        return quantization.quantize(keras, inputs, settings, folder, on_progress, on_trial)
    quantized, floats = _run_converter(keras, inputs, folder, on_progress)
    rewritten = rewrite_upsampling(quantized)
    return Quantized(rewritten.model, quantization.float_model(floats)[0], rewritten.tensors)


def _run_converter(
    keras: Path, inputs: Calibration, folder: Path, on_progress: Progress | None
) -> tuple[bytes, bytes]:
    """The `.tflite`, and the same in float."""
    tflite, floats = folder / "model.tflite", folder / "float.tflite"
    arguments: dict[str, str | int] = {
        "keras_file": str(keras),
        "calibration": str(inputs.file),
        "layout": inputs.layout_json,
        "count": inputs.count,
        "calibration_name": inputs.name,
        "tflite": str(tflite),
        "float_model": str(floats),
    }
    tensorflow_child.call("mcuforge.convert.keras_jobs:quantise", arguments, on_progress)
    return rewrite_rescaling(rewrite_float_moves(tflite.read_bytes())), floats.read_bytes()
