"""Paths that other programs can read.

A path may hold any character. CMake and Ninja cannot build in a folder with `$`, `#`, `;`, `"` or
a backslash in its name, and Renode's monitor knows no escape but that of a space.
"""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from mcuforge.processes import scratch

_ASCII = re.compile(r"[\w ./:+-]*", re.ASCII)
_FOR_CMAKE = re.compile(r"[\w ./,=@%+~:-]*")
_FOLDERS = ("/tmp", "/var/tmp", "/dev/shm")  # noqa: S108 - a folder of our own is made there


def temporary_place() -> str | None:
    """Where to make temporary files whose paths are plain ASCII; None for the usual place.

    Renode's monitor reads ASCII alone from standard input, and has variables and quotes: a tab or
    an umlaut in the name of a folder would be lost on the way.
    """
    if _ASCII.fullmatch(tempfile.gettempdir()):
        return None
    return next((p for p in _FOLDERS if os.access(p, os.W_OK)), None)


@contextmanager
def for_cmake(folder: Path) -> Iterator[Path]:
    """The folder by an absolute path that CMake can work in: its own, else a link that is removed.

    A build through a link is made anew each time, since CMake keeps the path.
    """
    whole = Path(os.path.realpath(folder))
    if _FOR_CMAKE.fullmatch(str(whole)):
        yield whole
        return
    with scratch.folder(temporary_place()) as place:
        link = place / "project"
        link.symlink_to(whole, target_is_directory=True)
        yield link
