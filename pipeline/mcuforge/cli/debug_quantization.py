"""`mcuforge debug-quantization`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from mcuforge import atomic, boards, debug_quantization, recipe
from mcuforge.cli.common import echo_json, json_option, result_console
from mcuforge.cli.progress import stages
from mcuforge.cli.quantization import chosen, quantization_options, split_calibration
from mcuforge.debug_quantization import QuantizationReport
from mcuforge.emit import c_names
from mcuforge.errors import ToolError, UsageError
from mcuforge.quantization import analysis_page
from mcuforge.simulate.choose import choose

DEFAULT_BOARD = "mps2-an386"


@click.command()
@click.argument("model", type=click.Path(path_type=Path))
@click.option(
    "--samples",
    type=click.Path(path_type=Path),
    metavar="FILE.npz",
    help="Calibration samples, instead of the recipe's.",
)
@click.option(
    "--held-out",
    type=click.Path(path_type=Path),
    metavar="FILE.npz",
    help="What is measured on [the golden samples; without, a quarter of the others].",
)
@quantization_options
@click.option("--strategies/--no-strategies", default=True, help="Measure every other way, too.")
@click.option(
    "--board",
    "board_name",
    help=f"Its firmware's flash and instructions [{DEFAULT_BOARD}, if it can be simulated].",
)
@click.option("--no-firmware", is_flag=True, help="Build and simulate nothing.")
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path, dir_okay=False),
    help="The HTML page [build/MODEL-quantization.html].",
)
@json_option
def command(
    model: Path,
    samples: Path | None,
    held_out: Path | None,
    strategies: bool,
    board_name: str | None,
    no_firmware: bool,
    output: Path | None,
    as_json: bool,
    **words: Any,
) -> None:
    """Show what quantising MODEL (a model folder, or a .keras file) loses, and where.

    Every tensor is compared with the float model's on samples that were not used to choose ranges,
    every layer is quantised alone, and every strategy is tried. Writes an HTML page with pictures.
    """
    if model.suffix == ".tflite":
        raise UsageError(
            f"{model} is quantised: the float model is needed beside it. Give the .keras file or "
            "the model folder."
        )
    words["calibration"], samples = split_calibration(words["calibration"], samples)
    with stages(str(model)) as on_stage:
        report = debug_quantization.analyse(
            model if model.suffix == ".keras" else recipe.load(model),
            calibration=samples,
            held_out=held_out,
            settings=chosen(model, words),
            board=None if no_firmware else _board(board_name),
            strategies=strategies,
            on_stage=on_stage,
        )
    page = output or Path("build") / f"{c_names.identifier(report.model)}-quantization.html"
    write(report, page, as_json)


def write(report: QuantizationReport, page: Path, as_json: bool) -> None:
    """Write the page, and print the tables or the JSON."""
    atomic.write_bytes(page, analysis_page.as_html(report).encode())
    for warning in report.warnings:
        click.echo(f"Warning: {warning}", err=True)
    if as_json:
        echo_json(report.as_json())
        return
    result_console.print(analysis_page.tensor_table(report))
    result_console.print(analysis_page.outcome_table(report))
    for outcome in (report.present, *report.outcomes):
        if outcome.problem:
            click.echo(f"{outcome.settings}: {outcome.problem}", err=True)
    for text in report.recommendations:
        click.echo(f"- {text}")
    click.echo(f"Page: {page}")


def _board(name: str | None) -> boards.Board | None:
    """The board asked for; else the default one where a compiler and a simulator are there."""
    if name is not None:
        return boards.load(name)
    board = boards.load(DEFAULT_BOARD)
    try:
        choose(board)
    except ToolError:
        return None
    return board
