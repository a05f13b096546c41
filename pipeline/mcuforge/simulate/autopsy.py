"""What a simulator's registers say about firmware that does not answer, in words."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from elftools.elf.elffile import ELFFile

from mcuforge.build.elf_errors import ELF_ERRORS
from mcuforge.device.faults import EXCEPTIONS

_PROGRAM_COUNTER = re.compile(r"\bR15=([0-9a-f]{8})")
_STATUS = re.compile(r"\bXPSR=([0-9a-f]{8})")
_LOCKUP = re.compile(r"[Ll]ockup")
_EXCEPTION_BITS = 0x1FF  # of the xPSR: the number of the exception that runs
_BUSY = 0.5  # what has a core to itself gets 0.9 and more
_TRY_AGAIN = " Run the command again when this computer has less to do."
_TFLM_ABORT = "_Z9AbortImplv"  # loops for ever
_WAITING = ("mf_uart_read", "mf_frame_receive", "receive_stuffed")


@dataclass(frozen=True)
class Symbols:
    """The functions of an ELF: addresses in order, the bytes of each, and its name."""

    addresses: tuple[int, ...] = ()
    sizes: tuple[int, ...] = ()
    names: tuple[str, ...] = ()

    @classmethod
    def of(cls, elf: Path) -> Symbols:
        """The functions of `elf`; none where it cannot be read."""
        try:
            with elf.open("rb") as file:
                table = ELFFile(file).get_section_by_name(".symtab")
                functions = sorted(
                    (s["st_value"] & ~1, s["st_size"], s.name)
                    for s in (table.iter_symbols() if table else ())
                    if s["st_info"]["type"] == "STT_FUNC"
                )
        except ELF_ERRORS:
            return cls()
        return cls(*(tuple(column) for column in zip(*functions, strict=True)))

    def function(self, address: int) -> str | None:
        """The function that `address` lies in."""
        at = bisect_right(self.addresses, address) - 1
        inside = at >= 0 and address < self.addresses[at] + max(self.sizes[at], 2)
        return self.names[at] if inside else None

    def range_of(self, name: str) -> range | None:
        """The addresses of a function; None where there is none of that name."""
        if name not in self.names:
            return None
        at = self.names.index(name)
        return range(self.addresses[at], self.addresses[at] + self.sizes[at])

    def describe(self, address: int) -> str:
        """`address` with its function."""
        name = self.function(address)
        return f"0x{address:08x} in {name}" if name else f"0x{address:08x}, where there is no code"


def program_counters(registers: str) -> list[int]:
    """The program counters in what QEMU prints about registers."""
    return [int(text, 16) for text in _PROGRAM_COUNTER.findall(registers)]


def exception_numbers(registers: str) -> list[int]:
    """The exceptions that run, 0 for none, in what QEMU prints about registers."""
    return [int(text, 16) & _EXCEPTION_BITS for text in _STATUS.findall(registers)]


def running_text(
    registers: str, symbols: Symbols, *, answered: bool = False, core_share: float | None = None
) -> str:
    """What the firmware does, from what QEMU printed about registers at a few moments.

    `answered`: it has answered before. `core_share` is how much QEMU ran of the time in which it
    could have.
    """
    counters = program_counters(registers)
    busy = _busy_text(core_share)
    if not counters:
        return f"QEMU still runs. Where the firmware is cannot be told.{busy}"
    crashed = crash_text(registers, symbols)
    if crashed is not None:
        return crashed
    functions, names = _functions(counters, symbols)
    if waits_for_frame(registers, symbols):
        waits = f"The firmware waits for a request, in {functions[0]}"
        if answered or busy:
            return (
                f"QEMU still runs, and its link loses nothing: the simulator is slow. {waits}, "
                f"which is on its way.{busy or _TRY_AGAIN}"
            )
        return f"QEMU still runs. {waits}: is the board's UART another one?"
    return (
        f"QEMU still runs. The firmware neither crashed nor locked up: it runs, in {names}. Either "
        f"it is not done yet, or this is an endless loop.{busy}"
    )


def _busy_text(core_share: float | None) -> str:
    """That this computer has other work, where QEMU gets little of it; else nothing."""
    if core_share is None or core_share >= _BUSY:
        return ""
    gets = f"QEMU gets {core_share:.0%} of the processor time that it needs"
    return f" This computer is busy: {gets}.{_TRY_AGAIN}"


def waits_for_frame(registers: str, symbols: Symbols) -> bool:
    """Whether it waits for the host: the program, or a fault's handler, which then reports it."""
    return any(symbols.function(c) in _WAITING for c in program_counters(registers))


def crash_text(registers: str, symbols: Symbols) -> str | None:
    """How the firmware crashed, from what QEMU printed about registers; None where it did not."""
    counters = program_counters(registers)
    numbers = exception_numbers(registers)
    _, names = _functions(counters, symbols)
    if numbers and all(n in EXCEPTIONS for n in numbers):
        return (
            f"The firmware crashed: the core is in its {EXCEPTIONS[numbers[0]]} handler, in "
            f"{names}, and could not report the fault. It came before the UART was ready, or was "
            "lost on the way."
        )
    if counters and all(symbols.function(c) == _TFLM_ABORT for c in counters):
        return (
            "TensorFlow Lite Micro has stopped itself (AbortImpl): a kernel of its library met "
            "what it does not take. The oracle's reference kernels did: use a library without "
            "OPTIMIZED_KERNEL_DIR, or --engine aot."
        )
    if counters and symbols.addresses and all(symbols.function(c) is None for c in counters):
        return (
            f"The firmware crashed: the core runs where there is no code, at {names}. Is the "
            "vector table right, and the ELF for this board?"
        )
    return None


def _functions(counters: Sequence[int], symbols: Symbols) -> tuple[list[str], str]:
    """The functions that the program counters lie in, each once, and as text."""
    functions = list(dict.fromkeys(symbols.function(c) or f"0x{c:08x}" for c in counters))
    return functions, ", ".join(functions)


def lockup_text(printed: str, symbols: Symbols) -> str | None:
    """The explanation where QEMU ended because the core locked up; None where it did not."""
    if not _LOCKUP.search(printed):
        return None
    first = next((line for line in printed.splitlines() if _LOCKUP.search(line)), "")
    counters = program_counters(printed)
    where = f" at {symbols.describe(counters[0])}" if counters else ""
    return (
        f"The core locked up{where}: a fault came where no fault can be handled (in the fault "
        "handler, with faults masked, or without a usable vector table), so that it could not "
        f"report it. QEMU said: {first.strip()}"
    )
