"""A core that will never answer, noticed at once in both simulators."""

from __future__ import annotations

import stat
import sys
import time
from pathlib import Path

import fake_project as fake
import pytest

from mcuforge import boards
from mcuforge.build import build
from mcuforge.device.client import FaultError
from mcuforge.errors import DeviceError
from mcuforge.simulate.qemu import Qemu
from mcuforge.simulate.renode import Renode
from mcuforge.simulate.renode_program import require_renode

FAKE = (Path(__file__).parents[2] / "shared" / "fake_renode.py").read_text()
BOARD = boards.load("mps2-an386")
INIT = "void mf_chip_init(void) {"


def crashing(name: str, statement: str, folder: Path) -> Path:
    """Firmware that runs `statement` before its UART is set up."""
    board = boards.load(name)
    project = fake.write_project(board, folder)
    family = board.chip.family if board.chip else "none"
    chip = project / "runtime" / f"chip_{family}.c"
    text = chip.read_text()
    assert INIT in text
    chip.write_text(text.replace(INIT, f"{INIT}\n    {statement}"))
    return build(project, name).elf


@pytest.mark.sim
@pytest.mark.parametrize(
    "name",
    [
        "microbit",
        "mps3-an547",
        pytest.param("mps2-an385", marks=pytest.mark.slow),
        pytest.param("mps2-an505", marks=pytest.mark.slow),
    ],
)
def test_a_fault_before_the_uart_is_reported(name: str, tmp_path: Path) -> None:
    elf = crashing(name, "*(volatile unsigned *)0xE8000000u = 1;", tmp_path)
    started = time.monotonic()
    with (
        Qemu(boards.load(name), elf) as simulator,
        pytest.raises(FaultError, match=r"(?s)no memory.*\[(BusFault|HardFault)\].*mf_chip_init"),
    ):
        simulator.device.hello()
    assert time.monotonic() - started < 15


@pytest.mark.sim
def test_a_crash_that_cannot_be_reported_is_noticed_at_once(tmp_path: Path) -> None:
    """In the handler of a fault, which has lost its UART."""
    board = BOARD
    project = fake.write_project(board, tmp_path)
    uart = project / "runtime" / "uart_cmsdk.c"
    start = "void mf_uart_init(void) {"
    text = uart.read_text()
    assert start in text
    stuck = f"static int calls;\n{start}\n    while (calls++ != 0) {{\n        calls = 1;\n    }}"
    uart.write_text(text.replace(start, stuck + "\n    *(volatile unsigned *)0xE8000000u = 1;"))
    elf = build(project, board.name).elf
    started = time.monotonic()
    with (
        Qemu(board, elf) as simulator,
        pytest.raises(DeviceError, match=r"stopped: .* in its BusFault handler, in mf_uart_init"),
    ):
        simulator.device.hello()
    assert time.monotonic() - started < 10


def test_renode_is_asked_whether_the_core_aborted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FAKE_RENODE", "abort")
    script = tmp_path / "renode"
    script.write_text(f"#!{sys.executable}\n{FAKE}")
    script.chmod(script.stat().st_mode | stat.S_IXUSR)
    elf = tmp_path / "firmware.elf"
    elf.write_bytes(b"not looked into")
    with Renode(BOARD, elf, require_renode(BOARD, script)) as simulator:
        started = time.monotonic()
        with pytest.raises(
            DeviceError, match=r"stopped: .*0x60000000.*Renode: CPU abort \[PC=0x60"
        ):
            simulator.device.hello()
        assert time.monotonic() - started < 5
