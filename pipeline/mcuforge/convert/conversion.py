"""The conversion, start to end."""

from __future__ import annotations

import json
import tempfile
from dataclasses import dataclass
from pathlib import Path

from mcuforge.convert import calibration as samples
from mcuforge.convert import child, sample_checks
from mcuforge.convert.calibration import Calibration, Source
from mcuforge.convert.child import Progress
from mcuforge.convert.full_integer import enforce_full_integer
from mcuforge.convert.keras_file import check_keras_file
from mcuforge.convert.rewrite_rescaling import rewrite_rescaling
from mcuforge.convert.rewrite_upsampling import rewrite_upsampling
from mcuforge.errors import ModelError
from mcuforge.quantization import conversion as quantization
from mcuforge.quantization.conversion import Quantized
from mcuforge.quantization.settings import DEFAULT, Bits, QuantizationSettings
from mcuforge.recipe import Recipe

_KINDS = {
    Bits.INT8: "full-integer int8",
    Bits.INT16: "full-integer, int16 activations and int8 weights",
    Bits.DYNAMIC: "int8 weights, float inputs and outputs",
}

_TRY_CONVERTER = "The converter's own min-max, without any setting, may know it."


@dataclass(frozen=True)
class ConversionResult:
    """The model, and how it came about.

    `rewritten` names the tensors whose nearest upsampling was rewritten to a resize, `ranges` tells
    what each activation got (empty where the TensorFlow Lite converter chose), `effects` what each
    correction that was asked for changed, `warnings` what looks wrong with the calibration samples.
    """

    tflite: bytes
    calibration_samples: int
    rewritten: tuple[str, ...]
    settings: QuantizationSettings
    ranges: tuple[quantization.TensorRange, ...]
    effects: tuple[quantization.Effect, ...]
    warnings: tuple[str, ...]

    @property
    def kind(self) -> str:
        """What the model computes in, in words."""
        return _KINDS[self.settings.bits]


def convert(
    source: Recipe | Path,
    calibration: Source | None = None,
    on_progress: Progress | None = None,
    settings: QuantizationSettings | None = None,
    on_trial: Progress | None = None,
) -> ConversionResult:
    """Convert a recipe's model, or a `.keras` file with calibration samples.

    These are an `.npz` or `.npy` file, an array float [N, ...], or an iterable that yields sample
    after sample; only one is in memory at a time. `settings` replace the recipe's. By default the
    TensorFlow Lite converter does it all: int8 weights and activations, ranges by min-max. The
    result is full-integer, with int8 input and output, unless `settings` ask for other bits. The
    same model, samples and settings give the same bytes. `on_progress` counts calibration samples,
    `on_trial` what auto tries.

    Raises `ModelError` where the model is missing, damaged, or cannot be made full-integer,
    `UsageError` where the calibration samples are unusable, `ToolError` where TensorFlow or
    litert-quantizer is missing or fails.
    """
    golden: Path | None = None
    if isinstance(source, Recipe):
        keras, golden = source.keras, source.golden
        calibration = source.calibration if calibration is None else calibration
        settings = source.quantization if settings is None else settings
    else:
        keras = source
    settings = settings or DEFAULT
    check_keras_file(keras)
    with tempfile.TemporaryDirectory(prefix="mcuforge-") as name:
        folder = Path(name)
        inputs = samples.write(calibration, folder / "calibration.f32")
        warnings = sample_checks.warnings(inputs, golden)
        done = _quantize(keras, inputs, settings, folder, on_progress, on_trial)
    _check(done.tflite, str(keras), settings)
    return ConversionResult(
        done.tflite, inputs.count, done.rewritten, settings, done.ranges, done.effects, warnings
    )


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
    rewritten = rewrite_upsampling(_run_converter(keras, inputs, folder, on_progress))
    return Quantized(rewritten.model, rewritten.tensors)


def _run_converter(
    keras: Path, inputs: Calibration, folder: Path, on_progress: Progress | None
) -> bytes:
    tflite = folder / "model.tflite"
    arguments: dict[str, str | int] = {
        "keras_file": str(keras),
        "calibration": str(inputs.file),
        "shape": json.dumps(inputs.shape),
        "count": inputs.count,
        "calibration_name": inputs.name,
        "tflite": str(tflite),
    }
    child.call("mcuforge.convert.keras_jobs:quantise", arguments, on_progress)
    return rewrite_rescaling(tflite.read_bytes())
