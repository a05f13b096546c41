"""A FAULT frame in words: the registers of a Cortex-M, and what they mean.

Bit numbers are those of the Armv7-M and Armv8-M Architecture Reference Manuals.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

STACKED = ("r0", "r1", "r2", "r3", "r12", "lr", "pc", "xpsr")

# Bit of CFSR -> what happened.
_CFSR = {
    0: "instruction fetch from a region without permission to execute",
    1: "data access without permission",
    3: "memory fault while returning from an exception",
    4: "memory fault while pushing registers on exception entry: stack overflow?",
    5: "memory fault while saving floating-point registers",
    8: "bus error on an instruction fetch: a jump to where there is no code?",
    9: "bus error on a data access: an address where there is no memory?",
    10: "bus error on an earlier data access: an address where there is no memory?",
    11: "bus error while returning from an exception",
    12: "bus error while pushing registers on exception entry: stack overflow?",
    13: "bus error while saving floating-point registers",
    16: "undefined instruction: built for another core?",
    17: "jump to an address without the Thumb bit",
    18: "broken return from an exception",
    19: "use of a coprocessor that is off or missing: built for a core with another FPU?",
    24: "unaligned access",
    25: "division by zero",
}
_MMFAR_VALID = 7
_BFAR_VALID = 15
_HFSR_VECTOR = 1
_STACK_LIMIT = 20
_GUARD_BYTES = 256


@dataclass(frozen=True)
class Fault:
    """Registers at a fault. `stacked` is None where the stack pointer was wild."""

    stacked: dict[str, int] | None
    sp: int
    exc_return: int
    cfsr: int
    hfsr: int
    mmfar: int
    bfar: int
    stack_start: int
    stack_end: int

    @property
    def is_stack_overflow(self) -> bool:
        """True where the stack limit, or the guard below the stack, was hit."""
        guard = range(self.stack_start - _GUARD_BYTES, self.stack_start)
        in_guard = bool(self.cfsr >> _MMFAR_VALID & 1) and self.mmfar in guard
        return in_guard or bool(self.cfsr >> _STACK_LIMIT & 1) or self.sp in guard

    @property
    def reason(self) -> str:
        """What happened, in words."""
        if self.is_stack_overflow:
            return f"stack overflow: {self.stack_end - self.stack_start:,} bytes are too few"
        reasons = [text for bit, text in _CFSR.items() if self.cfsr >> bit & 1]
        if self.hfsr >> _HFSR_VECTOR & 1:
            reasons.append("bus error while reading the vector table")
        text = "; ".join(reasons) or "fault of unknown cause"
        if self.cfsr >> _MMFAR_VALID & 1:
            text += f" (address 0x{self.mmfar:08x})"
        if self.cfsr >> _BFAR_VALID & 1:
            text += f" (address 0x{self.bfar:08x})"
        return text

    def __str__(self) -> str:
        lines = [self.reason]
        if self.stacked is None:
            lines.append(f"the stack pointer was outside the stack: sp=0x{self.sp:08x}")
        else:
            registers = self.stacked | {"sp": self.sp}
            lines.append(" ".join(f"{name}=0x{value:08x}" for name, value in registers.items()))
            lines.append(f"Find the line: arm-none-eabi-addr2line -e <elf> 0x{registers['pc']:08x}")
        lines.append(f"cfsr=0x{self.cfsr:08x} hfsr=0x{self.hfsr:08x}")
        return "\n".join(lines)


def parse_fault(body: bytes) -> Fault:
    """Raises `struct.error` where the body has the wrong length."""
    valid, *words = struct.unpack("<17I", body)
    registers = words[: len(STACKED)]
    stacked = dict(zip(STACKED, registers, strict=True)) if valid else None
    return Fault(stacked, *words[len(STACKED) :])
