"""The child process: results, errors, crashes, and that it never outlives its call."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from mcuforge.errors import ModelError, ToolError
from mcuforge.processes import tensorflow_child

KEPT = pytest.mark.skipif(sys.platform != "linux", reason="processes are forked on Linux")

# what servers import: all that names a function for `call`
JOB_MODULES = (
    "mcuforge.convert.keras_jobs", "mcuforge.quantization.job",
    "mcuforge.quantization.ranges.range_job", "mcuforge.studies.quantization.damage_job",
    "mcuforge.training.keras_training", "mcuforge.training.training_job",
)  # fmt: skip
JOBS = """
import gc, os, subprocess, sys, time
from mcuforge.errors import ModelError

def add(a, b, on_progress):
    print("noise on stdout")
    os.write(2, b"noise below Python")
    for i in range(3):
        on_progress(i + 1, 3)
    return {"sum": a + b}

def refuse(on_progress):
    raise ModelError("layer 'x' is wrong")

def fail(on_progress):
    raise ValueError("two\\nlines")

def die(on_progress):
    os.write(2, b"F0000 check failed\\n")
    os.abort()

def whose(on_progress):
    return os.getppid()

def garbage(on_progress):
    return [gc.isenabled(), gc.get_freeze_count(), len(gc.get_objects())]

def count(on_progress):
    os.environ["COUNTED"] = str(int(os.environ.get("COUNTED", "0")) + 1)
    return [os.environ["COUNTED"], os.getcwd(), os.environ["TMPDIR"]]

def meet(mine, other, on_progress):
    open(mine, "w").close()
    while not os.path.exists(other):
        time.sleep(0.01)

def chatter(ready, on_progress):
    for i in range(100_000):
        on_progress(i, 100_000)
    open(ready, "w").close()

def leave(on_progress):
    return subprocess.Popen(["sleep", "600"], stdout=subprocess.DEVNULL).pid

def hang(pid_file, on_progress):
    with open(pid_file, "w") as file:
        file.write(str(os.getpid()))
    on_progress(0, 1)
    time.sleep(60)
"""


@pytest.fixture(autouse=True)
def jobs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A module `jobs` for the child, which here needs no TensorFlow."""
    (tmp_path / "jobs.py").write_text(JOBS)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setattr(tensorflow_child, "_NEEDED", ())


def runs(process: int) -> bool:
    """Whether it is there, and has not only not been waited for."""
    try:
        stat = Path(f"/proc/{process}/stat").read_text()
    except OSError:
        return False
    return stat.rpartition(")")[2].split()[0] != "Z"


def wait_for_end(process: int) -> None:
    """Of what was killed: it is gone as soon as the system comes to it."""
    deadline = time.monotonic() + 60
    while runs(process):
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_result_and_progress_come_through_the_noise(capfd: pytest.CaptureFixture[str]) -> None:
    seen: list[tuple[int, int]] = []
    result = tensorflow_child.call("jobs:add", {"a": 1, "b": 2}, lambda *step: seen.append(step))
    assert result == {"sum": 3}
    assert seen == [(1, 3), (2, 3), (3, 3)]
    assert capfd.readouterr() == ("", "")


def test_an_error_for_people_keeps_its_class() -> None:
    with pytest.raises(ModelError, match="layer 'x' is wrong") as caught:
        tensorflow_child.call("jobs:refuse", {})
    assert "refuse" in caught.value.__notes__[0]


def test_any_other_error_becomes_one_line() -> None:
    with pytest.raises(ToolError, match="fail failed: ValueError: two lines"):
        tensorflow_child.call("jobs:fail", {})


def test_a_crash_says_how_and_the_last_words() -> None:
    with pytest.raises(ToolError, match=r"'die' \(SIGABRT\).*F0000 check failed"):
        tensorflow_child.call("jobs:die", {})


def test_an_interrupted_call_leaves_no_process(tmp_path: Path) -> None:
    def interrupt(_done: int, _total: int) -> None:
        raise KeyboardInterrupt

    pid_file = tmp_path / "pid"
    started = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        tensorflow_child.call("jobs:hang", {"pid_file": str(pid_file)}, interrupt)
    assert time.monotonic() - started < 30
    assert not runs(int(pid_file.read_text()))


def test_missing_tensorflow_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tensorflow_child, "_NEEDED", ("json", "no_such_module"))
    with pytest.raises(ToolError, match=r"no_such_module.*pip install .*\[train\]"):
        tensorflow_child.call("jobs:add", {"a": 1, "b": 2})


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Calls of the test have a server of their own, and not the whole suite's."""
    monkeypatch.setattr(tensorflow_child, "_kept", tensorflow_child._Kept())
    with tensorflow_child.kept():
        yield


@KEPT
@pytest.mark.usefixtures("server")
def test_kept_calls_are_forked_from_one_process() -> None:
    first = tensorflow_child.call("jobs:whose", {})
    with pytest.raises(ToolError, match=r"'die' \(SIGABRT\)"):
        tensorflow_child.call("jobs:die", {})
    with tensorflow_child.kept():  # of a part within, which ends nothing
        assert tensorflow_child.call("jobs:whose", {}) == first != os.getpid()
    assert tensorflow_child.call("jobs:whose", {}) == first
    assert runs(first)


@KEPT
@pytest.mark.usefixtures("server")
def test_a_call_collects_its_own_garbage_alone() -> None:
    """Nothing of what was imported before, which Keras would look through again and again."""
    collects, imported, own = tensorflow_child.call("jobs:garbage", {})
    assert collects and imported > own


@KEPT
def test_the_process_ends_with_the_outermost(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tensorflow_child, "_kept", tensorflow_child._Kept())
    with tensorflow_child.kept(), tensorflow_child.kept():
        kept = tensorflow_child.call("jobs:whose", {})
    alone = [tensorflow_child.call("jobs:whose", {}) for _ in range(2)]
    assert len({kept, *alone}) == 3
    assert not any(map(runs, (kept, *alone)))


@KEPT
@pytest.mark.usefixtures("server")
def test_a_call_finds_the_present_and_no_trace_of_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = tensorflow_child.call("jobs:count", {})
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COUNTED", "10")
    second = tensorflow_child.call("jobs:count", {})
    assert (first[0], second[0], second[1]) == ("1", "11", str(tmp_path))
    assert first[2] != second[2]
    assert not Path(first[2]).exists()


@KEPT
@pytest.mark.usefixtures("server")
def test_calls_run_beside_each_other(tmp_path: Path) -> None:
    here, there = str(tmp_path / "here"), str(tmp_path / "there")
    with tensorflow_child.started("jobs:meet", {"mine": here, "other": there}) as running:
        tensorflow_child.call("jobs:meet", {"mine": there, "other": here})
        assert running.result() is None


@KEPT
@pytest.mark.usefixtures("server")
def test_progress_that_nobody_reads_stops_nobody(tmp_path: Path) -> None:
    ready = tmp_path / "ready"
    with tensorflow_child.started("jobs:chatter", {"ready": str(ready)}) as running:
        deadline = time.monotonic() + 60
        while not ready.exists():
            assert time.monotonic() < deadline
            time.sleep(0.01)
        running.result()


@KEPT
@pytest.mark.usefixtures("server")
def test_what_a_call_started_ends_with_it() -> None:
    wait_for_end(tensorflow_child.call("jobs:leave", {}))


@KEPT
@pytest.mark.usefixtures("server")
def test_without_its_server_a_call_fails_and_the_next_has_another(tmp_path: Path) -> None:
    first = tensorflow_child.call("jobs:whose", {})
    pid_file = tmp_path / "pid"
    with pytest.raises(ToolError, match=r"'hang' \(SIGKILL\)"):
        tensorflow_child.call(
            "jobs:hang", {"pid_file": str(pid_file)}, lambda *_: os.kill(first, signal.SIGKILL)
        )
    wait_for_end(int(pid_file.read_text()))
    assert tensorflow_child.call("jobs:whose", {}) != first


@pytest.mark.tensorflow
@KEPT
def test_importing_a_job_starts_nothing_that_cannot_be_forked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """TensorFlow's threads begin with its first op, in the process of the job."""
    monkeypatch.undo()
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    (tmp_path / "asked.py").write_text(
        "def started(on_progress):\n"
        "    from tensorflow.python.eager import context\n"
        "    return context._context is not None\n"
    )
    for job in JOB_MODULES:
        tensorflow_child.expect(f"{job}:any")
    assert tensorflow_child.call("asked:started", {}) is False
