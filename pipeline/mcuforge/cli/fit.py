"""`mcuforge fit`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from mcuforge import boards
from mcuforge.boards import Board, described
from mcuforge.cli.arguments import BOARD, CORE, MODEL, find_model
from mcuforge.cli.common import (
    borders_of,
    echo_json,
    json_option,
    memory_option,
    ram_choice,
    rows_options,
)
from mcuforge.cli.consoles import result_console
from mcuforge.cli.sizes import FREQUENCY, SIZE
from mcuforge.documents import document
from mcuforge.documents.fit import SCHEMA
from mcuforge.errors import ForgeError, UsageError

if TYPE_CHECKING:
    from mcuforge.studies.board_fits import BoardFit


@click.command()
@click.argument("model", type=MODEL)
@click.option(
    "--board", "board_names", type=BOARD, multiple=True, metavar="NAME|FILE.toml",
    help="Only this board; may be repeated [all of `mcuforge boards`].",
)  # fmt: skip
@click.option("--flash", metavar="SIZE", type=SIZE, help="A board with so much flash: 256k, 1M.")
@click.option("--ram", metavar="SIZE", type=SIZE, help="And so much RAM: 64k, 0x10000.")
@click.option("--core", metavar="NAME", type=CORE, help="And this core: cortex-m4, M0+, M33.")
@click.option("--clock", metavar="HERTZ", type=FREQUENCY, help="And this clock: 64M, for the time.")
@memory_option
@rows_options
@json_option
def command(
    model: Path,
    board_names: tuple[str, ...],
    flash: int | None,
    ram: int | None,
    core: str | None,
    clock: int | None,
    memory: str | None,
    input_as: str | None,
    output_as: str | None,
    as_json: bool,
) -> None:
    """Show which boards MODEL (a .tflite, or a model folder) fits, and how fast it is there.

    Nothing is built: flash, RAM and milliseconds are estimated. Boards that it fits come first,
    the smallest one before all. A board of which there is no file is described by --flash, --ram
    and --core.

    Exit code 0: it fits every board that was named, or any at all where none was named. 1: it
    does not, or cannot be compiled.
    """
    from mcuforge.cli import fit_table
    from mcuforge.frontend import read_graph
    from mcuforge.studies import board_fits

    named = [boards.load(name) for name in board_names] + _described(flash, ram, core, clock)
    _refuse_host(named)
    file = find_model(model)
    graph = read_graph(file.tflite, file.name)
    memory, _ = ram_choice(file.recipe, memory)
    make = board_fits.plans_of(graph, borders_of(input_as, output_as, file.recipe))
    found = board_fits.survey(graph, named or board_fits.sound_boards(), memory, make)
    lacking = [each for each in found if not each.fits]
    failed = lacking if named or len(lacking) == len(found) else []
    if not as_json:
        fit_table.show(found)
        for line in board_fits.advice(failed):
            result_console.print(line, highlight=False)
    result = _as_json(found, graph.name, graph.model_hash)
    if failed:
        places = ", ".join(each.board.name for each in failed)
        raise ForgeError(f"'{graph.name}' does not fit: {places}.", result=result)
    if as_json:
        echo_json(result)


def _described(
    flash: int | None, ram: int | None, core: str | None, clock: int | None
) -> list[Board]:
    """The board that options describe; nothing where there are none."""
    given = {"--flash": flash, "--ram": ram, "--core": core}
    if not any((*given.values(), clock)):
        return []
    missing = [name for name, value in given.items() if value is None]
    if flash is None or ram is None or core is None:
        raise UsageError(
            f"A board is described by --flash, --ram and --core; {' and '.join(missing)} "
            f"{'is' if len(missing) == 1 else 'are'} missing. "
            "Example: --flash 256k --ram 64k --core cortex-m4 --clock 64M"
        )
    return [described.describe(described.core_name(core), flash, ram, clock)]


def _refuse_host(named: Sequence[Board]) -> None:
    if any(board.is_host for board in named):
        raise UsageError("This computer has room for every model: --board names a board.")


def _as_json(found: Sequence[BoardFit], name: str, digest: str) -> dict[str, Any]:
    fits = [each.summary() for each in found]
    return document(SCHEMA, {"model": name, "sha256": digest, "boards": fits})
