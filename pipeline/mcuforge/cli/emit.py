"""`mcuforge emit`."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import Path

import click

from mcuforge import boards, planning
from mcuforge.boards import Board
from mcuforge.cli.arguments import MODEL, OUTPUT_FOLDER, find_model
from mcuforge.cli.common import (
    board_option,
    borders_of,
    echo_document,
    engine_option,
    force_option,
    json_option,
    max_ram_option,
    memory_option,
    optimize_option,
    ram_choice,
    rows_options,
)
from mcuforge.cli.consoles import echo
from mcuforge.documents.firmware import EMIT
from mcuforge.emit import c_names, project
from mcuforge.emit.extras import of_recipe
from mcuforge.emit.flavours import CMAKE, FLAVOURS, compiles_for
from mcuforge.emit.project_files import Source, project_name
from mcuforge.engines import TFLM, tflm
from mcuforge.files import locks


@click.command()
@click.argument("models", nargs=-1, required=True, type=MODEL)
@board_option
@click.option(
    "--name",
    help="The name in C of project and model; by default made from the file's name.",
)
@click.option("-o", "--output", type=OUTPUT_FOLDER, help="The project's folder [build/...].")
@engine_option
@click.option(
    "--flavour", type=click.Choice([CMAKE, *FLAVOURS]), default=CMAKE, show_default=True,
    help="The build system that the project is for.",
)  # fmt: skip
@optimize_option
@memory_option
@max_ram_option
@rows_options
@force_option
@json_option
def command(
    models: tuple[Path, ...],
    board_name: str,
    name: str | None,
    output: Path | None,
    engine: str,
    flavour: str,
    optimize: str,
    memory: str | None,
    max_ram: int | None,
    input_as: str | None,
    output_as: str | None,
    force: bool,
    as_json: bool,
) -> None:
    """Write the firmware project of MODELS (.tflite files, or model folders) for a board.

    The project builds with CMake alone, or with the build system that --flavour names: it needs
    neither mcuforge nor Python. Written into an older project it replaces the files that mcuforge
    wrote, unless one was edited since; other files and the build stay.
    Several models share the kernels, and one program uses them all.
    """
    board = boards.load(board_name)
    rows = input_as, output_as
    sources = _sources(models, board, name, engine, optimize, (memory, max_ram), flavour, rows)
    c_name = c_names.identifier(name) if name else project_name(sources)
    folder = output or Path("build") / project.folder_name(c_name, board, engine, flavour)
    with locks.writing(folder):
        written = project.emit_all(sources, board, folder, c_name, flavour, force=force)
    if as_json:
        described = {"folder": str(folder), "board": written.board, "model": written.model}
        echo_document(EMIT, described | {"models": list(written.models)})
        return
    names = " and ".join(f"'{model}'" for model in written.models)
    echo(f"{folder}: firmware of {names} for {board.title}.")
    if flavour == CMAKE:
        echo(f"Build it: mcuforge build {shlex.quote(str(folder))}")
    else:
        echo(f"{FLAVOURS[flavour].title}; how to build it: {folder / 'README.md'}")


def _sources(
    models: Sequence[Path],
    board: Board,
    name: str | None,
    engine: str,
    optimize: str,
    ram: tuple[str | None, int | None],
    flavour: str,
    rows: tuple[str | None, str | None],
) -> tuple[Source, ...]:
    """The planned models. `name` is that of the model where there is only one, `ram` and
    `rows` what the command line says of it.
    """
    sources = []
    for model in models:
        found = find_model(model)
        memory, max_ram = ram_choice(found.recipe, *ram)
        plan = planning.plan_for(
            board,
            found.tflite,
            found.name,
            optimize,
            whole=engine == TFLM,
            portable=not compiles_for(board, flavour),
            memory=memory,
            max_ram=max_ram,
            borders=borders_of(*rows, found.recipe, engine),
        )
        chosen = name if name and len(models) == 1 else plan.graph.name
        prepared = tflm.prepare(plan, found.tflite, board) if engine == TFLM else None
        extras = of_recipe(found.recipe, plan.graph)
        sources.append(Source(plan, c_names.identifier(chosen), prepared, extras))
    return tuple(sources)
