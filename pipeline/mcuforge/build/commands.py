"""Runs CMake and Ninja: several trees of one project at the same time."""

from __future__ import annotations

import os
import re
import subprocess
import threading
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mcuforge.build.compiler_cache import CompilerCache
from mcuforge.build.explanation import explain
from mcuforge.processes import groups

Progress = Callable[[int, int], None]

# CMake runs in the project's folder
PATHS_IN_ENVIRONMENT = ("TFLM_ROOT", "TFLM_LIBRARY")
_STEP = re.compile(r"^\[(\d+)/(\d+)\]")


@dataclass(frozen=True)
class Caller:
    """Runs commands about `place`, which is `project` by a path that CMake can read."""

    place: Path
    project: Path
    cache: CompilerCache

    def run(
        self, commands: Sequence[Sequence[str]], on_progress: Progress | None = None
    ) -> list[str]:
        """What each command prints. They run at the same time; `on_progress` is the first one's.

        Raises what `explain` makes of it where a command fails: of the first that does.
        """
        with ExitStack() as stack:
            outputs = [
                _Output(
                    stack.enter_context(self._started(command)), None if number else on_progress
                )
                for number, command in enumerate(commands)
            ]
            texts = [output.text() for output in outputs]
        for output, text in zip(outputs, texts, strict=True):
            if output.process.returncode != 0:
                raise explain(text.replace(str(self.place), str(self.project)), self.project)
        return texts

    def _started(self, command: Sequence[str]) -> Any:
        # `explain` reads English. By PWD, a compiler in a link takes it for its folder's name.
        variables = _whole_paths() | {"LC_ALL": "C", "PWD": command[2]}
        return groups.started(
            command,
            cwd=self.place.parent,  # in a link, CMake would look for where it leads
            env=self.cache.environment({**os.environ, **variables}),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
        )


class _Output:
    """Reads what a process prints while it runs: a pipe that nobody empties would stop it."""

    def __init__(self, process: subprocess.Popen[str], on_progress: Progress | None) -> None:
        self.process = process
        self._on_progress = on_progress
        self._lines: list[str] = []
        self._reader = None if on_progress else threading.Thread(target=self._read, daemon=True)
        if self._reader:
            self._reader.start()

    def text(self) -> str:
        """All of it, at its end."""
        if self._reader:
            self._reader.join()
        else:
            self._read()
        return "".join(self._lines)

    def _read(self) -> None:
        for line in self.process.stdout or ():
            self._lines.append(line)
            step = _STEP.match(line)
            if step and self._on_progress:
                self._on_progress(int(step[1]), int(step[2]))


def _whole_paths() -> dict[str, str]:
    """Variables that hold a path relative to the current folder, made independent of it."""
    given = {name: os.environ.get(name, "") for name in PATHS_IN_ENVIRONMENT}
    return {name: str(Path(path).expanduser().absolute()) for name, path in given.items() if path}
