"""QEMU that gets no time, and firmware whose answers stay away."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from fake_project import write_project

from mcuforge import boards
from mcuforge.build import build
from mcuforge.device.client import Link
from mcuforge.device.transport import SocketTransport
from mcuforge.errors import DeviceError
from mcuforge.processes.cpu_time import CoreShare
from mcuforge.simulate.memory_link import DELIMITER
from mcuforge.simulate.qemu import Qemu

pytestmark = pytest.mark.sim
BOARD = boards.load("mps2-an386")
QUICK = Link(attempts=2, reply_seconds=0.1, lossless=True)


@pytest.fixture(scope="module")
def elf(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(write_project(BOARD, tmp_path_factory.mktemp("busy") / "p"), BOARD.name).elf


def deafen(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is sent from now on does not arrive."""
    write = SocketTransport.write
    monkeypatch.setattr(SocketTransport, "write", lambda self, _data: write(self, DELIMITER))


def unanswered(elf: Path, then: Callable[[Qemu], object]) -> str:
    """The error about STATS, which gets no answer after `then`."""
    with Qemu(BOARD, elf) as simulator:
        simulator.device.hello()
        simulator.device._conversation.link = QUICK
        then(simulator)
        with pytest.raises(DeviceError) as caught:
            simulator.device.stats()
    assert "baud rate" not in caught.value.message and "loses bytes" not in caught.value.message
    return caught.value.message


def test_a_simulator_that_gets_little_time_is_called_slow(
    elf: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(CoreShare, "so_far", lambda _self: 0.12)
    message = unanswered(elf, lambda _simulator: deafen(monkeypatch))
    assert "the simulator is slow. The firmware waits for a request" in message
    assert "QEMU gets 12% of the processor time that it needs. Run the command again" in message


def test_firmware_that_answered_before_is_not_told_about_its_link(
    elf: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    message = unanswered(elf, lambda _simulator: deafen(monkeypatch))
    assert "its link loses nothing: the simulator is slow. The firmware waits" in message
