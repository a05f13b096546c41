"""A worker: takes one trial after the other until the search is over."""

from __future__ import annotations

import dataclasses
import os
import time
from collections.abc import Callable, Sequence
from typing import Protocol

from mcuforge.oracle import child as oracle_workers
from mcuforge.processes import tensorflow_child
from mcuforge.search import pulse, storages
from mcuforge.search.ledger import Ledger
from mcuforge.search.record import Outcome, Record

# A process a core; and sums whose order does not depend on how many cores a machine has.
_ONE_THREAD = (
    "TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS",
)  # fmt: skip
_FIRST_SECONDS, _MOST_SECONDS = 0.1, 2.0  # between looks at a storage where no trial waits
OnStage = Callable[[str, int, int], None]
OnTrial = Callable[[Record, Outcome], None]


class Runner(Protocol):
    """What runs a trial of a search, or of a sweep."""

    @property
    def beat_seconds(self) -> float:
        """How often a worker tells that it lives."""

    def known_before(self, number: int) -> int:
        """How many trials are over, whatever happens, before this one begins."""

    def run(self, taken: Record, known: Sequence[Record], on_stage: OnStage) -> Outcome:
        """What comes of a trial, where these are known."""


def work(
    ledger: Ledger,
    runner: Runner,
    on_stage: OnStage,
    on_trial: OnTrial,
    *,
    most: int | None = None,
) -> int:
    """Take trials until all are over, or `most` were taken; how many it was.

    While none waits, others are at work, or the one who draws new ones is away: it waits. On an
    interrupt the trial that was begun is given back. TensorFlow and the oracle's interpreters start
    once, and not once a trial.
    """
    os.environ.update(dict.fromkeys(_ONE_THREAD, "1"))
    with tensorflow_child.kept(), oracle_workers.kept(eager=False):
        return _taken(ledger, runner, on_stage, on_trial, most)


def _taken(
    ledger: Ledger, runner: Runner, on_stage: OnStage, on_trial: OnTrial, most: int | None
) -> int:
    """How many trials this worker ran."""
    watch, name, done = pulse.Watch(runner.beat_seconds), pulse.worker_name(), 0
    wait = _FIRST_SECONDS
    while most is None or done < most:
        taken = ledger.claim(name)
        if taken is not None:
            on_trial(taken, _run(ledger, runner, taken, on_stage))
            done, wait = done + 1, _FIRST_SECONDS
            continue
        records = ledger.records()
        for dead in watch.dead(records):
            ledger.take_away(dead)
        total = ledger.total
        if total and sum(each.is_over for each in records) >= total:
            break
        time.sleep(wait)
        wait = min(2 * wait, _MOST_SECONDS)
    return done


def _run(ledger: Ledger, runner: Runner, taken: Record, on_stage: OnStage) -> Outcome:
    known = ledger.records()[: runner.known_before(taken.number)]
    begun = time.monotonic()
    try:
        with pulse.beating(ledger, taken, runner.beat_seconds):
            outcome = runner.run(taken, known, on_stage)
    except BaseException:
        storages.hurry()
        ledger.give_back(taken)
        raise
    outcome = dataclasses.replace(outcome, seconds=round(time.monotonic() - begun, 1))
    ledger.finish(taken, outcome)
    return outcome
