"""`mcuforge flash`."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import click

from mcuforge import boards, build
from mcuforge.boards import Board
from mcuforge.boards.hardware import METHODS
from mcuforge.build import BuildResult, image, toolchains
from mcuforge.build.image import Image
from mcuforge.cli.arguments import BOARD, FIRMWARE, find_project
from mcuforge.cli.common import echo_document, json_option
from mcuforge.cli.consoles import echo
from mcuforge.cli.progress import progress
from mcuforge.documents.firmware import FLASH
from mcuforge.emit import project
from mcuforge.errors import UsageError
from mcuforge.files import locks
from mcuforge.flash import choose_method, describe, flash, require
from mcuforge.flash.job import DEFAULT_GDB_SERVER, Job

_ADDRESS = re.compile(r"(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:]+\])?:(\d{1,5})")


@click.command()
@click.argument("firmware", type=FIRMWARE, default=Path())
@click.option(
    "--board", "board_name", type=BOARD, metavar="NAME|FILE.toml",
    help="The board [the project's]. Needed where FIRMWARE is an ELF.",
)  # fmt: skip
@click.option("--method", type=click.Choice(METHODS), help="The tool [the board's first].")
@click.option("--probe", metavar="ID", help="Serial number of the probe, where there are several.")
@click.option("--erase", is_flag=True, help="Erase the whole chip first; unlocks a locked one.")
@click.option(
    "--any-chip", is_flag=True,
    help="Do not compare the chip's ID: for simulators, and for relatives of the board's chip.",
)  # fmt: skip
@click.option("--dry-run", is_flag=True, help="Print what would be run, and stop.")
@click.option(
    "--toolchain", type=click.Choice(tuple(toolchains.TOOLCHAINS)), default="gcc",
    help="The build to flash: its compiler [gcc].",
)  # fmt: skip
@click.option(
    "--preset", type=click.Choice(toolchains.VARIANTS), default=toolchains.DEFAULT_VARIANT,
    help="The build to flash: its purpose [release].",
)  # fmt: skip
@click.option(
    "--gdb-server", metavar="HOST:PORT", default=DEFAULT_GDB_SERVER, show_default=True,
    help="For --method gdb.",
)  # fmt: skip
@click.option(
    "--gdb-reset", metavar="COMMAND",
    help="For --method gdb: the gdbserver's own command that resets and halts the board, such as "
    "'reset halt' (OpenOCD, pyOCD), 'reset' (J-Link) or 'system_reset' (QEMU).",
)  # fmt: skip
@json_option
def command(
    firmware: Path,
    board_name: str | None,
    method: str | None,
    probe: str | None,
    erase: bool,
    any_chip: bool,
    dry_run: bool,
    toolchain: str,
    preset: str,
    gdb_server: str,
    gdb_reset: str | None,
    as_json: bool,
) -> None:
    """Write FIRMWARE to a board, read it back, and start it.

    FIRMWARE is a project (by default the current folder), which is built first, or an ELF.
    """
    _check_address(gdb_server)
    firmware = find_project(firmware)
    board = _board(firmware, board_name)
    chosen = choose_method(board, method)
    if not dry_run:
        require(board, chosen, erase)
    built = _built(firmware, board, preset, toolchain)
    content = image.load(built.elf)
    _check_place(content, board)
    if any_chip:
        board = replace(board, hardware=replace(board.hardware, chip=None))
    job = _job(built, board, content.start, probe, erase, gdb_server, gdb_reset)
    if dry_run:
        lines = describe(job, chosen)
        if as_json:
            echo_document(FLASH, {"board": board.name, "method": chosen, "dry_run": lines})
        else:
            echo("\n".join(lines))
        return
    with progress("flashing") as on_progress:
        flash(job, chosen, on_progress)
    if as_json:
        echo_document(
            FLASH, {"board": board.name, "method": chosen, "bytes": content.size, "verified": True}
        )
        return
    echo(f"{board.title}: {content.size:,} bytes written and verified with {chosen}.")


def _check_address(gdb_server: str) -> None:
    """gdb takes other things, too, such as the name of a serial port, and fails late."""
    found = _ADDRESS.fullmatch(gdb_server)
    if not found or not 0 < int(found[1]) < 2**16:
        raise UsageError(
            f"--gdb-server is '{gdb_server}'; it must be HOST:PORT, as localhost:3333."
        )


def _check_place(content: Image, board: Board) -> None:
    """An ELF says for which core it is, but not for which chip: its addresses must exist there."""
    for segment in content.segments:
        if not any(
            m.base <= segment.address and segment.end <= m.base + m.bytes for m in board.memories
        ):
            raise UsageError(
                f"The firmware has {len(segment.data):,} bytes at 0x{segment.address:08x}, where "
                f"{board.name} has no memory. Was it built for another board?"
            )


def _board(firmware: Path, name: str | None) -> Board:
    if name is not None:
        return boards.load(name)
    if firmware.is_file():
        raise UsageError(f"{firmware} does not say for which board it is: name it with --board.")
    return project.board(project.load(firmware))


def _built(firmware: Path, board: Board, preset: str, toolchain: str) -> BuildResult:
    if firmware.is_file():
        return build.formats(firmware, board.uf2_family)
    described = project.load(firmware)
    if described.board != board.name:
        raise UsageError(
            f"{firmware} is a project for {described.board}, not for {board.name}. "
            f"Emit one: mcuforge emit MODEL --board {board.name} -o FOLDER"
        )
    name = toolchains.preset_name(board.name, preset, toolchain)
    with locks.writing(firmware), progress("building") as on_progress:
        return build.build(firmware, name, on_progress)


def _job(
    built: BuildResult,
    board: Board,
    start: int,
    probe: str | None,
    erase: bool,
    gdb_server: str,
    gdb_reset: str | None,
) -> Job:
    if built.hex is None or built.bin is None:
        raise UsageError(f"{built.elf} is a program for this computer.")
    return Job(
        board, built.elf.absolute(), built.hex.absolute(), built.bin.absolute(), start,
        built.uf2.absolute() if built.uf2 else None, probe, erase, gdb_server, gdb_reset,
    )  # fmt: skip
