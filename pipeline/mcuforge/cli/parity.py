"""`mcuforge parity`."""

from __future__ import annotations

from pathlib import Path

import click

from mcuforge import boards
from mcuforge.cli.arguments import MODEL, SAMPLES, find_model
from mcuforge.cli.common import (
    MOST_SAMPLES,
    board_option,
    borders_of,
    engine_option,
    find_port,
    force_option,
    history_option,
    json_option,
    memory_option,
    optimize_option,
    output_option,
    ram_choice,
    rows_options,
    simulator_options,
    steps_option,
    tighten_option,
)
from mcuforge.cli.gates import Asked, gate_options
from mcuforge.cli.option_sections import SectionedCommand
from mcuforge.cli.progress import stages
from mcuforge.cli.run import check_written, drawn_later, finish
from mcuforge.cli.summaries import Summaries, summary_options


@click.command(cls=SectionedCommand)
@click.argument("model", type=MODEL)
@board_option
@click.option(
    "--port", metavar="URL",
    help="A board or simulator: /dev/ttyACM0, socket://...; auto finds a known board's.",
)  # fmt: skip
@click.option(
    "--inputs",
    "--samples",
    "inputs_file",
    type=SAMPLES,
    help="An .npz whose array 'inputs' holds samples, of several inputs one for each, by name; "
    "by default random ones: 50, fewer for a large model.",
)
@click.option(
    "--count", metavar="N", type=click.IntRange(1, MOST_SAMPLES), help="Use only so many samples."
)
@output_option
@simulator_options
@engine_option
@tighten_option
@steps_option
@gate_options(accuracy=False)
@history_option
@summary_options
@optimize_option
@memory_option
@rows_options
@force_option
@json_option
def command(
    model: Path,
    board_name: str,
    port: str | None,
    inputs_file: Path | None,
    count: int | None,
    output: Path,
    simulator: str,
    renode: Path | None,
    engine: str,
    tighten_arena: bool,
    steps: int | None,
    asked: Asked,
    history: bool,
    summaries: Summaries,
    optimize: str,
    memory: str | None,
    input_as: str | None,
    output_as: str | None,
    force: bool,
    as_json: bool,
) -> None:
    """Prove that device, host and TFLM compute the same bytes for MODEL, a .tflite.

    Needs no TensorFlow. Exit code 0 only if every byte agrees and every gate holds; else the first
    op that differs is named, with index, expected and actual value.
    """
    from mcuforge import driver

    board = boards.load(board_name)
    check_written(output, history=history, force=force)
    found = find_model(model, output)
    demand = asked.of(found.tflite, output)
    memory, max_ram = ram_choice(found.recipe, memory, demand.gates.max_ram)
    if port is not None:
        port = find_port(board, port)  # may ask, and so comes before the progress bars
    with (
        summaries.of_errors(str(model)),
        stages(str(model)) as shown,
        drawn_later(shown) as on_stage,
    ):
        result = driver.run(
            found.tflite, board, output, count=count,
            inputs_file=inputs_file, port=port, on_stage=on_stage, name=found.name,
            described_by=found.recipe,
            simulator=simulator, renode=renode,
            engine=engine, tighten_arena=tighten_arena, force=force, optimize=optimize,
            memory=memory, max_ram=max_ram, steps=steps,
            borders=borders_of(input_as, output_as, found.recipe, engine),
        )  # fmt: skip
    finish(
        [result], output, as_json, [demand], history=history, summaries=summaries, force=force
    )  # fmt: skip
