"""Finding Renode on this computer, and whether it is new enough for a board."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from mcuforge.boards import Board
from mcuforge.emit_renode import version_text
from mcuforge.errors import ToolError, UsageError
from mcuforge.renode_machine import RenodeMachine

_VERSION = re.compile(r"renode[^\d\n]*(\d+(?:\.\d+)+)", re.IGNORECASE)
# 1.16.1 lacks what a dot product and its rounding take: VMLADAV, VMULL, VQRDMULH, VMAX, VQADD.
_HELIUM = (1, 16, 2)
_TIMEOUT_S = 60.0  # of the first start: .NET unpacks itself
_INSTALL = (
    "Unpack a portable Renode, and give its `renode` program by --renode, by MCUFORGE_RENODE, or "
    "by PATH."
)


@dataclass(frozen=True)
class RenodeProgram:
    """A Renode that can be run: its path and version."""

    path: Path
    version: tuple[int, ...]

    @property
    def title(self) -> str:
        """`Renode 1.16.1`."""
        return f"Renode {version_text(self.version[:3])}"


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

    Raises `UsageError` where the board has no description for Renode, and `ToolError` where Renode
    is missing, does not run or is too old.
    """
    minimum = minimum_version(board)
    path = find_renode(explicit)
    if path is None:
        raise ToolError(f"Renode was not found{_looked_at(explicit)}. {_INSTALL}")
    path = path.absolute()  # Renode runs in a folder of its own
    version = ask_version(path)
    if version < minimum:
        raise ToolError(
            f"{path} is Renode {version_text(version)}, but the board '{board.name}' needs "
            f"{version_text(minimum)} or newer."
        )
    return RenodeProgram(path, version)


def minimum_version(board: Board) -> tuple[int, ...]:
    """The oldest release of Renode that runs the board's firmware. Raises `UsageError`."""
    minimum = require_machine(board).minimum
    return max(minimum, _HELIUM) if board.core and board.core.helium else minimum


def require_machine(board: Board) -> RenodeMachine:
    """The board's description for Renode. Raises `UsageError` where it has none."""
    if board.renode is None:
        raise UsageError(
            f"The board '{board.name}' has no description for Renode: its file lacks "
            "[simulators.renode]."
        )
    return board.renode


def ask_version(path: Path) -> tuple[int, ...]:
    """What `renode --version` says. Raises `ToolError` where it does not run."""
    try:
        done = subprocess.run(
            [str(path), "--version"], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, timeout=_TIMEOUT_S, check=False,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        raise ToolError(f"{path} --version did not answer within {_TIMEOUT_S:g} s.") from None
    except OSError as error:
        raise ToolError(f"{path} cannot be run: {error.strerror}.") from None
    text = done.stdout.decode(errors="replace").strip()
    match = _VERSION.search(text)
    if done.returncode != 0 or match is None:
        raise ToolError(f"{path} --version says no version (exit code {done.returncode}):\n{text}")
    return tuple(map(int, match.group(1).split(".")))


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
