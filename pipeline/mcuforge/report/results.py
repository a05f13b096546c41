"""Results whose names the user did not choose: they replace older ones of mcuforge, nothing else.

A file that an option names is replaced, as a compiler does it. `report/index.html` in a folder is
another matter: it may be the user's own. What mcuforge writes can be told by its beginning.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from mcuforge.errors import ForgeError
from mcuforge.model_files.kind import Kind, recognise

_HEAD_BYTES = 4096
_PAGE = b'<meta name="generator" content="mcuforge">'
_DOCUMENT = re.compile(rb'\s*\{\s*"mcuforge":')
_PICTURE = b"Software\0mcuforge"
_IS_OURS: dict[str, Callable[[bytes], bool]] = {
    ".html": lambda head: _PAGE in head,
    ".json": lambda head: _DOCUMENT.match(head) is not None,
    ".png": lambda head: _PICTURE in head,
}


def check(*paths: Path, force: bool = False) -> None:
    """Raise `ForgeError` where one of the files exists and is not of the kind that mcuforge writes.

    A `.tflite` carries no mark: any other model of that name is replaced. What is no regular file
    is the business of whoever writes.
    """
    if force:
        return
    foreign = [str(path) for path in paths if path.is_file() and not _is_ours(path)]
    if foreign:
        raise ForgeError(
            f"{', '.join(foreign)}: not written by mcuforge, and would be replaced. Nothing was "
            "changed. Move it away, or choose another place with -o; where there is --force, that "
            "replaces it."
        )


def _is_ours(path: Path) -> bool:
    if path.suffix == ".tflite":
        return recognise(path) is Kind.TFLITE
    with path.open("rb") as file:
        head = file.read(_HEAD_BYTES)
    return _IS_OURS[path.suffix](head)
