"""Whether a project is configured already just as it would be now.

Ninja finds out by itself what has to be compiled again, headers of the toolchain included, and runs
CMake again where a CMake file changed. What it does not know is recorded here: the command, the
tools, the presets and the environment.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from mcuforge import __version__
from mcuforge.files import atomic

_RECORD = "mcuforge-configured.json"
_MADE = ("CMakeCache.txt", "build.ninja")
_PRESETS = ("CMakePresets.json", "CMakeUserPresets.json")
_CMAKE_FILE = "CMakeLists.txt"
_NOISE = frozenset({"_", "PWD", "OLDPWD", "SHLVL", "COLUMNS", "LINES"})  # no input of a build


@dataclass(frozen=True)
class Configuration:
    """What a configuration of `project` in `folder` by `command` depends on.

    `programs` are those that it may use. `elsewhere` are variables that name a place outside of the
    project: where a project looks there, it is configured each time.
    """

    project: Path
    folder: Path
    command: Sequence[str]
    programs: Sequence[str]
    elsewhere: Sequence[str] = ()

    def warnings(self) -> tuple[str, ...] | None:
        """Those of the last time, where nothing has changed since; None where something has."""
        try:
            recorded = json.loads((self.folder / _RECORD).read_text(encoding="utf-8"))
            is_current = recorded["key"] == self._key() and recorded["made"] == self._made()
            return tuple(map(str, recorded["warnings"])) if is_current else None
        except (OSError, ValueError, LookupError, TypeError):
            return None

    def has_other_tools(self) -> bool:
        """Whether what is there was built by other programs: Ninja would leave it as it is."""
        try:
            recorded = json.loads((self.folder / _RECORD).read_text(encoding="utf-8"))
            return bool(recorded["tools"] != self._tools())
        except (OSError, ValueError, LookupError, TypeError):
            return False

    def record(self, warnings: Sequence[str]) -> None:
        """Remember this configuration, which has just been made and built."""
        if self._looks_elsewhere():
            return
        content = {
            "key": self._key(),
            "tools": self._tools(),
            "made": self._made(),
            "warnings": list(warnings),
        }
        atomic.write_bytes(self.folder / _RECORD, json.dumps(content).encode())

    def _looks_elsewhere(self) -> bool:
        text = (self.project / _CMAKE_FILE).read_text(encoding="utf-8", errors="replace")
        return any(name in text for name in self.elsewhere)

    def _key(self) -> str:
        presets = [(self.project / name) for name in _PRESETS]
        inputs = [
            __version__,
            list(self.command),
            self._tools(),
            [p.read_text(encoding="utf-8", errors="replace") for p in presets if p.is_file()],
            sorted((k, v) for k, v in os.environ.items() if k not in _NOISE),
        ]
        return hashlib.sha256(json.dumps(inputs).encode(errors="replace")).hexdigest()

    def _tools(self) -> list[list[str | int]]:
        return [_identity(program) for program in self.programs]

    def _made(self) -> list[str]:
        """What CMake wrote: somebody may have configured it otherwise since."""
        files = (self.folder / name for name in _MADE)
        return [hashlib.sha256(file.read_bytes()).hexdigest() for file in files]


def _identity(program: str) -> list[str | int]:
    """Another program at the same place has another size or time."""
    found = shutil.which(program)
    if found is None:
        return [program]
    real = os.path.realpath(found)
    status = Path(real).stat()
    return [program, real, status.st_size, status.st_mtime_ns]
