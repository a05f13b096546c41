"""SIGTERM and SIGHUP at the moment when a command has children and temporary folders."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import marked_processes
import pytest
from small_model import small_classifier

from mcuforge import boards, planning
from mcuforge.build import build
from mcuforge.emit import project

BOARD = boards.load("mps2-an386")
MARK = "MCUFORGE_TEST_MARK"  # every descendant inherits it
FAKE_RENODE = (Path(__file__).parents[2] / "shared" / "fake_renode.py").read_text()
# A compiler's driver: leaves the work to a child, and removes its temporary file at the end.
COMPILER = """#!/bin/sh
case "$*" in *-c*) ;; *) exec {real} "$@" ;; esac
made=$(mktemp "$TMPDIR/cc-XXXXXX.s")
trap 'rm -f "$made"; exit 1' TERM
sleep 600 &
touch "{folder}/ready"
wait
"""
WORKER = """
import tempfile, time
from pathlib import Path

def hang(ready, on_progress):
    (Path(tempfile.mkdtemp()) / "saved_model").write_bytes(b"x")
    Path(ready).touch()
    time.sleep(600)
"""
CALLER = """
import sys
import click
from mcuforge import cli
from mcuforge.processes import tensorflow_child

tensorflow_child._NEEDED = ()
cli.COMMANDS["hang"] = ""

@click.command()
def command():
    tensorflow_child.call("slow_job:hang", {"ready": sys.argv[1]})

cli._LazyGroup.get_command = lambda *_: command
cli.main(["hang"])
"""


class Situation:
    """A folder for temporary files, one for programs, one for results."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.temporary, self.programs = folder / "temporary", folder / "programs"
        self.results = folder / "results"
        for each in (self.temporary, self.programs, self.results):
            each.mkdir()
        self.mark = str(folder)
        self.model = folder / "model.tflite"
        self.model.write_bytes(small_classifier())

    def program(self, name: str, text: str) -> Path:
        path = self.programs / name
        path.write_text(text)
        path.chmod(path.stat().st_mode | stat.S_IXUSR)
        return path

    def start(self, *command: str) -> subprocess.Popen[str]:
        environment = os.environ | {
            "TMPDIR": str(self.temporary),
            "PATH": f"{self.programs}:{os.environ['PATH']}",
            "PYTHONPATH": str(self.programs),
            MARK: self.mark,
        }
        return subprocess.Popen(
            [sys.executable, *command], env=environment, text=True, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip

    def emitted(self) -> str:
        """A firmware project of the model."""
        folder = self.results / "project"
        project.emit(planning.make_plan(self.model), BOARD, folder)
        return str(folder)

    def built(self) -> str:
        folder = self.emitted()
        build(Path(folder), BOARD.name)
        return folder

    def descendants(self) -> list[str]:
        """The commands of all processes that carry the mark."""
        return marked_processes.commands(MARK, self.mark)


def wait_until(condition: Callable[[], object], running: subprocess.Popen[str]) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert running.poll() is None, running.communicate()
        assert time.monotonic() < deadline, "the moment never came"
        time.sleep(0.02)


def stopped_compiling(situation: Situation, *command: str) -> subprocess.Popen[str]:
    """`command` with a compiler that does not end, at the moment when that works."""
    real = subprocess.check_output(["which", "arm-none-eabi-gcc"], text=True).strip()
    text = COMPILER.format(real=real, folder=situation.folder)
    situation.program("arm-none-eabi-gcc", text)
    running = situation.start("-m", "mcuforge", *command)
    wait_until(lambda: any("sleep 600" in c for c in situation.descendants()), running)
    return running


def building(situation: Situation) -> subprocess.Popen[str]:
    return stopped_compiling(situation, "build", situation.emitted())


def emitting_a_library(situation: Situation) -> subprocess.Popen[str]:
    target = str(situation.results / "library")
    options = ("--flavour", "library", "-o", target)
    return stopped_compiling(situation, "emit", str(situation.model), *options)


def simulating_in_renode(situation: Situation) -> subprocess.Popen[str]:
    """Firmware that never answers."""
    renode = situation.program("renode", f"#!{sys.executable}\n{FAKE_RENODE}")
    running = situation.start(
        "-m", "mcuforge", "simulate", situation.built(), "--renode", str(renode)
    )
    wait_until(lambda: any("--console" in c for c in situation.descendants()), running)
    time.sleep(0.5)
    return running


def simulating_in_qemu(situation: Situation) -> subprocess.Popen[str]:
    command = ("simulate", situation.built(), "--simulator", "qemu", "--count", "1000000")
    running = situation.start("-m", "mcuforge", *command)
    wait_until(lambda: any("qemu-system" in c for c in situation.descendants()), running)
    return running


def converting(situation: Situation) -> subprocess.Popen[str]:
    """A worker with data in its temporary folder."""
    situation.program("slow_job.py", WORKER)
    ready = situation.folder / "ready"
    running = situation.start("-c", CALLER, str(ready))
    wait_until(ready.exists, running)
    assert list(situation.temporary.rglob("saved_model"))
    return running


@pytest.mark.sim
@pytest.mark.parametrize(
    "moment",
    [building, emitting_a_library, simulating_in_renode, simulating_in_qemu, converting],
    ids=lambda moment: moment.__name__,
)
def test_nothing_lives_on_and_nothing_stays(
    moment: Callable[[Situation], subprocess.Popen[str]], tmp_path: Path
) -> None:
    situation = Situation(tmp_path)
    with moment(situation) as running:
        running.send_signal(signal.SIGTERM)
        _, stderr = running.communicate(timeout=30)
    assert running.returncode == 128 + signal.SIGTERM, stderr
    assert "Ended by SIGTERM" in stderr and "Traceback" not in stderr
    assert situation.descendants() == []
    assert list(situation.temporary.rglob("*")) == []
    assert [p for p in situation.results.rglob("*") if p.name.startswith(".mcuforge-")] == []


def test_a_terminal_that_closes_ends_it_too(tmp_path: Path) -> None:
    situation = Situation(tmp_path)
    with converting(situation) as running:
        running.send_signal(signal.SIGHUP)
        running.communicate(timeout=30)
    assert running.returncode == 128 + signal.SIGHUP
    assert situation.descendants() == []
    assert list(situation.temporary.iterdir()) == []
