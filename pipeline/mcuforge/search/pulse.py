"""Which trials nobody works at any more."""

from __future__ import annotations

import os
import socket
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from mcuforge.search.ledger import Ledger
from mcuforge.search.record import RUNNING, Record

GRACE_BEATS = 4
_PROCESSES = Path("/proc/self/ns/pid")  # in another container the same number is another process


def worker_name(process: int | None = None) -> str:
    """What a process of this computer, by default this one, is called among the workers."""
    return f"{_here()}:{os.getpid() if process is None else process}"


def _here() -> str:
    try:
        return f"{socket.gethostname()}/{_PROCESSES.readlink()}"
    except OSError:
        return socket.gethostname()


class Watch:
    """Sees which counters stand still.

    By this computer's own clock, and from when it looked first: no two clocks are compared. While
    nobody looks, as the storage is away, nobody could beat, either: that counts as one beat.
    """

    def __init__(self, beat_seconds: float) -> None:
        self._beat_seconds = beat_seconds
        self._looked = time.monotonic()
        self._silent: dict[int, tuple[tuple[int, int, str], float]] = {}

    def dead(self, records: Sequence[Record]) -> list[Record]:
        """Those that are running, and whose worker has ended or was silent for too long."""
        now = time.monotonic()
        passed, self._looked = min(now - self._looked, self._beat_seconds), now
        silent: dict[int, tuple[tuple[int, int, str], float]] = {}
        found = []
        for each in (each for each in records if each.state == RUNNING):
            heard = (each.beat, each.taken, each.worker)
            before, seconds = self._silent.get(each.number, (None, 0.0))
            seconds = seconds + passed if before == heard else 0.0
            silent[each.number] = heard, seconds
            if seconds > GRACE_BEATS * self._beat_seconds or _has_ended(each.worker):
                found.append(each)
        self._silent = silent
        return found


def _has_ended(worker: str) -> bool:
    """Whether a worker of this computer is certainly gone."""
    where, _, process = worker.rpartition(":")
    if where != _here() or not process.isdigit() or not hasattr(os, "killpg"):
        return False
    try:
        os.kill(int(process), 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        return False
    return False


@contextmanager
def beating(ledger: Ledger, taken: Record, beat_seconds: float) -> Iterator[None]:
    """Let a trial's counter beat while the block works at it."""
    ended = threading.Event()

    def beat() -> None:
        count = taken.beat
        while not ended.wait(beat_seconds):
            count += 1
            ledger.beat(taken, count)

    thread = threading.Thread(target=beat, daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()
