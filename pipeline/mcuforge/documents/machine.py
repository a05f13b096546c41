"""What `boards --json` and `doctor --json` print."""

from __future__ import annotations

from msgspec import Struct

from mcuforge.documents.run import Count

BOARDS, DOCTOR = "boards/1", "doctor/1"


class Board(Struct, frozen=True):
    """A board, and what can simulate it."""

    name: str
    title: str
    core: str | None
    flash_bytes: Count
    ram_bytes: Count
    qemu_machine: str | None
    simulators: tuple[str, ...]


class BoardsDocument(Struct, frozen=True):
    """All boards."""

    mcuforge: str
    schema: str
    boards: tuple[Board, ...]


class Install(Struct, frozen=True):
    """How something is installed, by system."""

    debian: str
    fedora: str
    macos: str
    windows: str


class Finding(Struct, frozen=True):
    """A tool or a library: where it is, or null; `problem` says why it does not serve."""

    name: str
    needed_for: str
    required: bool
    install: Install
    where: str | None
    version: str | None
    problem: str | None
    ok: bool


class DoctorDocument(Struct, frozen=True):
    """What this machine has. `ok`: the main job can be done."""

    mcuforge: str
    schema: str
    ok: bool
    findings: tuple[Finding, ...]
