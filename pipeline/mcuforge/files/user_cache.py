"""The user's own folder for what commands keep from one run to the next: locks, results."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from mcuforge.errors import ForgeError

_OTHERS_WRITE = 0o022
SWITCH = "MCUFORGE_CACHE"  # "no": nothing is kept, and nothing that was kept is used


def private(name: str) -> Path | None:
    """`folder`, for what is trusted: None where others may write there, or nobody wants it.

    Others: in a folder for temporary files anybody may have made it before us.
    """
    if os.environ.get(SWITCH) == "no":
        return None
    try:
        found = folder(name)
        status = found.stat()
    except (OSError, ForgeError):
        return None
    is_ours = not hasattr(os, "getuid") or status.st_uid == os.getuid()
    return found if is_ours and not status.st_mode & _OTHERS_WRITE else None


def folder(name: str) -> Path:
    """`name` in the user's cache, which is made. Raises `ForgeError` where none can be."""
    base = os.environ.get("XDG_CACHE_HOME") or os.environ.get("LOCALAPPDATA")
    places = [Path(base)] if base else [Path(os.path.expanduser("~")) / ".cache"]  # noqa: PTH111
    for place in (*places, Path(tempfile.gettempdir(), f"mcuforge-{_user()}")):
        found = place / "mcuforge" / name
        try:
            found.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError:
            continue
        if os.access(found, os.W_OK):
            return found
    raise ForgeError(f"No folder for {name} can be made: set XDG_CACHE_HOME to one that can.")


def _user() -> str:
    return str(os.getuid()) if hasattr(os, "getuid") else "user"
