"""One mcuforge at a time writes into an output folder.

Two at once would mix their files: a project of one board with the model for another. The lock of a
folder lies apart from it, so that nothing of ours stays among the user's files, and ends with the
process, however that ends.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from mcuforge.errors import ForgeError


@contextmanager
def writing(folder: Path) -> Iterator[None]:
    """Hold `folder`, which need not exist yet; this process may do so several times.

    Raises `ForgeError` where another mcuforge holds it.
    """
    from filelock import FileLock, Timeout  # asyncio comes with it: not for other commands

    place = os.path.realpath(folder)
    name = hashlib.sha256(os.fsencode(place)).hexdigest()[:32]
    lock = FileLock(_locks() / f"{name}.lock", timeout=0, is_singleton=True, thread_local=False)
    try:
        lock.acquire()
    except Timeout:
        raise ForgeError(
            f"{folder}: another mcuforge is writing there. Wait until it is done, or choose "
            "another folder."
        ) from None
    try:
        yield
    finally:
        lock.release()


def _locks() -> Path:
    """The folder of all locks: the user's own, so that nobody else's files are in the way."""
    base = os.environ.get("XDG_CACHE_HOME") or os.environ.get("LOCALAPPDATA")
    places = [Path(base)] if base else [Path(os.path.expanduser("~")) / ".cache"]  # noqa: PTH111
    for place in (*places, Path(tempfile.gettempdir(), f"mcuforge-{_user()}")):
        folder = place / "mcuforge" / "locks"
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError:
            continue
        if os.access(folder, os.W_OK):
            return folder
    raise ForgeError("No folder for locks can be made: set XDG_CACHE_HOME to one that can.")


def _user() -> str:
    return str(os.getuid()) if hasattr(os, "getuid") else "user"
