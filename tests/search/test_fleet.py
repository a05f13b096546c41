"""A fleet: PostgreSQL, three workers, one killed in the middle of a trial, the server restarted."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import postgres
import pytest
import searches

from mcuforge.search.ledger import Ledger
from mcuforge.search.record import ENDS, RUNNING, Record

pytestmark = [
    pytest.mark.slow,
    pytest.mark.sim,
    pytest.mark.skipif(postgres.programs() is None, reason="needs PostgreSQL's server"),
]
TRIALS, STUDY = 12, "fleet"
WITHIN_SECONDS = 900.0
WORDS = ("--board", "mps2-an386", "--max-flash", "8200", "--seed", "3", "--generation", "4")


@contextmanager
def mcuforge(folder: Path, *words: str) -> Iterator[subprocess.Popen[bytes]]:
    """A command that runs beside the test."""
    with (folder / f"{words[0]}-{os.urandom(4).hex()}.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "mcuforge", *words], cwd=folder, stdout=log, stderr=log
        )
        try:
            yield process
        finally:
            process.terminate()
            process.wait()


def until(condition: Callable[[], Any]) -> Any:
    """What the condition gives, once that is something."""
    end = time.monotonic() + WITHIN_SECONDS
    while time.monotonic() < end:
        found = condition()
        if found:
            return found
        time.sleep(0.05)
    raise AssertionError("it did not happen")


def settled(document: dict[str, Any]) -> dict[str, Any]:
    """What must be the same wherever trials run: all but where reports lie."""
    kept = {key: value for key, value in document.items() if key != "study"}
    trials = [{k: v for k, v in trial.items() if k != "report"} for trial in document["trials"]]
    return {**kept, "trials": trials}


def test_a_fleet_finds_what_one_machine_finds(tmp_path: Path) -> None:
    model = searches.toy(tmp_path)
    alone = tmp_path / "alone"
    words = ("tune", str(model), *WORDS, "--trials", str(TRIALS), "--study", STUDY)
    subprocess.run(
        [sys.executable, "-m", "mcuforge", *words, "--jobs", "1", "-o", str(alone)],
        check=True, cwd=tmp_path, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    place = Path(tempfile.gettempdir()) / f"mcuforge-postgres-{os.getpid()}"
    with postgres.server(place) as server, ExitStack() as stack:
        shared = ("--storage", server.address, "--study", STUDY)
        lead = stack.enter_context(
            mcuforge(tmp_path, *words, "--jobs", "0", "--storage", server.address,
                     "--heartbeat", "2", "-o", "fleet")
        )  # fmt: skip
        workers = [
            stack.enter_context(
                mcuforge(tmp_path, "tune-worker", str(model), *shared, "-o", f"machine-{number}")
            )
            for number in range(3)
        ]
        ledger = until(lambda: joined(server.address))
        victim, taken = until(lambda: at_work(ledger, workers))
        victim.send_signal(signal.SIGKILL)
        victim.wait()
        until(lambda: sum(each.state in ENDS for each in ledger.records()) >= TRIALS // 3)
        server.stop()
        server.start()
        assert lead.wait(WITHIN_SECONDS) == 0
        records = ledger.records()
        ledger.close()
        for worker in workers:
            if worker is not victim:
                assert worker.wait(WITHIN_SECONDS) == 0
    assert [each.number for each in records] == list(range(TRIALS))
    assert all(each.state in ENDS for each in records)
    again = next(each for each in records if each.number == taken.number)
    assert again.taken == 2 and again.worker != taken.worker, "another worker took it up"
    mine, theirs = (
        json.loads((folder / "tune" / STUDY / "tune.json").read_bytes())
        for folder in (alone, tmp_path / "fleet")
    )
    assert len(mine["front"]) >= 2
    assert settled(theirs) == settled(mine)


def joined(address: str) -> Ledger | None:
    """The search, once it was begun."""
    try:
        return Ledger(address, STUDY)
    except KeyError:
        return None


def at_work(
    ledger: Ledger, workers: list[subprocess.Popen[bytes]]
) -> tuple[subprocess.Popen[bytes], Record] | None:
    """A worker that is in the middle of a trial, and that trial."""
    for each in ledger.records():
        for worker in workers:
            if each.state == RUNNING and each.worker.endswith(f":{worker.pid}") and each.beat:
                return worker, each
    return None
