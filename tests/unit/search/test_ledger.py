"""Trials in a storage: taken once, given back, taken from the dead, told once."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from mcuforge.errors import ToolError, UsageError
from mcuforge.search import pulse, storages
from mcuforge.search.ledger import MOST_TAKEN, Ledger
from mcuforge.search.record import COMPLETE, CUT, FAILED, RUNNING, WAITING, Outcome

SETTINGS = {"objectives": [{"name": "quality", "more_is_better": True}], "seed": 1}
GOOD = Outcome(COMPLETE, quality=0.5, costs={"ram": 10.0}, curve=((1, 0.25), (2, 0.5)))


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    """Of four trials that wait, in a journal."""
    made = begun(str(tmp_path / "deep" / "journal.log"))
    yield made
    made.close()


def begun(address: str) -> Ledger:
    """A search of four trials that wait."""
    made = Ledger.begin(address, "search", SETTINGS)
    for number in range(4):
        made.add(number, {}, {})
    return made


def states(ledger: Ledger) -> list[str]:
    return [each.state for each in ledger.records()]


def test_each_trial_is_taken_by_one_worker(ledger: Ledger) -> None:
    taken: list[int] = []
    errors: list[BaseException] = []

    def work(name: str) -> None:
        try:
            mine = Ledger(ledger.address, "search")
            while (each := mine.claim(name)) is not None:
                taken.append(each.number)
            mine.close()
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=work, args=(f"w{n}",)) for n in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not errors
    assert sorted(taken) == [0, 1, 2, 3]
    assert states(ledger) == [RUNNING] * 4
    assert {each.worker for each in ledger.records()} <= {"w0", "w1", "w2"}


def test_what_came_of_a_trial_is_kept_once(ledger: Ledger) -> None:
    told_once(ledger)


def test_the_same_in_a_database(tmp_path: Path) -> None:
    ledger = begun(f"sqlite:///{tmp_path}/trials.db")
    told_once(ledger)
    ledger.close()


def told_once(ledger: Ledger) -> None:
    taken = ledger.claim("first")
    assert taken is not None
    ledger.finish(taken, GOOD)
    ledger.finish(taken, Outcome(COMPLETE, quality=0.1))  # of a worker that was slow
    ledger.give_back(taken)
    ledger.beat(taken, 7)
    found = ledger.records()[0]
    assert (found.state, found.outcome) == (COMPLETE, GOOD)
    other = ledger.claim("second")
    assert other is not None and other.number == 1
    ledger.finish(other, Outcome(CUT, reason="over budget"))
    assert ledger.records()[1].outcome == Outcome(CUT, reason="over budget")


def test_a_trial_that_is_given_back_is_taken_again(ledger: Ledger) -> None:
    for _ in range(MOST_TAKEN + 2):  # an interrupt is not the trial's fault
        taken = ledger.claim("interrupted")
        assert taken is not None and taken.number == 0
        ledger.give_back(taken)
    assert states(ledger) == [WAITING] * 4


def test_a_trial_whose_worker_dies_again_and_again_has_failed(ledger: Ledger) -> None:
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        process.wait()
    dead = pulse.worker_name(process.pid)
    for _ in range(MOST_TAKEN):
        taken = ledger.claim(dead)
        assert taken is not None and taken.number == 0
        (found,) = pulse.Watch(1000).dead(ledger.records())
        ledger.take_away(found)
    failed = ledger.records()[0]
    assert failed.state == FAILED
    assert failed.outcome is not None and "died 3 times" in failed.outcome.reason


def test_ending_a_worker_is_no_fault_of_its_trial(ledger: Ledger) -> None:
    for _ in range(MOST_TAKEN + 1):
        assert ledger.claim("ended") is not None
        ledger.take_back(ledger.records()[0])
    assert ledger.records()[0].taken == 0
    assert states(ledger) == [WAITING] * 4


def test_a_silent_worker_elsewhere_is_taken_for_dead(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [100.0]
    monkeypatch.setattr(pulse.time, "monotonic", lambda: now[0])
    watch = pulse.Watch(1.0)
    taken = ledger.claim("another machine:12")
    assert taken is not None

    def dead_after(*waits: float) -> list[int]:
        found = []
        for wait in waits:
            now[0] += wait
            found = [each.number for each in watch.dead(ledger.records())]
        return found

    assert dead_after(0.0, 1.0, 1.0, 1.0) == []
    ledger.beat(taken, 1)
    assert dead_after(1.0, 1.0, 1.0, 1.0) == [], "it beat meanwhile"
    assert dead_after(1000.0) == [], "nobody looked: the storage was away"
    assert dead_after(0.5) == [0]


def test_a_counter_beats_while_a_worker_is_at_it(ledger: Ledger) -> None:
    taken = ledger.claim(pulse.worker_name())
    assert taken is not None
    beaten = threading.Event()

    class Told(Ledger):
        def __init__(self) -> None:
            pass

        def beat(self, taken: Any, count: int) -> None:
            ledger.beat(taken, count)
            beaten.set()

    with pulse.beating(Told(), taken, 0.01):
        assert beaten.wait(30)
    assert ledger.records()[0].beat > 0
    assert pulse.Watch(15.0).dead(ledger.records()) == []


def test_a_search_that_is_there_goes_on_with_the_same_settings_alone(ledger: Ledger) -> None:
    again = Ledger.begin(ledger.address, "search", SETTINGS)
    assert len(again.records()) == 4
    again.ask_for(9)
    assert ledger.total == 9
    again.close()
    with pytest.raises(UsageError, match=r"begun with other settings \(seed\).*--study NAME"):
        Ledger.begin(ledger.address, "search", {**SETTINGS, "seed": 2})


def test_addresses_that_mean_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UsageError, match="--storage nonsense://place"):
        storages.open_storage("nonsense://place")
    with pytest.raises(ToolError, match=r"mysql://me@there/x: its driver is not installed"):
        storages.open_storage("mysql://me:secret@there/x")
    with pytest.raises(ToolError, match="does not answer"):
        storages.open_storage("postgresql://me:secret@127.0.0.1:1/x")
    assert storages.hidden("postgresql://me:secret@h/x") == "postgresql://me@h/x"
    assert storages.hidden(str(tmp_path)) == str(tmp_path)
    monkeypatch.setattr("importlib.util.find_spec", lambda _name: None)
    with pytest.raises(ToolError, match=r"Optuna is not installed.*\[tune\]"):
        storages.require()


def test_patience_with_a_server_that_comes_back(monkeypatch: pytest.MonkeyPatch) -> None:
    slept: list[float] = []
    monkeypatch.setattr(storages.time, "sleep", slept.append)

    def answer() -> str:
        if len(slept) < 3:
            raise ConnectionResetError
        return "back"

    assert storages.patiently(answer) == "back"
    assert len(slept) == 3
    with pytest.raises(ZeroDivisionError):
        storages.patiently(lambda: 1 / 0)
