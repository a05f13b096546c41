"""Firmware for a core without an MPU, where the machine has one all the same."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import fake_project as fake
import pytest

from mcuforge import boards
from mcuforge.boards import Board, Core
from mcuforge.build import build
from mcuforge.device.client import FaultError
from mcuforge.device.protocol import Crash
from mcuforge.emit.cmake_project import render_project
from mcuforge.errors import UsageError
from mcuforge.files import paths
from mcuforge.simulate.qemu import Qemu

M3 = boards.load("mps2-an385")
REGIONS = {"cortex-m0": 0, "cortex-m55": 16}


@pytest.mark.sim
def test_firmware_without_a_guard_starts_on_a_machine_with_an_mpu(tmp_path: Path) -> None:
    """Code for a Cortex-M0, for which no guard is reserved, on QEMU's M3 with its MPU."""
    board = replace(M3, core=Core("cortex-m0", "none", dsp=False, mve=False))
    assert board.stack_guard_bytes == 0
    elf = build(fake.write_project(board, tmp_path), board.name).elf
    with Qemu(M3, elf) as simulator:
        assert simulator.device.hello().model == "fake"
        assert simulator.device.stats().stack_high_water > 64


@pytest.mark.sim
def test_a_reserved_guard_is_still_set_up(tmp_path: Path) -> None:
    project = fake.write_project(M3, tmp_path)
    presets = project / "CMakePresets.json"
    options = '"CMAKE_BUILD_TYPE": "Release"'
    text = presets.read_text()
    assert options in text
    presets.write_text(text.replace(options, f'{options}, "MF_CRASH_TEST": "ON"'))
    elf = build(project, M3.name).elf
    with Qemu(M3, elf) as simulator:
        simulator.device.hello()
        with pytest.raises(FaultError, match="stack overflow"):
            simulator.device.crash(Crash.STACK)


@pytest.mark.parametrize("board", [b for b in boards.available() if b.renode], ids=lambda b: b.name)
def test_the_platform_says_how_many_regions_there_are(board: Board) -> None:
    platform = render_project(board, fake.PROJECT)["renode/firmware.repl"].decode()
    assert board.core is not None
    assert f"    numberOfMPURegions: {REGIONS.get(board.core.name, 8)}\n" in platform


def test_a_board_file_may_say_that_there_is_none(tmp_path: Path) -> None:
    """A Cortex-M3 need not have an MPU: an STM32F103 has none."""
    text = (paths.data_dir("firmware") / "boards" / "mps2-an385.toml").read_text()
    own = tmp_path / "own.toml"
    for regions in (0, 8):
        edited = text.replace("mps2-an385", "own", 1).replace(
            'cpu_type = "cortex-m3"', f'cpu_type = "cortex-m3"\nmpu_regions = {regions}'
        )
        own.write_text(edited)
        platform = render_project(boards.load(str(own)), fake.PROJECT)["renode/firmware.repl"]
        assert f"    numberOfMPURegions: {regions}\n".encode() in platform
    own.write_text(edited.replace("mpu_regions = 8", "mpu_regions = 17"))
    with pytest.raises(UsageError, match=r"mpu_regions.*must lie in"):
        boards.load(str(own))
