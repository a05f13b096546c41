"""What the start-up code of each chip writes to clock, pins and UART, against values by hand.

The values follow from the reference manuals; each is made of its fields here. It runs on this
computer, with memory in place of the registers: this finds slips, not wrong manuals.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from mcuforge import boards
from mcuforge.emit.cmake_project import ProjectFacts, ProjectModel, render_project
from mcuforge.files import paths

pytestmark = [
    pytest.mark.sim,
    pytest.mark.skipif(
        not sys.platform.startswith("linux") or sys.maxsize < 2**32,
        reason="needs 64-bit Linux, to have memory at the registers' addresses",
    ),
]

RUNTIME = paths.data_dir("firmware") / "runtime"
PROJECT = ProjectFacts("net", (ProjectModel("net", "net", "00" * 32, (), 0, (), ()),))
Registers = dict[int, int]

STM32F = 0x4002_3800  # RCC
STM32F_GPIO = 0x4002_0000
L5 = 0x4002_1000
L5_GPIO = 0x4202_0000
HSE_AND_PLL_READY = 1 << 17 | 1 << 25
VCO_336_MHZ, VCO_432_MHZ = 4 | 168 << 6 | 7 << 24, 4 | 216 << 6 | 9 << 24
HSE = 1 << 22


def stm32_pin(port: int, pin: int, function: int, base: int) -> Registers:
    """Mode, pull-up and alternate function of one pin, on a port that had reset values of 0."""
    address = base + 0x400 * port
    return {
        address: 2 << 2 * pin,
        address + 0xC: 1 << 2 * pin,
        address + 0x20 + 4 * (pin // 8): function << 4 * (pin % 8),
    }


def merged(*parts: Registers) -> Registers:
    """Fields of the same registers together."""
    result: Registers = {}
    for part in parts:
        for address, value in part.items():
            result[address] = result.get(address, 0) | value
    return result


CASES: dict[str, tuple[Registers, Registers]] = {
    "stm32f4-discovery": (
        {STM32F: HSE_AND_PLL_READY},
        merged(
            stm32_pin(0, 2, 7, STM32F_GPIO),
            stm32_pin(0, 3, 7, STM32F_GPIO),
            {
                STM32F: HSE_AND_PLL_READY | 1 << 16 | 1 << 24,
                STM32F + 0x04: VCO_336_MHZ | HSE,
                STM32F + 0x08: 2 | 5 << 10 | 4 << 13,
                STM32F + 0x30: 1 << 0 | 1 << 3,
                STM32F + 0x40: 1 << 28 | 1 << 17,
                0x4000_7000: 1 << 14,
                0x4002_3C00: 5 | 7 << 8,
                STM32F_GPIO + 0xC00: 1 << 24,
                STM32F_GPIO + 0xC18: 1 << 12,
                0x4000_4408: 365,  # 42 MHz / 115200
                0x4000_440C: 1 << 13 | 1 << 3 | 1 << 2,
            },
        ),
    ),
    "nucleo-f767zi": (
        {STM32F: HSE_AND_PLL_READY, 0x4000_7004: 3 << 16, 0xE000_ED80: 1 << 13},
        merged(
            stm32_pin(3, 8, 7, STM32F_GPIO),
            stm32_pin(3, 9, 7, STM32F_GPIO),
            {
                STM32F: HSE_AND_PLL_READY | 1 << 16 | 1 << 18 | 1 << 24,
                STM32F + 0x04: VCO_432_MHZ | HSE,
                STM32F + 0x08: 2 | 5 << 10 | 4 << 13,
                STM32F + 0x30: 1 << 1 | 1 << 3,
                STM32F + 0x40: 1 << 28 | 1 << 18,
                0x4000_7000: 3 << 16,
                0x4002_3C00: 7 | 1 << 8,
                STM32F_GPIO + 0x400: 1 << 0,
                STM32F_GPIO + 0x418: 1 << 0,
                0x4000_480C: 469,  # 54 MHz / 115200
                0x4000_4800: 1 << 3 | 1 << 2 | 1,
                0xE000_ED14: 1 << 17 | 1 << 16,
                0xE000_EF60: 3 << 30 | 1 << 5,  # the last line to be invalidated
            },
        ),
    ),
    "nucleo-l552ze-q": (
        {L5: 1 << 25, 0x4000_7000: 0x400},
        merged(
            stm32_pin(6, 7, 8, L5_GPIO),
            stm32_pin(6, 8, 8, L5_GPIO),
            {
                L5: 1 << 25 | 1 << 24,
                L5 + 0x0C: 1 | 0 << 4 | 55 << 8 | 1 << 24 | 0 << 25,
                L5 + 0x08: 3,
                L5 + 0x4C: 1 << 6 | 1 << 2,
                L5 + 0x58: 1 << 28,
                L5 + 0x5C: 1,
                0x4000_7000: 0,
                0x4000_7004: 1 << 9,
                0x4002_2000: 5,
                0x4003_0400: 1,
                L5_GPIO + 0x800: 1 << 14,
                L5_GPIO + 0x818: 1 << 7,
                0x4000_800C: 244_444,  # 256 * 110 MHz / 115200
                0x4000_8000: 1 << 3 | 1 << 2 | 1,
            },
        ),
    ),
    "microbit": (
        {},
        {
            0x4000_0000: 1,
            0x5000_0518: 1 << 24,
            0x5000_0764: 3 << 2,
            0x4000_250C: 24,
            0x4000_2514: 25,
            0x4000_2524: 0x01D7_E000,  # as the manual gives it for 115200
            0x4000_2500: 4,
            0x4000_2000: 1,
            0x4000_2008: 1,
        },
    ),
    "nrf52840dk": (
        {},
        {
            0x4000_0000: 1,
            0x4001_E540: 1,
            0x5000_0508: 1 << 13,  # off: the LED is on when low
            0x5000_050C: 1 << 13,
            0x5000_0518: 1 << 13,
            0x5000_0720: 3 << 2,
            0x4000_250C: 6,
            0x4000_2514: 8,
            0x4000_2524: 0x01D7_E000,
        },
    ),
    "pico": (
        {
            0x4000_C008: 0xFFFF_FFFF,
            0x4002_4004: 1 << 31,
            0x4000_8038: 1 << 2,
            0x4000_8044: 3,
        },
        {
            0x4000_E000: 1 << 12,  # alias that sets: the PLL's reset
            0x4000_F000: 1 << 5 | 1 << 8 | 1 << 22 | 1 << 23,  # alias that clears: the last ones
            0x4002_400C: 47,
            0x4002_4000: 0xFAB << 12 | 0xAA0,
            0x4002_8008: 125,
            0x4000_8030: 2,
            0x4000_8048: 1 << 11,
            0x4001_4004: 2,
            0x4001_400C: 2,
            0x4001_40CC: 5,
            0x4001_C008: 0x5A,
            0xD000_0014: 1 << 25,
            0xD000_0024: 1 << 25,
            0x4003_4024: 67,
            0x4003_4028: 52,  # 67 + 52 / 64 = 125 MHz / 16 / 115200
            0x4003_402C: 3 << 5 | 1 << 4,
            0x4003_4030: 0x301,
        },
    ),
}


def program(name: str, folder: Path) -> Path:
    """The chip's own code with a main for this computer; the core's instructions are left out."""
    compiler = shutil.which("gcc") or shutil.which("cc")
    if compiler is None:
        pytest.skip("there is no C compiler for this computer")
    files = render_project(boards.load(name), PROJECT)
    for path, content in files.items():
        if path.startswith("runtime/"):
            (folder / Path(path).name).write_bytes(content)
    (folder / "board.h").write_bytes(files[f"board/{name}/board.h"])
    core = (RUNTIME / "cortex_m.h").read_text()
    (folder / "cortex_m.h").write_text(re.sub(r"__asm__ volatile\(.*\);", ";", core))
    shutil.copy(Path(__file__).parent / "chip_registers.c", folder)
    uart = boards.load(name).uart.kind.replace("-", "_")
    chip = boards.load(name).chip
    assert chip is not None
    sources = ["chip_registers.c", f"chip_{chip.family}.c", f"uart_{uart}.c"]
    options = ["-std=c11", "-O1", "-Wall", "-Wno-unused", "-Wno-uninitialized"]
    command = [compiler, *options, *sources, "-o", "program"]
    subprocess.run(command, cwd=folder, check=True)
    return folder / "program"


def left(executable: Path, before: Registers, wanted: Registers) -> Registers:
    given = [f"{address:x}={value:x}" for address, value in before.items()]
    asked = [f"{address:x}" for address in wanted]
    done = subprocess.run([executable, *given, *asked], capture_output=True, text=True, check=False)
    if done.returncode == 77:
        pytest.skip("the registers' addresses are taken on this computer")
    assert done.returncode == 0
    return dict(zip(wanted, (int(line, 16) for line in done.stdout.split()), strict=True))


def shown(registers: Registers) -> dict[str, str]:
    return {f"{address:08x}": f"{value:08x}" for address, value in sorted(registers.items())}


@pytest.mark.parametrize("name", CASES)
def test_start_up_writes_what_the_manual_says(name: str, tmp_path: Path) -> None:
    before, wanted = CASES[name]
    assert shown(left(program(name, tmp_path), before, wanted)) == shown(wanted)


def test_every_board_with_a_chip_is_looked_at() -> None:
    assert set(CASES) == {b.name for b in boards.available() if b.chip}


def test_without_a_crystal_the_internal_oscillator_gives_the_same_clock(tmp_path: Path) -> None:
    """16 MHz / 8 * 168 / 2 in place of 8 MHz / 4 * 168 / 2."""
    before: Registers = {STM32F: 1 << 25}
    wanted = {STM32F + 0x04: 8 | 168 << 6 | 7 << 24, STM32F + 0x08: 2 | 5 << 10 | 4 << 13}
    assert left(program("stm32f4-discovery", tmp_path), before, wanted) == wanted


def test_without_any_clock_start_up_goes_on(tmp_path: Path) -> None:
    wanted = {STM32F + 0x08: 0, STM32F + 0x40: 1 << 28 | 1 << 17, 0x4000_440C: 0x200C}
    assert left(program("stm32f4-discovery", tmp_path), {}, wanted) == wanted
