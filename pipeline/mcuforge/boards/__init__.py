"""Boards as data: one TOML a board.

A name or a `.toml` -> `Board`. Knows nothing of models, nor of what is done with a board. The
shipped boards lie in `firmware/boards/`; a board of one's own is a file given by its path.
"""

from __future__ import annotations

from pathlib import Path

from mcuforge.boards import own
from mcuforge.boards.description import load_file
from mcuforge.boards.types import CORE_TYPES, Board, Core, CoreType, Memory, Placement, Ticks, Uart
from mcuforge.errors import UsageError
from mcuforge.files import paths

__all__ = [
    "CORE_TYPES",
    "Board",
    "Core",
    "CoreType",
    "Memory",
    "Placement",
    "Ticks",
    "Uart",
    "add",
    "available",
    "load",
    "load_file",
    "names",
    "shipped",
]


def names() -> list[str]:
    """Names of the shipped boards and of those added with `mcuforge boards --add`, sorted."""
    return sorted({*shipped(), *own.names()})


def shipped() -> list[str]:
    """Names of the shipped boards, sorted; `host` is one of them."""
    return sorted(path.stem for path in (paths.data_dir("firmware") / "boards").glob("*.toml"))


def available() -> list[Board]:
    """The boards that `names` lists."""
    return [load(name) for name in names()]


def load(name: str) -> Board:
    """A board by its name, or the board in a `.toml` by its path.

    Raises `UsageError` where there is none, or where the file is not a board.
    """
    if name.endswith(".toml"):
        return load_file(Path(name))
    if name in own.names() and name not in shipped():
        return load_file(own.path(name))
    if name not in shipped():
        raise UsageError(
            f"There is no board '{name}'. Boards: {', '.join(names())}; "
            "or give the path of a board's .toml file (docs/reference/boards.md)."
        )
    return load_file(paths.data_dir("firmware") / "boards" / f"{name}.toml")


def add(path: Path) -> Board:
    """Check the board in a TOML file, and keep it to be found by its name.

    Raises `ForgeError` where the file is no board, or has the name of a shipped one.
    """
    board = load_file(path)
    if board.name in shipped():
        raise UsageError(f"{path}: '{board.name}' is a shipped board; give yours another 'name'.")
    own.keep(path, board.name)
    return board
