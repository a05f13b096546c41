"""Sees to it that there is always a trial to take, and starts workers on this computer."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO, Any

from mcuforge.errors import ToolError
from mcuforge.processes import groups, python_worker
from mcuforge.search import drawing, pulse
from mcuforge.search.ledger import Ledger
from mcuforge.search.record import Record
from mcuforge.search.task import Task

OnRecords = Callable[[Sequence[Record]], None]
_POLL_SECONDS = 0.2
_LAST_SECONDS = 10.0  # what workers may take to end what they began
_MOST_DEATHS = 3  # of workers in a row, without a trial that came to an end


def run(
    ledger: Ledger, task: Task, total: int, workers: Workers, on_records: OnRecords
) -> list[Record]:
    """Draw generation after generation until `total` trials are over; all trials.

    There are fewer where no more are left to try. Raises `ToolError` where workers end as soon as
    they begin. `on_records` is told of how far the trials are.
    """
    watch = pulse.Watch(task.beat_seconds)
    if ledger.total < total:
        ledger.ask_for(total)
    total = ledger.total
    while True:
        records = ledger.records()
        total = _draw(ledger, task, records, total)
        over = sum(each.is_over for each in records)
        on_records(records)
        if over >= total:
            return records
        for dead in watch.dead(records):
            ledger.take_away(dead)
        workers.keep(over, at_most=total - over)
        time.sleep(_POLL_SECONDS)


def _draw(ledger: Ledger, task: Task, records: Sequence[Record], total: int) -> int:
    """Add the next generation if what it depends on is over; how many trials there are to be."""
    begin = len(records)
    known = records[: drawing.known_before(begin, task.size)]
    if begin >= total or not all(each.is_over for each in known):
        return total
    drawn = drawing.generation(
        task.search.choices, task.objectives, task.budgets, records,
        task.size, task.seed, task.is_valid,
    )  # fmt: skip
    for number, each in enumerate(drawn[: total - begin], begin):
        ledger.add(number, each.params, each.distributions)
    if not drawn:
        ledger.ask_for(begin)
        return begin
    return total


class Workers:
    """Worker processes on this computer, which end with this one."""

    def __init__(self, count: int, command: Sequence[str], folder: Path) -> None:
        self._count, self._command, self._folder = count, list(command), folder
        self._running: dict[int, tuple[subprocess.Popen[Any], IO[bytes]]] = {}
        self._deaths, self._over = 0, -1

    def keep(self, over: int, at_most: int) -> None:
        """Start those that are missing; `over` trials are over by now, and `at_most` are left."""
        if over > self._over:
            self._over, self._deaths = over, 0
        for place in range(self._count):
            if place in self._running and self._running[place][0].poll() is not None:
                self._ended(*self._running.pop(place))
            if place not in self._running and len(self._running) < at_most:
                self._running[place] = self._started(place)

    def end(self) -> None:
        """End all, which give back what they began."""
        for process, _ in self._running.values():
            process.terminate()
        until = time.monotonic() + _LAST_SECONDS
        for process, log in self._running.values():
            with suppress(subprocess.TimeoutExpired):
                process.wait(max(until - time.monotonic(), 0))
            groups.end(process)
            log.close()
        self._running.clear()

    def _started(self, place: int) -> tuple[subprocess.Popen[Any], IO[bytes]]:
        self._folder.mkdir(parents=True, exist_ok=True)
        log = (self._folder / f"worker-{place + 1}.log").open("wb")
        process = groups.start(
            python_worker.command("mcuforge", *self._command),
            stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT,
        )  # fmt: skip
        return process, log

    def _ended(self, process: subprocess.Popen[Any], log: IO[bytes]) -> None:
        groups.end(process)
        log.close()
        if process.returncode == 0:
            return
        self._deaths += 1
        if self._deaths >= _MOST_DEATHS:
            printed = Path(log.name).read_bytes()
            words = " | ".join(python_worker.last_words(printed, 3)) or "nothing"
            raise ToolError(
                f"The workers of the search end as soon as they begin "
                f"({python_worker.ending(process.returncode)}). Their last words: {words}"
            )
