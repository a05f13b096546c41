"""How much of a processor a process gets."""

from __future__ import annotations

import os
import time
from pathlib import Path

_USER, _SYSTEM = 11, 12  # fields of /proc/PID/stat after the name


class CoreShare:
    """The share of a core that a process has got since this was made."""

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self._began, self._used = time.monotonic(), cpu_seconds(pid)

    def so_far(self) -> float | None:
        """1 for a whole core; None where this system does not tell, or no time has passed."""
        used, seconds = cpu_seconds(self._pid), time.monotonic() - self._began
        if used is None or self._used is None or seconds <= 0:
            return None
        return (used - self._used) / seconds


def cpu_seconds(pid: int) -> float | None:
    """User and system time of all threads of a process; None where this system does not tell."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        ticks = int(fields[_USER]) + int(fields[_SYSTEM])
        return ticks / float(os.sysconf("SC_CLK_TCK"))
    except (OSError, ValueError, IndexError):
        return None
