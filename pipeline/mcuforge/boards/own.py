"""Board files of one's own that `mcuforge boards --add` has taken in, found by name afterwards."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from mcuforge.errors import UsageError
from mcuforge.files import atomic, untrusted

_VARIABLE = "MCUFORGE_BOARDS"


def folder() -> Path:
    """Where they are kept: $MCUFORGE_BOARDS, else the user's configuration folder."""
    if chosen := os.environ.get(_VARIABLE):
        return Path(chosen)
    if sys.platform == "win32":
        base = Path(os.environ.get("APPDATA") or Path.home() / "AppData" / "Roaming")
    else:
        base = Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config")
    return base / "mcuforge" / "boards"


def names() -> list[str]:
    """Names of one's own boards, sorted."""
    return sorted(path.stem for path in folder().glob("*.toml"))


def path(name: str) -> Path:
    """The file of a board of one's own, which need not exist."""
    return folder() / f"{name}.toml"


def keep(source: Path, name: str) -> Path:
    """Copy the board file `source`, known to be sound, under the board's name; returns the copy.

    An older one of that name is replaced. Raises `ForgeError` where it cannot be written.
    """
    target = path(name)
    atomic.write_bytes(target, untrusted.read(source))
    return target


def forget(name: str) -> None:
    """Remove a board of one's own. Raises `UsageError` where there is none."""
    have = names()
    if name not in have:  # which keeps to the folder, whatever the name
        raise UsageError(
            f"There is no board of your own called '{name}'; you have: {', '.join(have) or 'none'}."
        )
    try:
        path(name).unlink()
    except OSError as error:
        raise UsageError(f"{path(name)}: cannot be removed ({error}).") from None
