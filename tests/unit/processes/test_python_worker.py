"""What workers share: how they are called, where they answer, how their end is told."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from mcuforge.processes import python_worker

ANSWERS = """
import os, sys
from mcuforge.processes import python_worker
with python_worker.answers(prints_to=2) as stream:
    print("noise", flush=True)
    os.write(1, b"noise below Python")
    stream.write(b"the answer")
"""


def test_the_answer_comes_alone() -> None:
    done = subprocess.run([sys.executable, "-c", ANSWERS], capture_output=True, check=True)
    assert done.stdout == b"the answer"
    assert done.stderr.splitlines() == [b"noise", b"noise below Python"]


def test_a_worker_takes_no_module_of_the_current_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "json.py").write_text("raise SystemExit('wrong json')")
    (tmp_path / "one.py").write_text("print('of the current folder')")
    monkeypatch.chdir(tmp_path)
    command = python_worker.command("json.tool", "--help")
    assert "usage" in subprocess.run(command, capture_output=True, check=True, text=True).stdout
    assert subprocess.run(python_worker.command("one"), capture_output=True).returncode == 1


@pytest.mark.parametrize(
    ("code", "told"),
    [(0, "exit code 0"), (3, "exit code 3"), (-signal.SIGSEGV, "SIGSEGV"), (-250, "signal 250")],
)
def test_how_a_child_ended(code: int, told: str) -> None:
    assert python_worker.ending(code) == told


def test_the_last_words_are_few_and_each_is_said_once() -> None:
    printed = b"INFO: hello\nfirst\n\n  second \xff\nfirst\nthird\n"
    assert python_worker.last_words(printed, 2, ("INFO:",)) == ["second \ufffd", "third"]
    assert python_worker.last_words(printed, 9)[0] == "INFO: hello"
    assert python_worker.last_words(b"", 3) == []
