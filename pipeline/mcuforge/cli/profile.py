"""`mcuforge profile`."""

from __future__ import annotations

from pathlib import Path

import click

from mcuforge import boards
from mcuforge.cli.arguments import MODEL, find_model
from mcuforge.cli.common import (
    board_option,
    borders_of,
    engine_option,
    find_port,
    force_option,
    json_option,
    max_ram_option,
    memory_option,
    optimize_option,
    output_option,
    ram_choice,
    rows_options,
)
from mcuforge.cli.consoles import echo, result_console, write
from mcuforge.cli.progress import stages
from mcuforge.report import results

_WIDE = 120  # columns that have room for layers and kernels beside the figures


@click.command()
@click.argument("model", type=MODEL)
@board_option
@click.option(
    "--port", metavar="URL",
    help="A real board, whose stopwatch then measures: /dev/ttyACM0, socket://...; auto finds a "
    "known board's.",
)  # fmt: skip
@click.option(
    "--wait-states", metavar="N", type=click.IntRange(0, 31),
    help="Wait states of the flash that nothing hides [those of the board's file].",
)  # fmt: skip
@click.option(
    "--picture", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE",
    help="Also draw a bar for each op: .svg or .png.",
)  # fmt: skip
@output_option
@engine_option
@optimize_option
@memory_option
@max_ram_option
@rows_options
@force_option
@json_option
def command(
    model: Path,
    board_name: str,
    port: str | None,
    wait_states: int | None,
    picture: Path | None,
    output: Path,
    engine: str,
    optimize: str,
    memory: str | None,
    max_ram: int | None,
    input_as: str | None,
    output_as: str | None,
    force: bool,
    as_json: bool,
) -> None:
    """Show where an inference of MODEL (a .tflite, or a model folder) spends its time.

    In QEMU instructions are counted exactly, and cycles are estimated from the blocks that ran and
    the timings of the board's core. With --port the board's own stopwatch measures. Writes
    profile.json, and a page of the site report/, to the output folder.
    """
    from mcuforge.files import atomic
    from mcuforge.report import curve, site
    from mcuforge.studies.profile import measurement, page, site_page

    if picture is not None:
        page.require_picture(picture)
    board, document = boards.load(board_name), output / "profile.json"
    results.check(document, force=force)
    site.check(output, force=force)
    found = find_model(model, output)
    memory, max_ram = ram_choice(found.recipe, memory, max_ram)
    if port is not None:
        port = find_port(board, port)  # may ask, and so comes before the progress bars
    with stages(str(model)) as on_stage:
        profile = measurement.run(
            found.tflite, board, output, name=found.name, engine=engine,
            optimize=optimize, memory=memory, max_ram=max_ram,
            borders=borders_of(input_as, output_as, found.recipe, engine),
            wait_states=wait_states, port=port, force=force, on_stage=on_stage,
            described_by=found.recipe,
        )  # fmt: skip
    text = page.as_json(profile)
    atomic.write_bytes(document, text.encode())
    if picture is not None:
        page.draw(profile, picture)
    index = site.publish(output, [site_page.page(profile)], force=force)
    if as_json:
        write(text)
        return
    wide = result_console.width >= _WIDE
    result_console.print(page.op_table(profile, wide=wide))
    if profile.functions:
        result_console.print(page.function_table(profile))
    for line in (page.note(profile), curve.line(profile.curve)):
        if line:
            result_console.print(line, highlight=False, soft_wrap=True)
    echo(f"Written: {document}" + (f", {picture}" if picture else "") + f", {index}")
