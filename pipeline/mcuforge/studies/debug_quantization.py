"""What quantising a model lost and where: composes the measurements of `mcuforge.quantization`."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from mcuforge import build, documents, planning
from mcuforge.boards import Board
from mcuforge.convert import ConversionResult, convert
from mcuforge.convert.own_ranges import float_tflite
from mcuforge.documents.quantization import SCHEMA
from mcuforge.emit import project
from mcuforge.errors import UnsupportedError, UsageError
from mcuforge.model_files.keras_inputs import DeclaredInputs, declared_inputs
from mcuforge.planning.rows.borders import WHOLE_BORDERS, BorderRows
from mcuforge.processes import scratch
from mcuforge.quantization.ranges.loudness import loud
from mcuforge.recipe import Metric, Recipe, metrics
from mcuforge.recipe.quantization import Bits, QuantizationSettings
from mcuforge.samples import calibration as samples
from mcuforge.samples.calibration import Calibration
from mcuforge.samples.sources import Source
from mcuforge.simulate.choose import choose
from mcuforge.studies.quantization import analysis, comparison
from mcuforge.studies.quantization.analysis import Damage, OnStage
from mcuforge.studies.quantization.comparison import FirmwareCosts, Outcome, Subject
from mcuforge.studies.quantization.recommend import recommend

HELD_OUT_EVERY = 4  # of the samples, where none are given to be held out
_LEFT_OUT = (
    "{} of {} held-out samples may be outliers: nothing is measured on them. Give good ones by "
    "--held-out FILE.npz."
)
_NOT_HELD_OUT = (
    "the sample that set the ranges is also the one that is measured on: nothing is said of other "
    "inputs. Give more samples, or --held-out FILE.npz."
)


@dataclass(frozen=True)
class QuantizationReport:
    """Everything about one model's quantisation. `float_metrics` are those of the Keras model."""

    model: str
    conversion: str
    damage: Damage
    float_metrics: tuple[tuple[str, float], ...]
    present: Outcome
    outcomes: tuple[Outcome, ...]
    recommendations: tuple[str, ...]
    board: str | None
    warnings: tuple[str, ...]

    def as_json(self) -> dict[str, Any]:
        """The report as plain data."""
        return documents.document(SCHEMA, asdict(self))


def analyse(
    source: Recipe | Path,
    *,
    calibration: Path | None,
    held_out: Path | None,
    settings: QuantizationSettings | None,
    board: Board | None,
    strategies: bool,
    on_stage: OnStage,
    converted: ConversionResult | None = None,
    memory: str = planning.FIT,
    borders: BorderRows = WHOLE_BORDERS,
) -> QuantizationReport:
    """Quantise a recipe's model or a `.keras` file, and measure what that costs.

    The recipe's golden samples are held out, of an anomaly detector the normal ones; `held_out`
    replaces them. A `.keras` file without
    held-out samples is calibrated on three quarters of its samples and measured on the rest. What
    may be outliers is left out of these: one that is 20 times as loud would decide alone.
    `converted` is the model, where it was quantised already with these samples and settings. With
    `strategies` every other way to quantise is measured too, and with a `board` its firmware,
    planned with `memory` and `borders` as in `planning.plan_for`.
    Raises `ForgeError` as `convert` does, `UnsupportedError` for dynamic-range models.
    """
    if settings is None and isinstance(source, Recipe):
        settings = source.quantization
    if settings is not None and settings.bits is Bits.DYNAMIC:
        raise UnsupportedError(
            "bits = 'dynamic' leaves activations in float: there is no range to look at. Compare "
            "it with: mcuforge convert MODEL --bits dynamic --evaluate."
        )
    if board is not None:
        choose(board)
        build.require_tools(host=False)
    with scratch.folder() as folder:
        data = _samples(source, calibration, held_out, folder)
        converted = converted or convert(
            source,
            data.given,
            lambda done, total: on_stage("calibrating", done, total),
            settings,
            lambda done, total: on_stage("choosing", done, total),
            lambda done, total: on_stage("checking", done, total),
        )
        keras = source.keras_file() if isinstance(source, Recipe) else source
        subject = _subject(source, keras, data, folder)
        tflite = folder / "present.tflite"
        tflite.write_bytes(converted.tflite)
        damage = analysis.measure(
            subject.float_model,
            tflite,
            data.measured,
            on_stage,
            equalized=converted.settings.equalization,
        )
        costs = (
            None if board is None else firmware_costs(board, folder / "firmware", memory, borders)
        )
        present = comparison.outcome(subject, converted.settings, converted.tflite, costs)
        outcomes: tuple[Outcome, ...] = ()
        if strategies:
            outcomes = comparison.compare(subject, converted.settings, costs, on_stage)
        floats = comparison.float_quality(subject.recipe)
    return QuantizationReport(
        model=source.name if isinstance(source, Recipe) else source.stem,
        conversion=str(converted.settings),
        damage=damage,
        float_metrics=floats,
        present=present,
        outcomes=outcomes,
        recommendations=recommend(
            damage,
            converted.settings,
            present,
            outcomes,
            converted.checks,
            normal_only=isinstance(source, Recipe) and source.metric is Metric.RECONSTRUCTION,
        ),
        board=None if board is None else board.name,
        warnings=(*converted.sample_warnings, *data.warnings),
    )


class _Samples(NamedTuple):
    """What ranges are chosen on, as `convert` takes it and in a file; what is measured on."""

    given: Source
    calibrated: Calibration
    measured: Calibration
    warnings: tuple[str, ...] = ()


def _samples(
    source: Recipe | Path, calibration: Path | None, held_out: Path | None, folder: Path
) -> _Samples:
    metric = Metric.NONE
    if isinstance(source, Recipe):
        calibration = calibration or source.calibration
        held_out = held_out or source.golden
        metric = source.metric
    declared = declared_inputs(source.keras_file() if isinstance(source, Recipe) else source)
    first = samples.write(calibration, folder / "calibration.f32", declared)
    if held_out is not None and calibration is not None:
        good: Source = held_out
        if metric is Metric.RECONSTRUCTION:
            good = metrics.measured_inputs(held_out, metric)
        second = samples.write(good, folder / "held-out.f32", declared)
        second = replace(second, name=str(held_out))
        _check_alike(first, second)
        return _Samples(calibration, first, second)
    if first.count < 2:
        return _Samples(first.given(), first, first, (_NOT_HELD_OUT,))
    every = min(HELD_OUT_EVERY, first.count)  # of fewer than four, the last
    held = set(range(every - 1, first.count, every))
    outliers = held & loud(first.samples())
    chosen = _part(first, folder / "chosen.f32", declared, set(range(first.count)) - held)
    measured = _part(first, folder / "held-out.f32", declared, held - outliers)
    warnings = (_LEFT_OUT.format(len(outliers), len(held)),) if outliers else ()
    return _Samples(chosen.given(), chosen, measured, warnings)


def _part(
    everything: Calibration, file: Path, inputs: DeclaredInputs | None, numbers: set[int]
) -> Calibration:
    chosen = (sample for n, sample in enumerate(everything.given()) if n in numbers)
    return replace(samples.write(chosen, file, inputs), name=everything.name)


def _check_alike(first: Calibration, second: Calibration) -> None:
    for ours, theirs in zip(first.inputs, second.inputs, strict=True):
        if ours.shape != theirs.shape:
            raise UsageError(
                f"{second.name}: held-out samples of shape {list(theirs.shape)}, but the "
                f"calibration samples ({first.name}) have {list(ours.shape)}. Both must fit the "
                "model's input."
            )


def _subject(source: Recipe | Path, keras: Path, data: _Samples, folder: Path) -> Subject:
    model, _ = float_tflite(keras, data.calibrated, folder)
    float_model = folder / "float-model.tflite"
    float_model.write_bytes(model)
    recipe = source if isinstance(source, Recipe) else None
    return Subject(recipe, keras, float_model, data.calibrated, data.measured, folder)


def firmware_costs(
    board: Board, folder: Path, memory: str = planning.FIT, borders: BorderRows = WHOLE_BORDERS
) -> FirmwareCosts:
    """Builds a `.tflite` for the board in `folder` and runs it once in the board's simulator.

    Raises `ToolError` where a tool or the simulator is missing.
    """
    simulator = choose(board)

    def measure(tflite: Path) -> tuple[int, int, int]:
        plan = planning.plan_for(board, tflite, "model", memory=memory, borders=borders)
        project.emit(plan, board, folder)
        built = build.build(folder, board.name)
        with simulator.open(built.elf) as running:
            hello = running.device.hello(plan.graph.model_hash)
            zeros = [np.zeros(t.shape, t.dtype) for t in hello.inputs]
            ticks = [running.device.run(zeros).ticks for _ in range(simulator.counting_runs)]
        return built.sizes.flash, plan.arena.bytes, simulator.count(ticks)

    return measure
