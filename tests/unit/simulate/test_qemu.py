"""QEMU that is missing, dies, hangs, or finds its port taken; and that it never outlives us."""

from __future__ import annotations

import os
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

from mcuforge import boards
from mcuforge.device.client import Link
from mcuforge.errors import DeviceError, ToolError, UsageError
from mcuforge.simulate import qemu
from mcuforge.simulate.qemu import Qemu

BOARD = boards.load("mps2-an386")
QUICK = Link(attempts=2, reply_seconds=0.1)
FAKE = (Path(__file__).parents[2] / "shared" / "fake_qemu.py").read_text()


@pytest.fixture
def elf(tmp_path: Path) -> Path:
    path = tmp_path / "firmware.elf"
    path.write_bytes(b"not looked into")
    return path


@pytest.fixture(autouse=True)
def fake_qemu(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A qemu-system-arm of our own in front of PATH."""
    folder = tmp_path / "bin"
    folder.mkdir()
    script = folder / "qemu-system-arm"
    script.write_text(f"#!{sys.executable}\n{FAKE}")
    script.chmod(script.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")


def pid_of(simulator: Qemu) -> int:
    assert simulator._process is not None
    return simulator._process.pid


def has_ended(pid: int) -> bool:
    deadline = time.monotonic() + 5.0
    while time.monotonic() < deadline:
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except FileNotFoundError:
            return True
        if state == "Z":
            return True  # ended; its parent has not asked yet
        time.sleep(0.02)
    return False


def test_a_missing_qemu_says_how_to_install_it(elf: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")
    with pytest.raises(ToolError, match="apt install qemu-system-arm"), Qemu(BOARD, elf):
        pass


def test_a_missing_elf_and_machine_are_named(tmp_path: Path, elf: Path) -> None:
    with pytest.raises(UsageError, match="Build the project first"), Qemu(BOARD, tmp_path / "no"):
        pass
    other = replace(BOARD, qemu_machine=None)
    with pytest.raises(UsageError, match="no machine for the board 'mps2-an386'"), Qemu(other, elf):
        pass


def test_qemu_that_dies_at_start_is_quoted(elf: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FAKE_QEMU", "die")
    message = r"(?s)QEMU did not start.*exit code 1.*unsupported machine type"
    with pytest.raises(DeviceError, match=message), Qemu(BOARD, elf):
        pass


def test_qemu_that_hangs_at_start_is_ended(elf: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FAKE_QEMU", "hang")
    monkeypatch.setattr(qemu, "_START_SECONDS", 0.5)
    seen: list[int] = []
    monkeypatch.setattr(qemu, "_end", lambda p, end=qemu._end: (seen.append(p.pid), end(p)))
    with pytest.raises(DeviceError, match=r"did not open its port within 0.5 s"), Qemu(BOARD, elf):
        pass
    assert has_ended(seen[0])


def test_qemu_that_dies_later_is_quoted(elf: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FAKE_QEMU", "die-later")
    message = r"(?s)link to the device was lost.*The core locked up.*Lockup: can't escalate 3"
    with Qemu(BOARD, elf, QUICK) as simulator, pytest.raises(DeviceError, match=message):
        simulator.device.hello()


def test_qemu_that_does_not_answer_is_reported(elf: Path) -> None:
    with Qemu(BOARD, elf, QUICK) as simulator:
        pid = pid_of(simulator)
        with pytest.raises(DeviceError, match=r"(?s)No answer to HELLO.*QEMU still runs"):
            simulator.device.hello()
    assert has_ended(pid)


@pytest.fixture
def taken_port() -> Iterator[int]:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))  # bound, but nobody listens
        yield other.getsockname()[1]


def test_a_taken_port_is_replaced(
    elf: Path, taken_port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    free = qemu.free_port()
    ports = [taken_port, taken_port, free]
    monkeypatch.setattr(qemu, "free_port", lambda: ports.pop(0))
    with Qemu(BOARD, elf) as simulator:
        assert simulator.url == f"socket://127.0.0.1:{free}"


def test_only_taken_ports_are_an_error(
    elf: Path, taken_port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(qemu, "free_port", lambda: taken_port)
    with pytest.raises(DeviceError, match="found no free TCP port"), Qemu(BOARD, elf):
        pass


@pytest.mark.parametrize("error", [KeyboardInterrupt, RuntimeError])
def test_qemu_ends_with_the_block(elf: Path, error: type[BaseException]) -> None:
    pids: list[int] = []
    with pytest.raises(error), Qemu(BOARD, elf) as simulator:
        pids.append(pid_of(simulator))
        raise error
    assert has_ended(pids[0])
    with pytest.raises(RuntimeError, match="not running"):
        _ = simulator.device


@pytest.mark.skipif(sys.platform != "linux", reason="needs setpriv")
@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGKILL])
def test_qemu_ends_with_its_parent(elf: Path, sent: signal.Signals) -> None:
    program = (
        "import sys, time; from pathlib import Path; from mcuforge import boards\n"
        "from mcuforge.simulate.qemu import Qemu\n"
        f"with Qemu(boards.load('mps2-an386'), Path({str(elf)!r})) as q:\n"
        "    print(q._process.pid, flush=True); time.sleep(60)\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as parent:
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
        parent.send_signal(sent)
    assert has_ended(pid)
