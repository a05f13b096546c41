"""`mcuforge emit`."""

from __future__ import annotations

import shlex
from pathlib import Path

import click

from mcuforge import boards, fit, frontend, project, tflm
from mcuforge.cli.arguments import find_model
from mcuforge.cli.common import (
    board_option,
    echo_json,
    engine_option,
    force_option,
    json_option,
)
from mcuforge.emit import c_names
from mcuforge.engines import TFLM
from mcuforge.flavours import CMAKE, FLAVOURS


@click.command()
@click.argument("model", type=click.Path(path_type=Path))
@board_option
@click.option("--name", help="The model's name in C; by default made from the file's name.")
@click.option(
    "-o", "--output", type=click.Path(path_type=Path), help="The project's folder [build/...]."
)
@engine_option
@click.option(
    "--flavour", type=click.Choice([CMAKE, *FLAVOURS]), default=CMAKE, show_default=True,
    help="The build system that the project is for.",
)  # fmt: skip
@force_option
@json_option
def command(
    model: Path,
    board_name: str,
    name: str | None,
    output: Path | None,
    engine: str,
    flavour: str,
    force: bool,
    as_json: bool,
) -> None:
    """Write the firmware project of MODEL (a .tflite, or a model folder) for a board.

    The project builds with CMake alone, or with the build system that --flavour names: it needs
    neither mcuforge nor Python. Written into an older project it replaces the files that mcuforge
    wrote, unless one was edited since; other files and the build stay.
    """
    board = boards.load(board_name)
    found = find_model(model)
    plan = frontend.make_plan(found.tflite, found.name)
    fit.check(plan, board)
    c_name = c_names.identifier(name or plan.graph.name)
    folder = output or Path("build") / project.folder_name(c_name, board, engine, flavour)
    prepared = tflm.prepare(plan, found.tflite, board) if engine == TFLM else None
    written = project.emit(plan, board, folder, c_name, prepared, flavour, force=force)
    if as_json:
        echo_json({"folder": str(folder), "board": written.board, "model": written.model})
        return
    click.echo(f"{folder}: firmware of '{written.model}' for {board.title}.")
    if flavour == CMAKE:
        click.echo(f"Build it: mcuforge build {shlex.quote(str(folder))}")
    else:
        click.echo(f"{FLAVOURS[flavour].title}; how to build it: {folder / 'README.md'}")
