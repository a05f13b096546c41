"""A process that ends our children and removes our temporary folders where we no longer can.

Nothing of ours runs after SIGKILL, or when memory ran out. The guardian is told of every child and
every temporary folder, and reads a pipe that closes with our end, whatever that is. It also closes
the gaps that are too short for a `finally`: a signal between making a folder and remembering it.
"""

from __future__ import annotations

import atexit
import json
import os
import subprocess
import sys
import threading
from contextlib import suppress
from pathlib import Path

# Its source is run by itself: nothing of the package, or of the user's folder, is imported.
_PROGRAM = Path(__file__).with_name("guardian_process.py")
_LAST_SECONDS = 10.0  # what it may take at our orderly end


class _Guardian:
    """Started with the first word to it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._is_tried = False

    def tell(self, word: str, what: str | int) -> None:
        """One message. Without a guardian, cleaning up is what it is without one."""
        with self._lock:
            if not self._is_tried:
                self._is_tried = True
                self._start()
            if self._process is not None and self._process.stdin is not None:
                with suppress(OSError, ValueError):
                    self._process.stdin.write(json.dumps([word, what]).encode() + b"\n")

    def _start(self) -> None:
        if not hasattr(os, "killpg"):  # Windows has no process groups
            return
        command = [sys.executable, "-I", "-S", str(_PROGRAM)]
        with suppress(OSError):
            # In a session of its own: what is sent to our whole group must not end it, too.
            self._process = subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL, bufsize=0, cwd="/", start_new_session=True,
            )  # fmt: skip
            atexit.register(self._end)

    def _end(self) -> None:
        assert self._process is not None and self._process.stdin is not None
        self._process.stdin.close()
        try:
            self._process.wait(_LAST_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.returncode = 0  # it goes on alone


_GUARDIAN = _Guardian()


def watch_group(leader: int) -> None:
    """Tell of a child that leads a process group."""
    _GUARDIAN.tell("group", leader)


def release_group(leader: int) -> None:
    """The group has ended."""
    _GUARDIAN.tell("ended", leader)


def watch_folder(folder: Path) -> None:
    """Tell of a temporary folder, which need not exist yet."""
    _GUARDIAN.tell("folder", str(folder.absolute()))


def release_folder(folder: Path) -> None:
    """The folder was removed."""
    _GUARDIAN.tell("removed", str(folder.absolute()))
