"""`mcuforge convert`."""

from __future__ import annotations

from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import click

from mcuforge import planning, recipe
from mcuforge.cli.arguments import INPUT_MODEL, SAMPLES
from mcuforge.cli.common import borders_of, echo_document, json_option, ram_choice
from mcuforge.cli.consoles import echo, warn
from mcuforge.cli.debug_quantization import default_board, write_report
from mcuforge.cli.option_sections import SectionedCommand
from mcuforge.cli.progress import OnStage, stages
from mcuforge.cli.quantization import chosen, quantization_options, split_calibration
from mcuforge.convert import ConversionResult, convert
from mcuforge.convert.early_start import expect_conversion
from mcuforge.documents.models import CONVERT
from mcuforge.errors import UsageError
from mcuforge.files import atomic
from mcuforge.model_files.kind import Kind, recognise, require_convertible
from mcuforge.proof.evaluation import Evaluation, evaluate
from mcuforge.recipe import Recipe
from mcuforge.recipe.quantization import Bits
from mcuforge.report import results
from mcuforge.studies import debug_quantization
from mcuforge.studies.debug_quantization import QuantizationReport


@click.command(cls=SectionedCommand)
@click.argument("model", type=INPUT_MODEL)
@click.option(
    "--samples",
    type=SAMPLES,
    metavar="FILE.npz",
    help="Its array 'inputs' holds typical inputs, float32 [N, ...]; of several inputs there is an "
    "array for each, by name.",
)
@quantization_options
@click.option(
    "--evaluate", "measure", is_flag=True, help="Measure the result on the golden samples."
)
@click.option(
    "--report",
    is_flag=True,
    help="Measure what each layer lost, as debug-quantization does; writes an HTML page beside "
    "the .tflite.",
)
@click.option(
    "-o", "--output", type=click.Path(path_type=Path), help="The .tflite [beside the model]."
)
@json_option
def command(
    model: Path,
    samples: Path | None,
    measure: bool,
    report: bool,
    output: Path | None,
    as_json: bool,
    **words: Any,
) -> None:
    """Convert MODEL (a model folder, or a .keras file) to a full-integer .tflite.

    A folder's recipe names the calibration samples; a .keras file needs --samples. The other
    options say how values are quantised, instead of the recipe. (--calibration FILE.npz, too, names
    the samples.)
    """
    expect_conversion(model)
    words["calibration"], samples = split_calibration(words["calibration"], samples)
    source = recipe.load(model) if recognise(model) is Kind.RECIPE else model
    if isinstance(source, Path):
        require_convertible(source)
    if measure and not isinstance(source, Recipe):
        raise UsageError("--evaluate needs a model folder: its recipe names golden samples.")
    if report and not isinstance(source, Recipe):
        raise UsageError(
            "--report needs a model folder, whose golden samples were held out. For a .keras file "
            "use: mcuforge debug-quantization MODEL --samples FILE.npz"
        )
    target = output or (
        source.tflite if isinstance(source, Recipe) else model.with_suffix(".tflite")
    )
    if target == model:
        raise UsageError(f"{target} would be written over. Name another file with -o.")
    page = target.with_suffix(".quantization.html")
    results.check(*((target,) if output is None else ()), *((page,) if report else ()))
    with stages() as on_stage:
        on_stage("calibrating", 0, 0)  # TensorFlow starts, which takes a while
        result = convert(
            source,
            samples,
            lambda done, total: on_stage("calibrating", done, total),
            chosen(model, words),
            lambda done, total: on_stage("choosing", done, total),
            lambda done, total: on_stage("checking", done, total),
        )
        result = _planned(result, target)
        evaluation = None
        if measure and isinstance(source, Recipe):
            evaluation = _evaluate(source, result, on_stage)
        atomic.write_bytes(target, result.tflite)
        analysis = None
        if report and isinstance(source, Recipe):
            analysis = _analyse(source, samples, result, on_stage)
    for warning in result.warnings:
        warn(warning)
    if as_json:
        echo_document(CONVERT, _as_json(target, result, evaluation, analysis))
    else:
        _print(target, result, evaluation)
    if analysis is not None:
        write_report(analysis, page, quiet=as_json)


def _planned(result: ConversionResult, target: Path) -> ConversionResult:
    """The result with what would keep it from becoming firmware."""
    if result.settings.bits is Bits.DYNAMIC:  # of which there is no firmware: see `inspect`
        return result
    return replace(result, refused=planning.refusals(result.tflite, target.stem))


def _analyse(
    source: Recipe, samples: Path | None, result: ConversionResult, on_stage: OnStage
) -> QuantizationReport:
    return debug_quantization.analyse(
        source,
        calibration=samples,
        held_out=None,
        settings=result.settings,
        board=default_board(),
        strategies=True,
        on_stage=on_stage,
        converted=result,
        memory=ram_choice(source, None)[0],
        borders=borders_of(None, None, source),
    )


def _evaluate(source: Recipe, result: ConversionResult, on_stage: OnStage) -> Evaluation:
    on_stage("evaluating", 0, 0)
    return evaluate(source, result.tflite, lambda done, total: on_stage("evaluating", done, total))


def _as_json(
    target: Path,
    result: ConversionResult,
    evaluation: Evaluation | None,
    analysis: QuantizationReport | None,
) -> dict[str, Any]:
    return {
        "tflite": str(target),
        "bytes": len(result.tflite),
        "calibration_samples": result.calibration_samples,
        "rewritten": list(result.rewritten),
        "quantization": str(result.settings),
        "ranges": [asdict(r) for r in result.ranges],
        "effects": [asdict(e) for e in result.effects],
        "warnings": list(result.warnings),
        "evaluation": None if evaluation is None else asdict(evaluation),
        "report": None if analysis is None else analysis.as_json(),
    }


def _print(target: Path, result: ConversionResult, evaluation: Evaluation | None) -> None:
    count = result.calibration_samples
    echo(
        f"{target}: {len(result.tflite):,} bytes, {result.kind}, calibrated on "
        f"{count} {'sample' if count == 1 else 'samples'} ({result.settings})."
        if result.settings.bits is not Bits.DYNAMIC
        else f"{target}: {len(result.tflite):,} bytes, {result.kind}."
    )
    for name in result.rewritten:
        echo(f"Nearest upsampling rewritten to RESIZE_NEAREST_NEIGHBOR: {name}")
    if result.settings.strategy is None:
        for r in result.ranges:
            echo(f"{r.layer}: {r.strategy}, {r.low:.4g} ... {r.high:.4g}: {r.reason}.")
    for e in result.effects:
        echo(f"{e.correction}: output error {e.with_it:.3g} with it, {e.without:.3g} without.")
    if evaluation is not None:
        for metric, value in evaluation.quantized.items():
            echo(
                f"{metric}: float {evaluation.float_model[metric]:.4g}, quantised {value:.4g} "
                f"({evaluation.engine})."
            )
