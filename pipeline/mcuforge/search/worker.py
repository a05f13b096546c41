"""A worker: takes one trial after the other until the search is over."""

from __future__ import annotations

import dataclasses
import os
import time
from collections.abc import Callable
from pathlib import Path

from mcuforge.search import drawing, pulse
from mcuforge.search.ledger import Ledger
from mcuforge.search.record import Outcome, Record
from mcuforge.search.task import Task
from mcuforge.search.trial import OnStage, Runner

# A process a core; and sums whose order does not depend on how many cores a machine has.
_ONE_THREAD = (
    "TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS",
)  # fmt: skip
_POLL_SECONDS = 0.2
OnTrial = Callable[[Record, Outcome], None]


def work(
    ledger: Ledger,
    task: Task,
    folder: Path,
    on_stage: OnStage,
    on_trial: OnTrial,
    *,
    most: int | None = None,
) -> int:
    """Take trials until all are over, or `most` were taken; how many it was.

    While none waits, others are at work, or the one who draws new ones is away: it waits. On an
    interrupt the trial that was begun is given back.
    """
    os.environ.update(dict.fromkeys(_ONE_THREAD, "1"))
    runner, watch = Runner(task, folder), pulse.Watch(task.beat_seconds)
    name, done = pulse.worker_name(), 0
    while most is None or done < most:
        taken = ledger.claim(name)
        if taken is not None:
            on_trial(taken, _run(ledger, task, runner, taken, on_stage))
            done += 1
            continue
        records = ledger.records()
        for dead in watch.dead(records):
            ledger.take_away(dead)
        total = ledger.total
        if total and sum(each.is_over for each in records) >= total:
            break
        time.sleep(_POLL_SECONDS)
    return done


def _run(ledger: Ledger, task: Task, runner: Runner, taken: Record, on_stage: OnStage) -> Outcome:
    known = ledger.records()[: drawing.known_before(taken.number, task.size)]
    begun = time.monotonic()
    try:
        with pulse.beating(ledger, taken, task.beat_seconds):
            outcome = runner.run(taken, known, on_stage)
    except BaseException:
        ledger.give_back(taken)
        raise
    outcome = dataclasses.replace(outcome, seconds=round(time.monotonic() - begun, 1))
    ledger.finish(taken, outcome)
    return outcome
