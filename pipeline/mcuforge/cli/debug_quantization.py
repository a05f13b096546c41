"""`mcuforge debug-quantization`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from mcuforge import boards, build, recipe
from mcuforge.cli.arguments import BOARD, INPUT_MODEL, SAMPLES
from mcuforge.cli.common import (
    borders_of,
    echo_json,
    json_option,
    memory_option,
    ram_choice,
    rows_options,
)
from mcuforge.cli.consoles import echo, result_console, warn
from mcuforge.cli.option_sections import SectionedCommand
from mcuforge.cli.progress import stages
from mcuforge.cli.quantization import chosen, quantization_options, split_calibration
from mcuforge.errors import ToolError, UsageError
from mcuforge.files import atomic
from mcuforge.model_files.kind import Kind, recognise, require_convertible
from mcuforge.report import site
from mcuforge.simulate.choose import choose
from mcuforge.studies import debug_quantization
from mcuforge.studies.debug_quantization import QuantizationReport
from mcuforge.studies.quantization import analysis_page

DEFAULT_BOARD = "mps2-an386"
OUTPUT = Path("build")  # whose site gets the page


@click.command(cls=SectionedCommand)
@click.argument("model", type=INPUT_MODEL)
@click.option(
    "--samples",
    type=SAMPLES,
    metavar="FILE.npz",
    help="Calibration samples, instead of the recipe's.",
)
@click.option(
    "--held-out",
    type=SAMPLES,
    metavar="FILE.npz",
    help="What is measured on [the golden samples; without, a quarter of the others].",
)
@quantization_options
@click.option("--strategies/--no-strategies", default=True, help="Measure every other way, too.")
@click.option(
    "--board",
    "board_name",
    type=BOARD,
    help=f"Its firmware's flash and instructions [{DEFAULT_BOARD}, if it can be simulated].",
)
@memory_option
@rows_options
@click.option("--no-firmware", is_flag=True, help="Build and simulate nothing.")
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path, dir_okay=False),
    help="The HTML page, alone in a file [a page of the site build/report].",
)
@json_option
def command(
    model: Path,
    samples: Path | None,
    held_out: Path | None,
    strategies: bool,
    board_name: str | None,
    memory: str | None,
    input_as: str | None,
    output_as: str | None,
    no_firmware: bool,
    output: Path | None,
    as_json: bool,
    **words: Any,
) -> None:
    """Show what quantising MODEL (a model folder, or a .keras file) loses, and where.

    Every tensor is compared with the float model's on samples that were not used to choose ranges,
    every layer is quantised alone, and every strategy is tried. Writes a page with pictures.
    """
    kind = recognise(model)
    if kind is Kind.TFLITE:
        raise UsageError(
            f"{model} is quantised: the float model is needed beside it. Give the .keras file or "
            "the model folder."
        )
    if kind is not Kind.RECIPE:
        require_convertible(model)
    words["calibration"], samples = split_calibration(words["calibration"], samples)
    described = recipe.load(model) if kind is Kind.RECIPE else None
    source = described or model
    if output is None:
        site.check(OUTPUT)
    with stages(str(model)) as on_stage:
        on_stage("calibrating", 0, 0)  # TensorFlow starts, which takes a while
        report = debug_quantization.analyse(
            source,
            calibration=samples,
            held_out=held_out,
            settings=chosen(model, words),
            board=_board(board_name, no_firmware),
            strategies=strategies,
            on_stage=on_stage,
            memory=ram_choice(described, memory)[0],
            borders=borders_of(input_as, output_as, described),
        )
    for warning in report.warnings:
        warn(warning)
    write_report(report, output, quiet=as_json)
    if as_json:
        echo_json(report.as_json())


def _board(name: str | None, no_firmware: bool) -> boards.Board | None:
    if no_firmware:
        return None
    return default_board() if name is None else boards.load(name)


def write_report(report: QuantizationReport, page: Path | None, *, quiet: bool) -> None:
    """Write the page, or add it to the site; print tables and recommendations unless `quiet`."""
    if page is None:
        page = site.publish(OUTPUT, [analysis_page.page(report)])
    else:
        atomic.write_bytes(page, analysis_page.as_html(report).encode())
    if quiet:
        return
    result_console.print(analysis_page.tensor_table(report))
    parts = analysis_page.parts_table(report)
    if parts is not None:
        result_console.print(parts)
    result_console.print(analysis_page.outcome_table(report))
    for problem in analysis_page.problems(report):
        echo(problem, err=True)
    for text in report.recommendations:
        echo(f"- {text}")
    echo(f"Page: {page}")


def default_board() -> boards.Board | None:
    """The board whose firmware is measured, where a simulator for it is there."""
    board = boards.load(DEFAULT_BOARD)
    try:
        choose(board)
        build.require_tools(host=False)
    except ToolError:
        return None
    return board
