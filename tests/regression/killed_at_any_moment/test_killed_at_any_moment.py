"""SIGINT, SIGTERM, SIGHUP and SIGKILL at random moments of `run`, `emit` and `convert`."""

from __future__ import annotations

import hashlib
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import marked_processes
import pytest
from small_model import small_classifier

from mcuforge.errors import ForgeError
from mcuforge.files import atomic
from mcuforge.processes import guardian

MARK = "MCUFORGE_TEST_MARK"  # every descendant inherits it
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGKILL)
MODELS = Path(__file__).parents[3] / "models"


class Running(subprocess.Popen[str]):
    """A process that is killed, not waited for, where a check of it fails."""

    def __exit__(self, *failed: Any) -> None:
        if any(failed):
            self.kill()
        super().__exit__(*failed)


class Place:
    """A folder for results, and one for all that is temporary; what runs is known by a mark."""

    def __init__(self, folder: Path) -> None:
        self.results, self.temporary = folder / "results", folder / "temporary"
        self.mark = str(folder)
        for each in (self.results, self.temporary):
            each.mkdir(parents=True)

    def start(self, *command: str) -> Running:
        environment = os.environ | {
            "TMPDIR": str(self.temporary),
            "XDG_CACHE_HOME": str(self.temporary.parent / "cache"),
            "PYTHONPATH": str(self.temporary.parent),
            MARK: self.mark,
        }
        return Running(
            [sys.executable, *command], env=environment, text=True, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=self.results,
        )  # fmt: skip

    def alive(self) -> list[str]:
        return marked_processes.commands(MARK, self.mark)

    def left(self) -> list[Path]:
        here = [p for p in self.results.rglob("*") if p.name.startswith(".mcuforge-")]
        return here + list(self.temporary.iterdir())

    def has_within(self, count: int, seconds: float) -> bool:
        """Whether so many are alive: one that starts right now may not be known yet."""
        deadline = time.monotonic() + seconds
        while len(self.alive()) != count and time.monotonic() < deadline:
            time.sleep(0.05)
        return len(self.alive()) == count

    def is_quiet_within(self, seconds: float) -> bool:
        """After SIGKILL the guardian needs a moment."""
        deadline = time.monotonic() + seconds
        while self.alive() or list(self.temporary.iterdir()):
            if time.monotonic() > deadline:
                return False
            time.sleep(0.05)
        return True


def content(folder: Path) -> dict[str, str]:
    return {
        str(p.relative_to(folder)): hashlib.sha256(p.read_bytes()).hexdigest()
        for p in sorted(folder.rglob("*"))
        if p.is_file() and "build" not in p.relative_to(folder).parts
    }


def kill_somewhere(
    place: Place, command: tuple[str, ...], after: float, number: signal.Signals
) -> bool:
    """Send the signal after so many seconds; False where the command had ended already."""
    with place.start("-m", "mcuforge", *command) as running:
        time.sleep(after)
        was_running = running.poll() is None
        running.send_signal(number)
        if number == signal.SIGKILL:
            running.wait(timeout=30)
            assert place.is_quiet_within(20), (place.alive(), place.left())
        _, stderr = running.communicate(timeout=30)
    assert "Traceback" not in stderr or running.returncode == -number, stderr
    if number != signal.SIGKILL:
        # Python itself, while it starts and ends, dies of a signal as any program.
        assert running.returncode in (0, 128 + number, -number), stderr
        assert place.is_quiet_within(5), (place.alive(), place.left())
    return was_running


def seconds(place: Place, command: tuple[str, ...]) -> float:
    """How long the command takes undisturbed."""
    began = time.monotonic()
    with place.start("-m", "mcuforge", *command) as running:
        stdout, stderr = running.communicate(timeout=300)
    assert running.returncode == 0, stdout + stderr
    return time.monotonic() - began


def check_moments(tmp_path: Path, command: tuple[str, ...], count: int, seed: int) -> None:
    """Every file is there as an undisturbed command writes it, or not at all."""
    undisturbed = Place(tmp_path / "undisturbed")
    duration = seconds(undisturbed, command)
    expected = content(undisturbed.results)
    assert expected and undisturbed.alive() == [] and undisturbed.left() == []
    moments = random.Random(seed)
    for number in range(count):
        place = Place(tmp_path / str(number))
        kill_somewhere(place, command, moments.uniform(0, duration), SIGNALS[number % 4])
        found = content(place.results)
        whole = {path: value for path, value in found.items() if ".mcuforge-" not in path}
        assert whole.items() <= expected.items()
        time.sleep(2.1 if len(whole) != len(found) else 0)  # what is fresh may be in use
        seconds(place, command)
        assert content(place.results) == expected and place.left() == []
        shutil.rmtree(place.results)


@pytest.fixture
def tflite(tmp_path: Path) -> str:
    path = tmp_path / "model.tflite"
    path.write_bytes(small_classifier())
    return str(path)


def test_emit(tmp_path: Path, tflite: str) -> None:
    check_moments(tmp_path, ("emit", tflite, "-o", "project"), 4, seed=1)


@pytest.mark.slow
def test_emit_often(tmp_path: Path, tflite: str) -> None:
    check_moments(tmp_path, ("emit", tflite, "-o", "project"), 30, seed=2)


@pytest.mark.slow
@pytest.mark.sim
def test_run_often(tmp_path: Path, tflite: str) -> None:
    check_moments(tmp_path, ("run", tflite, "-o", "out", "--count", "3"), 12, seed=3)


@pytest.mark.slow
@pytest.mark.tensorflow
def test_convert_often(tmp_path: Path) -> None:
    model = str(MODELS / "autoencoder")
    check_moments(tmp_path, ("convert", model, "-o", "model.tflite"), 6, seed=4)


CHILDREN = """
import os, sys, time
from pathlib import Path
from mcuforge.files import atomic
from mcuforge.processes import groups, scratch

stubborn = "import signal, subprocess, sys, time; signal.signal(signal.SIGTERM, signal.SIG_IGN);"
stubborn += "subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'])"
stubborn += "; print('there', flush=True); time.sleep(600)"
process = groups.start([sys.executable, "-c", stubborn], stdout=-1)
process.stdout.readline()
with scratch.folder() as folder, atomic.new_folder(Path("made")) as made:
    (folder / "calibration.f32").write_bytes(b"x")
    (made / "main.c").write_text("x")
    print("ready", flush=True)
    time.sleep(600)
"""


def test_children_that_do_not_listen_and_folders_end_with_us(tmp_path: Path) -> None:
    place = Place(tmp_path)
    with place.start("-c", CHILDREN) as running:
        assert running.stdout is not None and running.stdout.readline() == "ready\n"
        # we, the guardian, the child and its child
        assert place.has_within(4, 20), place.alive()
        assert len(list(place.temporary.iterdir())) == 1
        running.kill()
        running.wait(timeout=30)
    assert place.is_quiet_within(20), place.alive()
    assert list(place.results.iterdir()) == []


INSISTING = """
import sys, time
from mcuforge import cli
from mcuforge.processes import scratch
import click
cli.COMMANDS["hang"] = ""

@click.command()
def command():
    with scratch.folder():
        try:
            print("ready", flush=True)
            time.sleep(600)
        finally:
            print("cleaning", flush=True)
            time.sleep(600)

cli._LazyGroup.get_command = lambda *_: command
cli.main(["hang"])
"""


def test_whoever_insists_need_not_wait(tmp_path: Path) -> None:
    place = Place(tmp_path)
    with place.start("-c", INSISTING) as running:
        assert running.stdout is not None and running.stdout.readline() == "ready\n"
        running.send_signal(signal.SIGTERM)
        running.send_signal(signal.SIGTERM)  # as `timeout` does
        assert running.stdout.readline() == "cleaning\n"
        running.send_signal(signal.SIGINT)
        time.sleep(1.1)
        assert running.poll() is None
        running.send_signal(signal.SIGINT)
        assert running.wait(timeout=20) == 128 + signal.SIGINT
    assert place.is_quiet_within(20)


WRITER = """
import os, sys, time
from pathlib import Path
from mcuforge.files import atomic
real = os.fsync

def stopped(descriptor):
    print("half", flush=True)
    time.sleep(600)

os.fsync = stopped
atomic.write_bytes(Path("model.tflite"), b"x" * 100_000)
"""


def test_the_next_writer_sweeps_what_a_killed_one_left(tmp_path: Path) -> None:
    place = Place(tmp_path)
    with place.start("-c", WRITER) as running:
        assert running.stdout is not None and running.stdout.readline() == "half\n"
        (half,) = place.results.iterdir()
        os.utime(half, (1, 1))
        atomic.write_bytes(place.results / "other", b"x")
        assert half.exists()  # somebody is at it
        running.kill()
        running.wait(timeout=30)
    mine = [place.results / name for name in (".mcuforge-notes", ".mcuforge-new", "mcuforge-0")]
    for path in mine:
        path.write_text("mine")
        os.utime(path, (1, 1))
    atomic.write_bytes(place.results / "model.tflite", b"whole")
    assert not half.exists() and all(path.exists() for path in mine)


def test_a_number_used_again_is_nobody_of_ours(tmp_path: Path) -> None:
    """The guardian is told of a process that ended; another one has its number by now."""
    program = Path(guardian.__file__).with_name("guardian_process.py")
    with subprocess.Popen(["sleep", "600"], start_new_session=True) as bystander:
        patched = tmp_path / "guardian.py"
        born = "def _born(process: int) -> str:\n"
        times = "    _CALLS.append(1)\n    return str(len(_CALLS))\n\n\n_CALLS: list[int] = []\n"
        text = program.read_text()
        assert born in text
        patched.write_text(text.replace(born, f"{born}{times}\n\ndef _unused(process):\n"))
        told = json.dumps(["group", bystander.pid]) + "\n"
        subprocess.run([sys.executable, str(patched)], input=told, text=True, check=True)
        assert bystander.poll() is None
        bystander.kill()


TOGETHER = """
import signal
from pathlib import Path
from mcuforge.files import atomic
from mcuforge.cli import termination
real, count = Path.replace, []

def told(path, target):
    real(path, target)
    count.append(1)
    if len(count) == 1:
        signal.raise_signal(signal.SIGTERM)

Path.replace = told
with termination.as_exceptions():
    atomic.write_all({Path(name): b"new" for name in ("model.keras", "model.tflite", "x/y")})
"""


def test_files_that_belong_together_are_replaced_together(tmp_path: Path) -> None:
    place = Place(tmp_path)
    (place.results / "model.keras").write_bytes(b"old")
    with place.start("-c", TOGETHER) as running:
        _, stderr = running.communicate(timeout=30)
    assert "Terminated" in stderr and place.left() == []
    assert [p.read_bytes() for p in place.results.rglob("*") if p.is_file()] == [b"new"] * 3


def test_a_second_file_that_cannot_be_written_leaves_the_first(tmp_path: Path) -> None:
    first = tmp_path / "model.keras"
    first.write_bytes(b"old")
    (tmp_path / "folder").mkdir()
    with pytest.raises(ForgeError):
        atomic.write_all({first: b"new", tmp_path / "folder": b"new", tmp_path / "x/y": b"new"})
    assert first.read_bytes() == b"old"
    assert sorted(p.name for p in tmp_path.iterdir()) == ["folder", "model.keras"]
