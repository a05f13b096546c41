"""Each way to quantise a model, overall: the error at its output, its quality, and its costs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from mcuforge.convert import all_float_outputs, convert, input_names
from mcuforge.convert.own_ranges import quantize_float
from mcuforge.errors import ForgeError
from mcuforge.processes import tensorflow_child
from mcuforge.proof.evaluation import all_host_outputs
from mcuforge.recipe import Recipe, metrics
from mcuforge.recipe import quantization as settings
from mcuforge.recipe.quantization import DEFAULT, Bits, QuantizationSettings
from mcuforge.samples.calibration import Calibration
from mcuforge.studies.quantization.analysis import OnStage, job_arguments

STRATEGIES = (
    "min-max",
    "moving-average",
    "percentile 0.1 99.9",
    "percentile 1 99",
    "mse",
    "kl",
    "auto",
)
# the bytes of flash and of the arena and the instructions of one inference, of a .tflite
FirmwareCosts = Callable[[Path], tuple[int, int, int]]


@dataclass(frozen=True)
class Outcome:
    """One way to quantise. `noise` is the error at the output, relative to the output's energy.

    `metrics` are the recipe's, of the oracle on the golden samples. `flash` and `arena` (bytes) and
    `instructions` (of one inference, simulated) are None where there is no firmware for it, or none
    was asked for. `problem` says what could not be measured, and why. `options` of `convert` and
    `run` give this very file.
    """

    settings: str
    noise: float | None = None
    metrics: tuple[tuple[str, float], ...] = ()
    tflite_bytes: int | None = None
    flash: int | None = None
    arena: int | None = None
    instructions: int | None = None
    problem: str | None = None
    options: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class Subject:
    """What is quantised and measured: a `.keras`, as a float `.tflite` that `float_tflite` made.

    `recipe` is None for a bare `.keras`.
    """

    recipe: Recipe | None
    keras: Path
    float_model: Path
    calibration: Calibration
    held_out: Calibration
    folder: Path


def float_quality(recipe: Recipe | None) -> tuple[tuple[str, float], ...]:
    """The metrics of the float Keras model on the golden samples."""
    if recipe is None:
        return ()
    names = input_names(recipe.keras_file())
    golden = metrics.load_golden(recipe.golden, recipe.metric, names)
    inputs = metrics.golden_inputs(golden, names)
    first, *more = all_float_outputs(recipe.keras_file(), inputs)
    return tuple(metrics.evaluate(recipe.metric, inputs[0], first, golden, *more[:1]).items())


def compare(
    subject: Subject,
    base: QuantizationSettings,
    costs: FirmwareCosts | None,
    on_stage: OnStage,
) -> tuple[Outcome, ...]:
    """The converter, every strategy, weights per tensor, and 16x8.

    `base` gives corrections and symmetry to all but the converter.
    """
    variants = list(_variants(base))
    outcomes = []
    for number, variant in enumerate(variants):
        on_stage("strategies", number, len(variants))
        outcomes.append(_quantized(subject, variant, costs))
    on_stage("strategies", len(variants), len(variants))
    return tuple(outcomes)


def _variants(base: QuantizationSettings) -> Iterator[QuantizationSettings]:
    if not base.by_converter:
        yield DEFAULT
    plain = replace(base, bits=Bits.INT8, per_channel=True, layers=(), strategy=settings.MIN_MAX)
    for text in STRATEGIES:
        yield replace(plain, strategy=settings.parse_strategy(text))
    yield replace(plain, per_channel=False)
    yield replace(plain, bits=Bits.INT16)


def _quantized(
    subject: Subject, variant: QuantizationSettings, costs: FirmwareCosts | None
) -> Outcome:
    try:
        return outcome(subject, variant, _tflite(subject, variant), costs)
    except ForgeError as error:
        return Outcome(str(variant), problem=error.message, options=_options(subject, variant))


def _options(subject: Subject, variant: QuantizationSettings) -> tuple[str, ...]:
    return variant.options(DEFAULT if subject.recipe is None else subject.recipe.quantization)


def _tflite(subject: Subject, variant: QuantizationSettings) -> bytes:
    if variant.by_converter:
        given = subject.calibration.given()
        return convert(subject.keras, given, settings=variant).tflite
    model = subject.float_model.read_bytes()
    return quantize_float(model, (), subject.calibration, variant, subject.folder).tflite


def outcome(
    subject: Subject, variant: QuantizationSettings, tflite: bytes, costs: FirmwareCosts | None
) -> Outcome:
    """Measure one quantised model. Raises what the child process and the interpreters raise."""
    file = subject.folder / "variant.tflite"
    file.write_bytes(tflite)
    arguments = job_arguments(subject.float_model, file, subject.held_out)
    found = Outcome(
        str(variant),
        tensorflow_child.call("mcuforge.studies.quantization.damage_job:noise", arguments),
        _quality(subject.recipe, tflite),
        len(tflite),
        options=_options(subject, variant),
    )
    if costs is None or variant.bits is Bits.DYNAMIC:
        return found
    try:
        flash, arena, instructions = costs(file)
    except ForgeError as error:
        return replace(found, problem=error.message)
    return replace(found, flash=flash, arena=arena, instructions=instructions)


def _quality(recipe: Recipe | None, tflite: bytes) -> tuple[tuple[str, float], ...]:
    if recipe is None:
        return ()
    names = input_names(recipe.keras_file())
    golden = metrics.load_golden(recipe.golden, recipe.metric, names)
    inputs = metrics.golden_inputs(golden, names)
    (first, *more), _ = all_host_outputs(tflite, inputs)
    return tuple(metrics.evaluate(recipe.metric, inputs[0], first, golden, *more[:1]).items())
