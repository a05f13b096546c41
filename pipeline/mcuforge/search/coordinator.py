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
from mcuforge.processes.tensorflow_child import Progress
from mcuforge.search import drawing, pulse, storages
from mcuforge.search.drawing import Drawn
from mcuforge.search.ledger import Ledger
from mcuforge.search.record import RUNNING, Record
from mcuforge.search.task import Task

Draw = Callable[[Sequence[Record]], list[Drawn] | None]
_POLL_SECONDS = 0.3
_LAST_SECONDS = 10.0  # what workers may take to end what they began
_MOST_DEATHS = 3  # of workers in a row, without a trial that came to an end


def run(
    ledger: Ledger,
    draw: Draw,
    total: int,
    beat_seconds: float,
    workers: Workers,
    on_progress: Progress,
) -> None:
    """See to `total` trials until all are over.

    `draw` gives those that come after the ones that there are: None while that cannot be told yet,
    nothing where there are no more. Raises `ToolError` where workers end as soon as they begin.
    `on_progress` counts trials.
    """
    watch = pulse.Watch(beat_seconds)
    ledger.ask_for(total)
    while True:
        records = ledger.records()
        total = _add(ledger, draw, records, total)
        over = sum(each.is_over for each in records)
        on_progress(over, total)
        if over >= total:
            return
        for dead in watch.dead(records):
            ledger.take_away(dead)
        workers.keep(over, at_most=total - over)
        time.sleep(_POLL_SECONDS)


def _add(ledger: Ledger, draw: Draw, records: Sequence[Record], total: int) -> int:
    """Add what is to come next, if that can be told; how many trials there are to be."""
    begin = len(records)
    drawn = draw(records) if begin < total else None
    if drawn is None:
        return total
    for number, each in enumerate(drawn[: total - begin], begin):
        ledger.add(number, each.params, each.distributions)
    if not drawn:
        ledger.ask_for(begin)
        return begin
    return total


def generations(task: Task) -> Draw:
    """What a search tries, generation by generation."""

    def draw(records: Sequence[Record]) -> list[Drawn] | None:
        known = records[: drawing.known_before(len(records), task.size)]
        if not all(each.is_over for each in known):
            return None
        return drawing.generation(
            task.search.choices, task.objectives, task.budgets, records,
            task.size, task.seed, task.is_valid,
        )  # fmt: skip

    return draw


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

    def end(self, ledger: Ledger) -> None:
        """End all, and give back what they had begun and did not give back themselves."""
        ended = {pulse.worker_name(process.pid) for process, _ in self._running.values()}
        self._end()
        if not ended:
            return
        storages.hurry()
        with suppress(ToolError):
            for each in ledger.records():
                if each.state == RUNNING and each.worker in ended:
                    ledger.take_back(each)

    def _end(self) -> None:
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
