"""One mcuforge at a time writes into an output folder.

Two at once would mix their files: a project of one board with the model for another. The lock of a
folder lies apart from it, so that nothing of ours stays among the user's files, and ends with the
process, however that ends.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from mcuforge.errors import ForgeError
from mcuforge.files import user_cache


@contextmanager
def writing(folder: Path) -> Iterator[None]:
    """Hold `folder`, which need not exist yet; this process may do so several times.

    Raises `ForgeError` where another mcuforge holds it.
    """
    from filelock import FileLock, Timeout  # asyncio comes with it: not for other commands

    place = os.path.realpath(folder)
    name = hashlib.sha256(os.fsencode(place)).hexdigest()[:32]
    lock = FileLock(
        user_cache.folder("locks") / f"{name}.lock",
        timeout=0,
        is_singleton=True,
        thread_local=False,
    )
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
