"""Registers of a fault in words."""

from __future__ import annotations

import struct

import pytest

from mcuforge.device.faults import parse_fault

START, END = 0x2000_0100, 0x2000_2100


def body(
    *, cfsr: int, hfsr: int = 0x4000_0000, mmfar: int = 0, bfar: int = 0, sp: int = END - 64,
    valid: int = 1,
) -> bytes:  # fmt: skip
    stacked = (0, 1, 2, 3, 12, 0x101, 0x0000_1234, 0x0100_0000)
    return struct.pack(
        "<17I", valid, *stacked, sp, 0xFFFF_FFF9, cfsr, hfsr, mmfar, bfar, START, END
    )


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
        ({"cfsr": 1 << 16 | 1 << 25}, "core?; division by zero"),
    ],
)
def test_the_reason_is_named(registers: dict[str, int], reason: str) -> None:
    assert reason in parse_fault(body(**registers)).reason


def test_the_registers_and_the_way_to_the_line_are_shown() -> None:
    text = str(parse_fault(body(cfsr=1 << 25)))
    assert "pc=0x00001234" in text
    assert "addr2line -e <elf> 0x00001234" in text


def test_a_wild_stack_pointer_is_shown_without_registers() -> None:
    text = str(parse_fault(body(cfsr=1 << 12, sp=0x10, valid=0)))
    assert "outside the stack: sp=0x00000010" in text
    assert "pc=" not in text


def test_a_body_of_the_wrong_length_is_refused() -> None:
    with pytest.raises(struct.error):
        parse_fault(body(cfsr=0)[:-1])
