"""`mcuforge bench`."""

from __future__ import annotations

import json
from pathlib import Path

import click

from mcuforge import boards, report
from mcuforge.cli.arguments import MODEL, find_model
from mcuforge.cli.common import (
    board_option,
    borders_of,
    count_option,
    force_option,
    json_option,
    max_ram_option,
    memory_option,
    optimize_option,
    output_option,
    ram_choice,
    rows_options,
    simulator_options,
)
from mcuforge.cli.consoles import echo, result_console, warn, write
from mcuforge.cli.progress import stages
from mcuforge.cli.summaries import Summaries, summary_options
from mcuforge.errors import ForgeError
from mcuforge.report import earlier, results

_WARNING = "Warning: "


@click.command()
@click.argument("model", type=MODEL)
@board_option
@count_option(3, "How many samples are run.")
@output_option
@click.option(
    "--png", type=click.Path(path_type=Path, dir_okay=False), help="The picture's file [bench.png]."
)
@simulator_options
@optimize_option
@memory_option
@max_ram_option
@rows_options
@summary_options
@force_option
@json_option
def command(
    model: Path,
    board_name: str,
    count: int,
    output: Path,
    png: Path | None,
    simulator: str,
    renode: Path | None,
    optimize: str,
    memory: str | None,
    max_ram: int | None,
    input_as: str | None,
    output_as: str | None,
    summaries: Summaries,
    force: bool,
    as_json: bool,
) -> None:
    """Compare the engines on MODEL (a .tflite, or a model folder) in the simulator.

    aot always runs; TensorFlow Lite Micro runs where TFLM_ROOT is set. Writes bench.json, a page of
    the site report/, and bench.png where matplotlib is installed, to the output folder. Where
    TensorFlow Lite Micro fails, the figures of aot are shown all the same, and the exit code is 1.
    """
    from mcuforge.files import atomic
    from mcuforge.report import site
    from mcuforge.studies import bench, bench_page

    if png is not None:
        bench.require_drawing()
    results.check(output / "bench.json", *(() if png else (output / "bench.png",)), force=force)
    site.check(output, force=force)
    found = find_model(model, output)
    memory, max_ram = ram_choice(found.recipe, memory, max_ram)
    with summaries.of_errors(str(model)), stages(str(model)) as on_stage:
        result = bench.run(
            found.tflite, boards.load(board_name), output, count=count, on_stage=on_stage,
            name=found.name, simulator=simulator, renode=renode, force=force,
            optimize=optimize, memory=memory, max_ram=max_ram,
            borders=borders_of(input_as, output_as, found.recipe), described_by=found.recipe,
        )  # fmt: skip
    text = bench.as_json(result)
    atomic.write_bytes(output / "bench.json", text.encode())
    picture = png or output / "bench.png"
    drawn = png is not None or bench.can_draw()
    if drawn:
        bench.draw(result, picture)
    page = site.publish(output, [bench_page.page(result)], force=force)
    document = earlier.parse(report.as_json(result.reports))
    summaries.write(document, problems=[result.failed] if result.failed else [])
    if not as_json:
        result_console.print(bench.table(result))
        for line in (*result.notes, result.missing):
            if line and line.startswith(_WARNING):
                warn(line.removeprefix(_WARNING))
            elif line:
                echo(line)
        echo(f"Written: {output / 'bench.json'}" + (f", {picture}" if drawn else "") + f", {page}")
    if result.failed:
        raise ForgeError(result.failed, result=json.loads(text))
    if as_json:
        write(text)
