"""A FAULT frame in words: the registers of a Cortex-M, and what they mean.

Bit numbers are those of the Armv7-M and Armv8-M Architecture Reference Manuals.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from dataclasses import dataclass, field

from mcuforge.device import thumb
from mcuforge.device.replies import ReplyError

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
EXCEPTIONS = {
    2: "NMI", 3: "HardFault", 4: "MemManage", 5: "BusFault", 6: "UsageFault", 7: "SecureFault",
}  # fmt: skip
_FIRST_INTERRUPT = 16
_OTHERS = ("r8", "r9", "r10", "r11", "r4", "r5", "r6", "r7")
_MMFAR_VALID = 7
_BFAR_VALID = 15
_HFSR_VECTOR = 1
_STACK_LIMIT = 20
_THUMB_STATE, _STACK_PADDED = 24, 9  # of xpsr
_STACKING = 1 << 4 | 1 << 12  # MSTKERR, STKERR
_FAR_BELOW = 0x1000
_GUARD_BYTES = 256
_BODY = struct.Struct("<27I")


@dataclass(frozen=True)
class Fault:
    """Registers at a fault. `stacked` is None where the core did not save them: see `unsaved`.

    `exception` is the number of the exception taken, `instruction` the two halfwords at the
    program counter, the first one low (0 where that was wild), `others` are r4 to r11.
    """

    stacked: dict[str, int] | None
    sp: int
    exc_return: int
    cfsr: int
    hfsr: int
    mmfar: int
    bfar: int
    stack_start: int
    stack_end: int
    exception: int = 3
    instruction: int = 0
    others: dict[str, int] = field(default_factory=dict)

    @property
    def is_stack_overflow(self) -> bool:
        """True where the stack limit, or the guard below the stack, was hit."""
        guard = range(self.stack_start - _GUARD_BYTES, self.stack_start)
        in_guard = bool(self.cfsr >> _MMFAR_VALID & 1) and self.mmfar in guard
        return in_guard or bool(self.cfsr >> _STACK_LIMIT & 1) or self._is_below_stack

    @property
    def _is_below_stack(self) -> bool:
        """Where nothing guards the stack, it may have grown by any number of bytes."""
        return self.stack_start - _FAR_BELOW <= self.sp < self.stack_start

    @property
    def unsaved(self) -> str:
        """Why there are no stacked registers, in words."""
        if not self.stack_start <= self.sp < self.stack_end:
            return f"the stack pointer was outside the stack: sp=0x{self.sp:08x}"
        return (
            "the core could not push r0-r3, r12, lr, pc and xpsr, so they are not known: "
            f"sp=0x{self.sp:08x}"
        )

    @property
    def kind(self) -> str:
        """Which exception was taken, by its architectural name."""
        if self.exception >= _FIRST_INTERRUPT:
            return f"unexpected interrupt {self.exception - _FIRST_INTERRUPT}"
        return EXCEPTIONS.get(self.exception, f"unexpected exception {self.exception}")

    @property
    def reason(self) -> str:
        """What happened, in words."""
        if self.is_stack_overflow:
            return f"stack overflow: {self.stack_end - self.stack_start:,} bytes are too few"
        reasons = [text for bit, text in _CFSR.items() if self.cfsr >> bit & 1]
        if self.hfsr >> _HFSR_VECTOR & 1:
            reasons.append("bus error while reading the vector table")
        text = "; ".join(reasons) or self._guess()
        if self.cfsr >> _MMFAR_VALID & 1:
            text += f" (address 0x{self.mmfar:08x})"
        if self.cfsr >> _BFAR_VALID & 1:
            text += f" (address 0x{self.bfar:08x})"
        return text

    def _guess(self) -> str:
        """For a core that records no cause: what the instruction could have done wrong."""
        if self.exception not in EXCEPTIONS:
            return "nothing handles this exception"
        if self.stacked is None or not self.instruction:
            return "fault of unknown cause: a jump to where there is no code?"
        if thumb.is_undefined(self.instruction):
            return "undefined instruction: built for another core?"
        if not self.stacked["xpsr"] >> _THUMB_STATE & 1:
            return "jump to an address without the Thumb bit"
        found = thumb.access(self.instruction, self.stacked | self.others | {"sp": self._sp_before})
        if found is None:
            return "fault of unknown cause"
        what = "unaligned access" if found.is_unaligned else "access where there is no memory?"
        return f"{what} (address 0x{found.address:08x})"

    @property
    def _sp_before(self) -> int:
        """The stack pointer before the exception pushed eight words, and one to align them."""
        padded = self.stacked is not None and self.stacked["xpsr"] >> _STACK_PADDED & 1
        return self.sp + 4 * (len(STACKED) + bool(padded))

    def __str__(self) -> str:
        lines = [f"{self.reason} [{self.kind}]"]
        others = {name: self.others[name] for name in sorted(self.others, key=_number)}
        if self.stacked is None:
            lines += [self.unsaved, _values(others)]
        else:
            lines.append(_values(self.stacked | {"sp": self.sp} | others))
            lines.append(
                f"Find the line: arm-none-eabi-addr2line -e <elf> 0x{self.stacked['pc']:08x}"
            )
        lines.append(f"cfsr=0x{self.cfsr:08x} hfsr=0x{self.hfsr:08x}")
        return "\n".join(lines)


def parse_fault(body: bytes) -> Fault:
    """Raises `ReplyError` where the body has the wrong length."""
    if len(body) != _BODY.size:
        raise ReplyError("a FAULT of the wrong length")
    valid, *words = _BODY.unpack(body)
    registers = words[: len(STACKED)]
    others = dict(zip(_OTHERS, words[-len(_OTHERS) :], strict=True))
    sp, exc_return, cfsr, hfsr, mmfar, bfar, start, end, exception, instruction = words[
        len(STACKED) : -len(_OTHERS)
    ]
    is_saved = valid and not _stacking_failed(cfsr, sp, start)
    stacked = dict(zip(STACKED, registers, strict=True)) if is_saved else None
    return Fault(
        stacked, sp, exc_return, cfsr, hfsr, mmfar, bfar, start, end, exception, instruction, others
    )  # fmt: skip


def _stacking_failed(cfsr: int, sp: int, stack_start: int) -> bool:
    """Whether what lies at the stack pointer is old: the core could not write there.

    With a stack limit, an exception whose registers do not fit leaves the pointer at the limit.
    """
    return bool(cfsr & _STACKING) or bool(cfsr >> _STACK_LIMIT & 1 and sp == stack_start)


def _values(registers: Mapping[str, int]) -> str:
    return " ".join(f"{name}=0x{value:08x}" for name, value in registers.items())


def _number(register: str) -> int:
    return int(register[1:])
