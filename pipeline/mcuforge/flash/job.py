"""What is to be flashed, and the commands of a tool that does it."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from mcuforge.boards import Board

OnProgress = Callable[[int, int], None]
DEFAULT_GDB_SERVER = "localhost:3333"
FOLDER = "{folder}"  # begins a part of a command that names a file of a step


@dataclass(frozen=True)
class Job:
    """A firmware for a board, in the formats that tools take; `bin` begins at address `start`.

    All paths are absolute.

    `probe` chooses one of several probes by its serial number. `erase` allows erasing the whole
    chip, and with it unlocking one that is locked. `gdb_reset` is a command of the gdbserver, such
    as `reset halt`, for `monitor`.
    """

    board: Board
    elf: Path
    hex: Path
    bin: Path
    start: int
    uf2: Path | None = None
    probe: str | None = None
    erase: bool = False
    gdb_server: str = DEFAULT_GDB_SERVER
    gdb_reset: str | None = None


@dataclass(frozen=True)
class Step:
    """One command, run in an empty folder of its own, for which `FOLDER` stands in the command.

    `files` are written there first: a tool finds no file that lies where mcuforge was called.

    `check` gets its output and raises `FlashError` where the command ended well and yet failed.
    `evidence` is what it prints last: an exit code of 0 without it is no success.
    """

    title: str
    command: tuple[str, ...]
    files: dict[str, str] = field(default_factory=dict)
    check: Callable[[str], None] | None = None
    evidence: str = ""

    def describe(self) -> list[str]:
        """For people: the command, and the content of its files."""
        command = [
            f".{p.removeprefix(FOLDER)}" if p.startswith(FOLDER) else p for p in self.command
        ]
        lines = [f"# {self.title}", shlex.join(command)]
        for name, content in self.files.items():
            lines += [f"# {name}:", *(f"    {line}" for line in content.splitlines())]
        return lines


@dataclass(frozen=True)
class Plan:
    """The steps of a tool, and how to install it."""

    program: str
    install: str
    steps: tuple[Step, ...]

    def describe(self) -> list[str]:
        """What would be run, in lines."""
        return [line for step in self.steps for line in step.describe()]
