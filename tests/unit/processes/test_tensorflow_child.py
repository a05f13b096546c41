"""The child process: results, errors, crashes, and that it never outlives its call."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from mcuforge.errors import ModelError, ToolError
from mcuforge.processes import tensorflow_child

JOBS = """
import os, sys, time
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
    with pytest.raises(ProcessLookupError):
        os.kill(int(pid_file.read_text()), 0)


def test_missing_tensorflow_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tensorflow_child, "_NEEDED", ("json", "no_such_module"))
    with pytest.raises(ToolError, match=r"no_such_module.*pip install .*\[train\]"):
        tensorflow_child.call("jobs:add", {"a": 1, "b": 2})
