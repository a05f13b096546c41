"""Temporary folders that are gone afterwards, whatever ends the process."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from mcuforge.processes import guardian


@contextmanager
def folder(where: str | None = None, kind: str = "") -> Iterator[Path]:
    """An empty folder in `where`, by default TMPDIR, which is removed at the end of the block.

    Its name is known before it exists, so that no signal comes between making and remembering it.
    """
    place = Path(where or tempfile.gettempdir())
    path = (place / f"mcuforge-{kind}{os.urandom(8).hex()}").absolute()
    guardian.watch_folder(path)
    try:
        path.mkdir(mode=0o700)
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)
        guardian.release_folder(path)
