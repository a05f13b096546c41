"""`mcuforge.json`: what a project is, and which of the files around it mcuforge wrote.

Each of those files is recorded with the SHA-256 of its content, so that one that was edited since
is known from one that was not. Paths come from a file that anybody may have written: only plain
relative ones are taken.
"""

from __future__ import annotations

import json
import re
import stat
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path, PurePosixPath
from typing import Any

NAME = "mcuforge.json"
_REQUIRED = ("mcuforge", "board", "model", "sha256")
_HASH = re.compile(r"[0-9a-f]{64}")
_MOST_BYTES = 1 << 20


@dataclass(frozen=True)
class Manifest:
    """`described` is what the project is; `files` maps a relative path to its content's SHA-256.

    `files` is None where an mcuforge that recorded none wrote the project. `unfinished` holds, for
    each file that is being replaced or removed, the hashes of what it may still be: it is empty
    unless the writing was interrupted.
    """

    described: Mapping[str, str]
    files: Mapping[str, str] | None
    unfinished: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def paths(self) -> set[str]:
        """Relative paths of all recorded files."""
        return {*(self.files or {}), *self.unfinished}

    def hashes(self, path: str) -> set[str]:
        """SHA-256 of the contents that mcuforge gave the file; none where it is not recorded."""
        newest = (self.files or {}).get(path)
        return {*self.unfinished.get(path, ()), *([newest] if newest else [])}

    def text(self) -> bytes:
        """The content of `mcuforge.json`."""
        content: dict[str, Any] = {
            **self.described,
            "files": dict(sorted((self.files or {}).items())),
        }
        if self.unfinished:
            content["unfinished"] = {p: list(h) for p, h in sorted(self.unfinished.items())}
        return (json.dumps(content, indent=2) + "\n").encode()


def digest(data: bytes) -> str:
    """The SHA-256 of a file's content, as the manifest records it."""
    return sha256(data).hexdigest()


def read(folder: Path) -> Manifest | None:
    """The manifest in `folder`; None where there is no file of that name.

    Raises `ValueError` where there is one that mcuforge did not write, and `OSError`.
    """
    path = folder / NAME
    try:
        found = path.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return None
    if not stat.S_ISREG(found.st_mode):
        raise ValueError("it is not a regular file")
    if found.st_size > _MOST_BYTES:
        raise ValueError(f"it has more than {_MOST_BYTES:,} bytes")
    try:
        return _parse(json.loads(path.read_text(encoding="utf-8")))
    except RecursionError:
        raise ValueError("it is nested too deeply") from None


def _parse(content: Any) -> Manifest:
    if not isinstance(content, dict):
        raise ValueError("it is not a JSON object")
    for key in _REQUIRED:
        if not isinstance(content.get(key), str):
            raise ValueError(f"'{key}' is missing")
    described = {k: v for k, v in content.items() if isinstance(v, str)}
    if "files" not in content:
        return Manifest(described, None)
    files, unfinished = content["files"], content.get("unfinished", {})
    if not isinstance(files, dict) or not isinstance(unfinished, dict):
        raise ValueError("'files' is not an object")
    for path, values in (*((p, [h]) for p, h in files.items()), *unfinished.items()):
        _check(path, values)
    return Manifest(described, files, {path: tuple(v) for path, v in unfinished.items()})


def _check(path: str, values: Any) -> None:
    plain = PurePosixPath(path)
    if (
        plain.is_absolute()
        or ".." in plain.parts
        or str(plain) != path
        or path in (".", NAME)
        or not path.isprintable()
        or set(path) & set('\\:"')
    ):
        raise ValueError(f"'files' holds {path!r}, which is no path inside the project")
    if not isinstance(values, list) or not all(
        isinstance(v, str) and _HASH.fullmatch(v) for v in values
    ):
        raise ValueError(f"'files' has no SHA-256 for {path!r}")
