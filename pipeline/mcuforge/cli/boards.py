"""`mcuforge boards`."""

from __future__ import annotations

from pathlib import Path

import click
from rich import box

from mcuforge import boards
from mcuforge.boards import Board, own
from mcuforge.cli.arguments import INPUT
from mcuforge.cli.common import echo_document, json_option
from mcuforge.cli.consoles import progress_console, result_console
from mcuforge.documents.machine import BOARDS
from mcuforge.wording.tables import Table

_TITLE_WIDTH = 120  # columns that a table with titles takes


@click.command()
@click.option(
    "--add",
    metavar="FILE.toml",
    type=INPUT,
    help="Check your own board file and keep it, so that --board finds it by its name.",
)
@click.option("--remove", metavar="NAME", help="Forget a board that you added.")
@json_option
def command(add: Path | None, remove: str | None, as_json: bool) -> None:
    """List the boards: core, memories, simulators. Add one of your own.

    docs/reference/boards.md describes board files.
    """
    if remove is not None:
        own.forget(remove)
        progress_console.print(f"Removed the board {remove}.")
    if add is not None:
        board = boards.add(add)
        progress_console.print(f"Added {board.title}: use it with --board {board.name}.")
    everything = boards.available()
    if as_json:
        echo_document(BOARDS, {"boards": [_summary(board) for board in everything]})
        return
    result_console.print(_table(everything))


def _table(everything: list[Board]) -> Table:
    """80 columns wide, so that titles are left to wider terminals."""
    wide = result_console.width >= _TITLE_WIDTH
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for heading in ("name", "core"):
        table.add_column(heading)
    for heading in ("flash", "RAM"):
        table.add_column(heading, justify="right")
    table.add_column("simulators")
    if wide:
        table.add_column("board")
    for board in everything:
        table.add_row(
            board.name,
            _core(board),
            _size(board.flash_bytes),
            _size(board.ram_bytes),
            ", ".join(_simulators(board)) or "-",
            *([board.title] if wide else []),
        )
    return table


def _simulators(board: Board) -> list[str]:
    has = {"QEMU": board.qemu_machine is not None, "Renode": board.renode is not None}
    return [name for name, known in has.items() if known]


def _summary(board: Board) -> dict[str, object]:
    return {
        "name": board.name,
        "title": board.title,
        "core": board.core.name if board.core else None,
        "flash_bytes": board.flash_bytes,
        "ram_bytes": board.ram_bytes,
        "qemu_machine": board.qemu_machine,
        "simulators": _simulators(board),
    }


def _core(board: Board) -> str:
    if board.core is None:
        return "-"
    extras = [("MVE", board.core.mve), ("DSP", board.core.dsp), ("FPU", board.core.fpu != "none")]
    return " ".join([board.core.name, *(name for name, has in extras if has)])


def _size(count: int) -> str:
    if count % (1024 * 1024) == 0:
        return f"{count // 1024 // 1024} MiB" if count else "-"
    return f"{count // 1024} KiB"
