"""The driver of Renode, against a stand-in that runs the scripts: every failure, and the end of it.

That the scripts are Renode's own language is test_renode_files' business.
"""

from __future__ import annotations

import os
import re
import signal
import socket
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import renode_facts as facts

from mcuforge import boards
from mcuforge.device.client import Link
from mcuforge.errors import DeviceError, ToolError, UsageError
from mcuforge.simulate import choose, renode, renode_monitor
from mcuforge.simulate.renode import Renode
from mcuforge.simulate.renode_program import RenodeProgram, require_renode

BOARD = boards.load("mps2-an386")
QUICK = Link(attempts=2, reply_seconds=0.1)
FAKE = (Path(__file__).parents[2] / "shared" / "fake_renode.py").read_text()


@pytest.fixture
def elf(tmp_path: Path) -> Path:
    folder = tmp_path / "with a space"
    folder.mkdir()
    path = folder / "firmware.elf"
    path.write_bytes(b"not looked into")
    return path


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> RenodeProgram:
    """A Renode of our own."""
    for name in (
        "MCUFORGE_RENODE",
        "RENODE_ROOT",
        "MCUFORGE_RENODE_VERSION",
        "FAKE_RENODE",
        "FAKE_RENODE_FIRMWARE",
    ):
        monkeypatch.delenv(name, raising=False)
    script = tmp_path / "portable" / "renode"
    script.parent.mkdir()
    script.write_text(f"#!{sys.executable}\n{FAKE}")
    script.chmod(script.stat().st_mode | stat.S_IXUSR)
    return require_renode(BOARD, script.parent)


def pid_of(simulator: Renode) -> int:
    assert simulator._monitor is not None
    return simulator._monitor.pid


def has_ended(pid: int) -> bool:
    deadline = time.monotonic() + 5.0
    while time.monotonic() < deadline:
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except FileNotFoundError:
            return True
        if state == "Z":
            return True
        time.sleep(0.02)
    return False


def test_it_starts_counts_and_ends(elf: Path, program: RenodeProgram) -> None:
    with Renode(BOARD, elf, program) as simulator:
        pid = pid_of(simulator)
        counts = [simulator.executed_instructions() for _ in range(3)]
        assert counts == sorted(set(counts))
        assert counts[0] >= 1_000_000
        folder = simulator._monitor._log.parent  # type: ignore[union-attr]
        assert (folder / "serve.resc").exists()
    assert has_ended(pid)
    assert not folder.exists()
    with pytest.raises(RuntimeError, match="not running"):
        _ = simulator.device


def test_it_says_only_what_the_monitor_knows(
    elf: Path, program: RenodeProgram, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[str] = []
    send = renode_monitor.Monitor._send
    monkeypatch.setattr(
        renode_monitor.Monitor, "_send", lambda self, text: (said.append(text), send(self, text))
    )
    with Renode(BOARD, elf, program) as simulator:
        simulator.executed_instructions()
    lines = [line for text in said for line in text.splitlines()]
    assert len(lines) >= 10
    for line in lines:
        words = line.split()
        known = words[0] in facts.COMMANDS or tuple(words[:2]) in facts.MEMBERS
        assert known or re.fullmatch(r"\$(elf=@\S(\\ |\S)*|port=\d+)", line), line


def test_a_missing_elf_is_named(tmp_path: Path, program: RenodeProgram) -> None:
    with (
        pytest.raises(UsageError, match="Build the project first"),
        Renode(BOARD, tmp_path / "no", program),
    ):
        pass


@pytest.mark.parametrize(
    ("mode", "message"),
    [
        ("die", r"(?s)Renode stopped.*exit code 1.*System.Runtime"),
        ("refuse", r"(?s)Renode refused the machine.*Could not resolve type.*line of the log"),
        ("deaf", r"(?s)did not open port.*Renode still runs"),
    ],
)
def test_a_renode_that_fails_is_quoted(
    elf: Path, program: RenodeProgram, monkeypatch: pytest.MonkeyPatch, mode: str, message: str
) -> None:
    monkeypatch.setenv("FAKE_RENODE", mode)
    monkeypatch.setattr(renode, "_CONNECT_SECONDS", 0.3)
    with pytest.raises(DeviceError, match=message), Renode(BOARD, elf, program):
        pass


def test_a_renode_that_hangs_is_ended(
    elf: Path, program: RenodeProgram, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FAKE_RENODE", "hang")
    monkeypatch.setattr(renode_monitor, "_STOP_SECONDS", 0.2)
    monkeypatch.setattr(renode_monitor.Monitor.command, "__defaults__", (0.5,))
    pids: list[int] = []
    kill = renode_monitor.Monitor._kill
    monkeypatch.setattr(
        renode_monitor.Monitor, "_kill", lambda self: (pids.append(self.pid), kill(self))
    )
    with (
        pytest.raises(DeviceError, match=r"did not answer within 0.5 s"),
        Renode(BOARD, elf, program),
    ):
        pass
    assert has_ended(pids[0])


def test_a_renode_that_does_not_quit_is_killed(
    elf: Path, program: RenodeProgram, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FAKE_RENODE", "stay")
    monkeypatch.setattr(renode_monitor, "_STOP_SECONDS", 0.2)
    with Renode(BOARD, elf, program) as simulator:
        pid = pid_of(simulator)
    assert has_ended(pid)


def test_a_renode_that_dies_later_is_quoted(
    elf: Path, program: RenodeProgram, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FAKE_RENODE", "die-later")
    message = r"(?s)link to the device was lost.*exit code 3.*the CPU aborted"
    with (
        Renode(BOARD, elf, program, QUICK) as simulator,
        pytest.raises(DeviceError, match=message),
    ):
        simulator.device.hello()


def test_silent_firmware_is_reported(elf: Path, program: RenodeProgram) -> None:
    with (
        Renode(BOARD, elf, program, QUICK) as simulator,
        pytest.raises(DeviceError, match=r"(?s)No answer to HELLO.*Renode still runs"),
    ):
        simulator.device.hello()


@pytest.fixture
def taken_port() -> Iterator[int]:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        yield other.getsockname()[1]


def test_a_taken_port_is_replaced(
    elf: Path, program: RenodeProgram, taken_port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    free = renode.free_port()
    ports = [taken_port, free]
    monkeypatch.setattr(renode, "free_port", lambda: ports.pop(0))
    with Renode(BOARD, elf, program) as simulator:
        assert simulator.url == f"socket://127.0.0.1:{free}"


def test_only_taken_ports_are_an_error(
    elf: Path, program: RenodeProgram, taken_port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(renode, "free_port", lambda: taken_port)
    monkeypatch.setattr(renode, "_PORT_ATTEMPTS", 2)
    with pytest.raises(DeviceError, match="found no free TCP port"), Renode(BOARD, elf, program):
        pass


@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGKILL])
def test_renode_ends_with_its_parent(
    elf: Path, program: RenodeProgram, sent: signal.Signals
) -> None:
    code = (
        "import time; from pathlib import Path; from mcuforge import boards\n"
        "from mcuforge.simulate.renode import Renode\n"
        "from mcuforge.simulate.renode_program import require_renode\n"
        "board = boards.load('mps2-an386')\n"
        f"p = require_renode(board, Path({str(program.path)!r}))\n"
        f"with Renode(board, Path({str(elf)!r}), p) as r:\n"
        "    print(r._monitor.pid, flush=True); time.sleep(60)\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as parent:
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
        parent.send_signal(sent)
    assert has_ended(pid)


def test_versions_are_compared(program: RenodeProgram, monkeypatch: pytest.MonkeyPatch) -> None:
    assert program.title == "Renode 1.16.1"
    m55 = boards.load("mps3-an547")
    assert require_renode(m55, program.path).version == (1, 16, 1, 1234)
    with pytest.raises(
        ToolError, match=r"(?s)1\.16\.1, which lacks .*mps3-an547-helium.*1\.16\.2 or newer"
    ):
        require_renode(boards.load("mps3-an547-helium"), program.path)
    monkeypatch.setenv("FAKE_RENODE_VERSION", "1.16.0.99")
    assert require_renode(BOARD, program.path)
    with pytest.raises(ToolError, match=r"1\.16\.0, but.*'mps3-an547' needs 1\.16\.1 or newer"):
        require_renode(m55, program.path)
    monkeypatch.setenv("FAKE_RENODE_VERSION", "1.14.0.1")
    with pytest.raises(ToolError, match=r"needs 1\.15 or newer"):
        require_renode(BOARD, program.path)
    monkeypatch.setenv("FAKE_RENODE_VERSION", "?")
    with pytest.raises(ToolError, match="says no version"):
        require_renode(BOARD, program.path)


def test_a_missing_renode_says_where_it_was_looked_for(
    tmp_path: Path, program: RenodeProgram, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(UsageError, match=rf"not found at {tmp_path}/no\..*portable"):
        require_renode(BOARD, tmp_path / "no")
    monkeypatch.setenv("RENODE_ROOT", str(tmp_path))
    with pytest.raises(ToolError, match="which RENODE_ROOT names"):
        require_renode(BOARD)
    monkeypatch.setenv("RENODE_ROOT", str(program.path.parent))
    assert require_renode(BOARD) == program
    monkeypatch.chdir(tmp_path)
    assert require_renode(BOARD, Path("portable")) == program
    with pytest.raises(UsageError, match=r"lacks \[simulators\.renode\]"):
        require_renode(replace(BOARD, renode=None))


def test_the_choice_of_a_simulator(program: RenodeProgram, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")
    monkeypatch.setattr(choose, "find_renode", lambda: None)
    with pytest.raises(ToolError, match=r"qemu-system-arm was not found .* Install it"):
        choose.choose(BOARD)
    with pytest.raises(ToolError, match=r"QEMU has no machine .* Renode was not .*`parity --port`"):
        choose.choose(boards.load("pico"))
    monkeypatch.undo()
    for name in ("MCUFORGE_RENODE", "RENODE_ROOT"):
        monkeypatch.delenv(name, raising=False)
    with_renode, without_qemu = str(program.path.parent), "/nonexistent"
    monkeypatch.setenv("MCUFORGE_RENODE", with_renode)
    assert choose.choose(BOARD, "qemu").title == "QEMU"
    assert choose.choose(BOARD, "renode").title == "Renode 1.16.1"
    assert choose.choose(BOARD, renode=program.path).name == "renode"
    only_renode = replace(BOARD, qemu_machine=None)
    assert choose.choose(only_renode).name == "renode"
    with pytest.raises(UsageError, match="Renode knows it"):
        choose.choose(only_renode, "qemu")
    with pytest.raises(UsageError, match="No simulator has the board"):
        choose.choose(replace(only_renode, renode=None))
    with pytest.raises(UsageError, match="this computer"):
        choose.choose(boards.load("host"))
    monkeypatch.setattr(choose.shutil, "which", lambda _: None)
    assert choose.choose(BOARD).name == "renode"
    monkeypatch.setenv("FAKE_RENODE_VERSION", "1.2.3")
    with pytest.raises(ToolError, match=r"not found on PATH, and .*1\.2\.3"):
        choose.choose(BOARD)
    assert without_qemu not in os.environ["PATH"]


def test_ticks_become_instructions(program: RenodeProgram) -> None:
    assert choose.choose(BOARD, "renode", program.path).instructions(1000) == 1000
    odd = replace(BOARD, clock_hz=12_288_000, ticks=replace(BOARD.ticks, hz=12_288_000))
    assert choose.choose(odd, "renode", program.path).instructions(12_288) == 12_000
    assert choose.choose(BOARD, "qemu").instructions(1000) == 40_000
