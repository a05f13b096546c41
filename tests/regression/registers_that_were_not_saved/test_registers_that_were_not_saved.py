"""Faults whose registers the core could not push."""

from __future__ import annotations

import struct
from pathlib import Path

import fake_project as fake
import pytest

from mcuforge import boards
from mcuforge.build import build
from mcuforge.device.client import FaultError
from mcuforge.device.faults import parse_fault
from mcuforge.simulate.qemu import Qemu

START, END = 0x2000_0100, 0x2000_2100
GARBAGE = 0xA5A5_A5A5


def body(cfsr: int, sp: int) -> bytes:
    return struct.pack(
        "<27I", 1, *[GARBAGE] * 8, sp, 0xFFFF_FFF9, cfsr, 0, 0, 0, START, END, 4, 0,
        8, 9, 10, 11, 4, 5, 6, 7,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("cfsr", "sp"),
    [
        (1 << 4, START + 8),  # MSTKERR
        (1 << 12, START + 512),  # STKERR
        (1 << 4 | 1 << 1 | 1 << 7, START + 8),  # with the access that began it
        (1 << 20, START),  # the stack limit of ARMv8-M, hit while pushing
    ],
)
def test_registers_that_were_not_pushed_are_not_shown(cfsr: int, sp: int) -> None:
    fault = parse_fault(body(cfsr, sp))
    text = str(fault)
    assert fault.stacked is None
    assert f"{GARBAGE:08x}" not in text and "addr2line" not in text
    assert (
        f"could not push r0-r3, r12, lr, pc and xpsr, so they are not known: sp=0x{sp:08x}" in text
    )
    assert "r4=0x00000004 r5=0x00000005" in text and "r11=0x0000000b" in text


@pytest.mark.parametrize(
    ("cfsr", "sp"),
    [
        (1 << 25, END - 64),
        (1 << 3, END - 64),  # unstacking
        (1 << 5, END - 64),  # of floating-point registers: the others are there
        (1 << 20, END - 64),  # the limit, hit by an instruction
    ],
)
def test_registers_that_were_pushed_are_shown(cfsr: int, sp: int) -> None:
    fault = parse_fault(body(cfsr, sp))
    assert fault.stacked is not None and f"pc=0x{GARBAGE:08x}" in str(fault)


@pytest.mark.sim
def test_a_core_whose_stack_pointer_lies_in_a_hole_shows_nothing_old(tmp_path: Path) -> None:
    """The pointer is moved to where there is no memory: pushing is a bus error."""
    board = boards.load("mps2-an386")
    project = fake.write_project(board, tmp_path)
    chip = project / "runtime" / "chip_none.c"
    start = "void mf_chip_init(void) {"
    crash = '__asm__ volatile("msr msp, %0\\n\\tudf #0" ::"r"(0xE8000000u));'
    chip.write_text(chip.read_text().replace(start, f"{start}\n    {crash}"))
    elf = build(project, board.name).elf
    with Qemu(board, elf) as simulator, pytest.raises(FaultError) as caught:
        simulator.device.hello()
    assert caught.value.fault.stacked is None
    assert "could not push" in caught.value.message or "outside the stack" in caught.value.message
    assert "pc:" not in caught.value.message
