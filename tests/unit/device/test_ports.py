"""Which serial port is the board's."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from flash_job import BOARD

from mcuforge import boards
from mcuforge.device.ports import Port, connected, find
from mcuforge.errors import DeviceError

OURS = Port("/dev/ttyACM0", "0483:374b", "STM32 STLink")
TWIN = Port("/dev/ttyACM2", "0483:374b", "STM32 STLink")
OTHER = Port("/dev/ttyUSB0", "10c4:ea60", "CP2102")


def test_the_only_one_is_taken() -> None:
    assert find(BOARD, ports=[OTHER, OURS]) == "/dev/ttyACM0"


def test_of_several_one_is_chosen() -> None:
    offered: list[Sequence[Port]] = []

    def choose(ports: Sequence[Port]) -> Port:
        offered.append(ports)
        return ports[1]

    assert find(BOARD, choose, [OURS, OTHER, TWIN]) == "/dev/ttyACM2"
    assert offered == [[OURS, TWIN]]


def test_of_several_none_is_guessed() -> None:
    with pytest.raises(DeviceError, match=r"Several ports.*--port:\n  /dev/ttyACM0 .*\n.*ttyACM2"):
        find(BOARD, ports=[OURS, TWIN, OTHER])


def test_none_says_what_is_there() -> None:
    with pytest.raises(DeviceError, match=r"No serial port of a board.*\n  /dev/ttyUSB0  CP2102"):
        find(BOARD, ports=[OTHER])
    with pytest.raises(DeviceError, match=r"carries data\?$"):
        find(boards.load("mps2-an386"), ports=[])


def test_the_ports_of_this_computer_have_usb_numbers() -> None:
    assert all(len(port.usb) == 9 for port in connected())
