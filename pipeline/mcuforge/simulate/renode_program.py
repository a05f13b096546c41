"""Finding Renode on this computer, and whether it is new enough for a board."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from mcuforge.boards import Board
from mcuforge.boards.renode_machine import RenodeMachine
from mcuforge.emit.renode_files import version_text
from mcuforge.errors import ToolError, UsageError
from mcuforge.processes import groups

_VERSION = re.compile(r"renode[^\d\n]*(\d+(?:\.\d+)+)", re.IGNORECASE)
# Of a release `d66b0c2a-202602161012`, since May 2026 `1.16.1+20260512git0123abcde`.
_BUILD = re.compile(
    r"build:\s*(?:(?P<old>[0-9a-f]{8,9})-(?P<date>20\d{6})\d{4}"
    r"|[\d.]+\+(?P<new_date>20\d{6})(?:git(?P<new>[0-9a-f]{7,40}))?)\b"
)
# The version stays that of the last release until the next one, so that a build made from later
# sources is known by its date. The date of a build of the release itself says nothing.
_LAST_KNOWN = (1, 16, 1)
_RELEASES = ("9111b18e", "d66b0c2a")  # commits of 1.15.0 and 1.16.1
# Before, it lacks what a dot product and its rounding take: VMLADAV, VMULL, VQRDMULH, VMAX, VQADD.
_HELIUM = 2026_04_16
_VARIABLE = "MCUFORGE_RENODE_VERSION"
OVERRIDE = f"If yours has it, whatever version it says: {_VARIABLE}=1.16.2."
_TIMEOUT_S = 60.0  # of the first start: .NET unpacks itself
_INSTALL = (
    "Unpack a portable Renode, and give its `renode` program by --renode, by MCUFORGE_RENODE, or "
    "by PATH."
)


@dataclass(frozen=True)
class RenodeProgram:
    """A Renode that can be run: its path and version.

    `built` is the day on which it was built (20260428) where it is no release, else 0.
    """

    path: Path
    version: tuple[int, ...]
    built: int = 0

    @property
    def title(self) -> str:
        """`Renode 1.16.1`."""
        name = f"Renode {version_text(self.version[:3])}"
        return f"{name} (development build {self.built})" if self.built else name

    def is_newer_than(self, day: int) -> bool:
        """Whether it has what its sources got on that day, which is later than the last release."""
        return self.version[:3] > _LAST_KNOWN or self.built >= day


def find_renode(explicit: Path | None = None) -> Path | None:
    """Renode's program: `explicit`, MCUFORGE_RENODE, RENODE_ROOT, PATH, /opt/renode, in this order.

    The first three may name the program or the folder that holds it, and if one of them is given,
    no other place is looked at.
    """
    for given in (explicit, os.environ.get("MCUFORGE_RENODE"), os.environ.get("RENODE_ROOT")):
        if given:
            return _executable(Path(given))
    found = shutil.which("renode")
    return Path(found) if found else _executable(Path("/opt/renode"))


def require_renode(board: Board, explicit: Path | None = None) -> RenodeProgram:
    """A Renode that simulates `board`.

    Raises `UsageError` where the board has no description for Renode or nothing is at `explicit`,
    and `ToolError` where Renode is missing, does not run or is too old.
    """
    minimum = require_machine(board).minimum
    path = find_renode(explicit)
    if path is None:
        missing = ToolError if explicit is None else UsageError
        raise missing(f"Renode was not found{_looked_at(explicit)}. {_INSTALL}")
    program = ask_version(path.absolute())  # Renode runs in a folder of its own
    if program.version < minimum:
        raise ToolError(
            f"{path} is {program.title}, but the board '{board.name}' needs "
            f"{version_text(minimum)} or newer."
        )
    if board.core and board.core.helium and not program.is_newer_than(_HELIUM):
        raise ToolError(
            f"{path} is {program.title}, which lacks instructions of Helium that the board "
            f"'{board.name}' needs: 1.16.2 or newer has them, or a build of April 2026 or later. "
            f"{OVERRIDE}"
        )
    return program


def require_machine(board: Board) -> RenodeMachine:
    """The board's description for Renode. Raises `UsageError` where it has none."""
    if board.renode is None:
        raise UsageError(
            f"The board '{board.name}' has no description for Renode: its file lacks "
            "[simulators.renode]."
        )
    return board.renode


def ask_version(path: Path) -> RenodeProgram:
    """The Renode at `path`, by what `renode --version` says.

    MCUFORGE_RENODE_VERSION overrides that. Raises `ToolError` where it does not run, `UsageError`
    where the variable holds no version.
    """
    text = _said(path)
    stated = os.environ.get(_VARIABLE)
    if stated:
        if not re.fullmatch(r"\d+(\.\d+)+", stated):
            raise UsageError(f"{_VARIABLE} is '{stated}'; it must be a version such as 1.16.2.")
        return RenodeProgram(path, tuple(map(int, stated.split("."))))
    match = _VERSION.search(text)
    if match is None:
        raise ToolError(f"{path} --version says no version:\n{text}")
    return RenodeProgram(path, tuple(map(int, match.group(1).split("."))), _built(text))


def _built(text: str) -> int:
    """The day of a development build, from what `--version` says; 0 for a release."""
    match = _BUILD.search(text)
    if match is None:
        return 0
    commit = match["old"] or match["new"]  # missing where it was built without git
    if commit is None or commit.startswith(_RELEASES):
        return 0
    return int(match["date"] or match["new_date"])


def _said(path: Path) -> str:
    try:
        done = groups.run(
            [str(path), "--version"], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, timeout=_TIMEOUT_S,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        raise ToolError(f"{path} --version did not answer within {_TIMEOUT_S:g} s.") from None
    except OSError as error:
        raise ToolError(f"{path} cannot be run: {error.strerror}.") from None
    text = str(done.stdout.decode(errors="replace")).strip()
    if done.returncode != 0:
        raise ToolError(f"{path} --version says no version (exit code {done.returncode}):\n{text}")
    return text


def _looked_at(explicit: Path | None) -> str:
    if explicit:
        return f" at {explicit}"
    for name in ("MCUFORGE_RENODE", "RENODE_ROOT"):
        if os.environ.get(name):
            return f" at {os.environ[name]}, which {name} names"
    return " on PATH or in /opt/renode"


def _executable(path: Path) -> Path | None:
    program = path / "renode" if path.is_dir() else path
    return program if program.is_file() and os.access(program, os.X_OK) else None
