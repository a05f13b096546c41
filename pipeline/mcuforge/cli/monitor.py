"""`mcuforge monitor`."""

from __future__ import annotations

import shlex
from contextlib import suppress
from pathlib import Path

import click

from mcuforge import boards
from mcuforge.boards import Board
from mcuforge.cli.arguments import BOARD, FIRMWARE, find_project
from mcuforge.cli.common import find_port
from mcuforge.cli.consoles import echo, write
from mcuforge.device.monitor import Monitor, Pulse, watch
from mcuforge.device.source_lines import SourceLines
from mcuforge.device.transport import open_url
from mcuforge.emit import project
from mcuforge.errors import UsageError


@click.command()
@click.argument("firmware", type=FIRMWARE, required=False)
@click.option(
    "--board", "board_name", type=BOARD, metavar="NAME|FILE.toml", help="The board [the project's]."
)
@click.option(
    "--port", metavar="URL",
    help="/dev/ttyACM0, COM3, socket://... [the port of the board, if it is known].",
)  # fmt: skip
@click.option("--baud", type=click.IntRange(1, 100_000_000), help="Bits a second [the board's].")
@click.option("--ask", is_flag=True, help="Ask at once how the device is, not only when quiet.")
@click.option("--listen", is_flag=True, help="Never send anything, however quiet the device is.")
@click.option("--seconds", type=click.FloatRange(0), help="Stop after so long [Ctrl-C].")
def command(
    firmware: Path | None,
    board_name: str | None,
    port: str | None,
    baud: int | None,
    ask: bool,
    listen: bool,
    seconds: float | None,
) -> None:
    """Show what a board sends over its serial port; explain its faults.

    Healthy firmware says nothing of itself, so a quiet device is asked how it is: stack and arena
    used. A core that has stopped repeats its fault to that.

    FIRMWARE is the project, or the ELF, that runs on it: with it, faults name file and line.
    """
    firmware = firmware and find_project(firmware)
    if ask and listen:
        raise UsageError("--ask sends a request, and --listen none: leave one of them out.")
    board = _board(firmware, board_name)
    elf = _elf(firmware, board)
    if port is None and board is None:
        raise UsageError("Name the --port, or the --board, or the project that runs on it.")
    url = find_port(board, port) if board else port
    speed = baud or (board.uart.baud if board else 0) or 115200
    lines = SourceLines(elf) if elf else None
    transport = open_url(str(url), speed)
    how = "listening" if listen else "listening, and asking how it is when it is quiet"
    echo(f"{url} at {speed} baud: {how}; stop with Ctrl-C.", err=True)
    try:
        monitor = Monitor(lines)
        with suppress(KeyboardInterrupt):  # the way to end it
            pulse = None if listen else Pulse(lambda text: echo(text, err=True))
            watch(transport, monitor, lambda text: write(_unix(text)), seconds, ask, pulse)
    finally:
        transport.close()


def _board(firmware: Path | None, name: str | None) -> Board | None:
    described = project.load(firmware) if firmware is not None and firmware.is_dir() else None
    if name is None:
        return project.board(described) if described else None
    board = boards.load(name)
    if described and described.board != board.name:
        raise UsageError(f"{firmware} is a project for {described.board}, not for {board.name}.")
    return board


def _elf(firmware: Path | None, board: Board | None) -> Path | None:
    """The ELF itself, or the project's newest."""
    if firmware is None or not firmware.is_dir():
        return firmware
    prefix = board.name if board else ""
    built = [p for p in firmware.glob("build/*/firmware.elf") if p.parent.name.startswith(prefix)]
    if not built:
        raise UsageError(f"{firmware} is not built: mcuforge build {shlex.quote(str(firmware))}")
    return max(built, key=lambda path: path.stat().st_mtime)


def _unix(text: str) -> str:
    """Without the carriage returns of the line ends of serial consoles."""
    return text.replace("\r", "")
