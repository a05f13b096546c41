"""Registers of a fault in words."""

from __future__ import annotations

import struct

import pytest

from mcuforge.device import thumb
from mcuforge.device.faults import parse_fault
from mcuforge.device.replies import ReplyError

START, END = 0x2000_0100, 0x2000_2100


def body(
    *, cfsr: int, hfsr: int = 0x4000_0000, mmfar: int = 0, bfar: int = 0, sp: int = END - 64,
    valid: int = 1, exception: int = 3, instruction: int = 0, xpsr: int = 0x0100_0000,
) -> bytes:  # fmt: skip
    stacked = (0, 1, 2, 3, 12, 0x101, 0x0000_1234, xpsr)
    return struct.pack(
        "<27I", valid, *stacked, sp, 0xFFFF_FFF9, cfsr, hfsr, mmfar, bfar, START, END,
        exception, instruction, 8, 9, 10, 11, 4, 5, 6, 7,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("registers", "reason"),
    [
        ({"cfsr": 1 << 16}, "undefined instruction: built for another core?"),
        ({"cfsr": 1 << 19}, "coprocessor that is off or missing"),
        ({"cfsr": 1 << 25}, "division by zero"),
        ({"cfsr": 1 << 9 | 1 << 15, "bfar": 0xDEAD}, "no memory? (address 0x0000dead)"),
        ({"cfsr": 1 << 1 | 1 << 7, "mmfar": 0x10}, "without permission (address 0x00000010)"),
        ({"cfsr": 1 << 1 | 1 << 7, "mmfar": START - 4}, "stack overflow: 8,192 bytes"),
        ({"cfsr": 1 << 20, "sp": START}, "stack overflow: 8,192 bytes are too few"),
        ({"cfsr": 1 << 4, "sp": START - 32}, "stack overflow: 8,192 bytes are too few"),
        ({"cfsr": 0, "hfsr": 2}, "vector table"),
        ({"cfsr": 0}, "fault of unknown cause"),
        ({"cfsr": 0, "sp": START - 500}, "stack overflow"),
        ({"cfsr": 0, "exception": 11}, "nothing handles this exception"),
        ({"cfsr": 0, "instruction": 0xDE00}, "undefined instruction"),
        ({"cfsr": 0, "instruction": 0xA000F7F0}, "undefined instruction"),
        ({"cfsr": 0, "instruction": 0x6858}, "unaligned access (address 0x00000007)"),
        ({"cfsr": 0, "instruction": 0x7858}, "there is no memory? (address 0x00000004)"),
        ({"cfsr": 0, "instruction": 0x4718}, "fault of unknown cause"),
        ({"cfsr": 0, "instruction": 0x6858, "xpsr": 0}, "without the Thumb bit"),
        ({"cfsr": 1 << 16 | 1 << 25}, "core?; division by zero"),
    ],
)
def test_the_reason_is_named(registers: dict[str, int], reason: str) -> None:
    assert reason in parse_fault(body(**registers)).reason


def test_the_exception_is_named() -> None:
    names = {n: parse_fault(body(cfsr=0, exception=n)).kind for n in (3, 4, 5, 6, 7, 11, 18)}
    assert names == {
        3: "HardFault", 4: "MemManage", 5: "BusFault", 6: "UsageFault", 7: "SecureFault",
        11: "unexpected exception 11", 18: "unexpected interrupt 2",
    }  # fmt: skip


# Armv6-M instructions, what they access with rN = 16 * N and sp = 0x1000, and of what size.
@pytest.mark.parametrize(
    ("instruction", "address", "alignment"),
    [
        (0x6858, 0x30 + 4, 4),  # ldr r0, [r3, #4]
        (0x6058, 0x30 + 4, 4),  # str r0, [r3, #4]
        (0x7858, 0x30 + 1, 1),  # ldrb r0, [r3, #1]
        (0x8858, 0x30 + 2, 2),  # ldrh r0, [r3, #2]
        (0x5850, 0x20 + 0x10, 4),  # ldr r0, [r2, r1]
        (0x5650, 0x20 + 0x10, 1),  # ldrsb r0, [r2, r1]
        (0x5E50, 0x20 + 0x10, 2),  # ldrsh r0, [r2, r1]
        (0x5250, 0x20 + 0x10, 2),  # strh r0, [r2, r1]
        (0x9802, 0x1000 + 8, 4),  # ldr r0, [sp, #8]
        (0xC90C, 0x10, 4),  # ldmia r1!, {r2, r3}
    ],
)
def test_loads_and_stores_are_decoded(instruction: int, address: int, alignment: int) -> None:
    registers = {f"r{n}": 16 * n for n in range(8)} | {"sp": 0x1000}
    assert thumb.access(instruction, registers) == thumb.Access(address, alignment)


def test_other_instructions_access_nothing() -> None:
    registers = {f"r{n}": 0 for n in range(8)} | {"sp": 0}
    for instruction in (0x2000, 0x4770, 0xBF00, 0xDE00, 0xF7F0A000):
        assert thumb.access(instruction, registers) is None


def test_the_registers_and_the_way_to_the_line_are_shown() -> None:
    text = str(parse_fault(body(cfsr=1 << 25)))
    assert "pc=0x00001234" in text
    assert "addr2line -e <elf> 0x00001234" in text


def test_a_wild_stack_pointer_is_shown_without_registers() -> None:
    text = str(parse_fault(body(cfsr=1 << 12, sp=0x10, valid=0)))
    assert "outside the stack: sp=0x00000010" in text
    assert "pc=" not in text


def test_a_body_of_the_wrong_length_is_refused() -> None:
    with pytest.raises(ReplyError):
        parse_fault(body(cfsr=0)[:-1])
