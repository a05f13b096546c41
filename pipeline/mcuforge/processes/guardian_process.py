"""The process of `guardian.py`: `python -I -S guardian_process.py`. Imports nothing of ours.

Reads messages, one JSON array a line: `["group", 12]` and `["ended", 12]` for a process group,
`["folder", "/tmp/x"]` and `["removed", "/tmp/x"]`. At the end of its input it ends and removes what
is left of both.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import sys
import time
from contextlib import suppress
from pathlib import Path

_GRACE_SECONDS = 1.0
_POLL_SECONDS = 0.02


def main() -> None:
    """Listen until whoever started this is gone; then clean up after it."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    groups: dict[int, str] = {}
    folders: dict[str, None] = {}
    for line in sys.stdin.buffer:
        try:
            word, what = json.loads(line)
        except ValueError:  # cut off in the middle
            break
        if word == "group":
            groups[what] = _born(what)
        elif word == "ended":
            groups.pop(what, None)
        elif word == "folder":
            folders[what] = None
        elif word == "removed":
            folders.pop(what, None)
    _end({group for group, born in groups.items() if _born(group) in (born, "")})
    for folder in folders:
        shutil.rmtree(folder, ignore_errors=True)


def _born(process: int) -> str:
    """When a process started, so that its number used again is no mistake; empty where unknown."""
    try:
        stat = Path(f"/proc/{process}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
    return stat.rpartition(")")[2].split()[19]


def _end(groups: set[int]) -> None:
    deadline = time.monotonic() + _GRACE_SECONDS
    left = {group for group in groups if _signal(group, signal.SIGTERM)}
    while left and time.monotonic() < deadline:
        time.sleep(_POLL_SECONDS)
        left = {group for group in left if _signal(group, 0)}
    for group in left:
        _signal(group, signal.SIGKILL)


def _signal(group: int, number: int) -> bool:
    """Whether there is anybody to get the signal."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(group, number)
        return True
    return False


if __name__ == "__main__":
    main()
