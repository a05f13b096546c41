"""How much of a processor a process gets, of what it asks for."""

from __future__ import annotations

from pathlib import Path


class CoreShare:
    """The share of the time in which a process could run, since this was made, that it ran."""

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self._began = _nanoseconds(pid)

    def so_far(self) -> float | None:
        """1 where it never waited for a core; None where it slept, or this system does not tell."""
        now = _nanoseconds(self._pid)
        if now is None or self._began is None:
            return None
        ran, waited = (b - a for a, b in zip(self._began, now, strict=True))
        return ran / (ran + waited) if ran + waited > 0 else None


def cpu_seconds(pid: int) -> float | None:
    """Processor time of all threads of a process that run; None where this system does not tell."""
    found = _nanoseconds(pid)
    return found[0] / 1e9 if found else None


def _nanoseconds(pid: int) -> tuple[int, int] | None:
    """How long its threads have run, and how long they waited for a core (Linux)."""
    try:
        files = Path(f"/proc/{pid}/task").glob("*/schedstat")
        columns = [file.read_text().split() for file in files]
        totals = sum(int(c[0]) for c in columns), sum(int(c[1]) for c in columns)
        return totals if columns else None
    except (OSError, ValueError, IndexError):
        return None
