"""`mcuforge boards`."""

from __future__ import annotations

import click
from rich.markup import escape
from rich.table import Table

from mcuforge import boards
from mcuforge.boards import Board
from mcuforge.cli.common import echo_json, json_option, result_console


@click.command()
@json_option
def command(as_json: bool) -> None:
    """List the boards: core, memories, simulators."""
    everything = boards.available()
    if as_json:
        echo_json([_summary(board) for board in everything])
        return
    table = Table()
    for heading in ("name", "board", "core", "flash", "RAM", "simulator"):
        table.add_column(heading)
    for board in everything:
        table.add_row(
            board.name,
            escape(board.title),
            _core(board),
            _size(board.flash_bytes),
            _size(board.ram_bytes),
            f"QEMU {board.qemu_machine}" if board.qemu_machine else "-",
        )
    result_console.print(table)


def _summary(board: Board) -> dict[str, object]:
    return {
        "name": board.name,
        "title": board.title,
        "core": board.core.name if board.core else None,
        "flash_bytes": board.flash_bytes,
        "ram_bytes": board.ram_bytes,
        "qemu_machine": board.qemu_machine,
    }


def _core(board: Board) -> str:
    if board.core is None:
        return "this computer"
    extras = [("MVE", board.core.mve), ("DSP", board.core.dsp), ("FPU", board.core.fpu != "none")]
    return " ".join([board.core.name, *(name for name, has in extras if has)])


def _size(count: int) -> str:
    return f"{count // 1024:,} KiB" if count else "-"
