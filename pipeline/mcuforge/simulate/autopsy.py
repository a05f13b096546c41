"""What a simulator's registers say about firmware that does not answer, in words."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from elftools.common.exceptions import ELFError
from elftools.elf.elffile import ELFFile

_PROGRAM_COUNTER = re.compile(r"\bR15=([0-9a-f]{8})")
_LOCKUP = re.compile(r"[Ll]ockup")
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
        except (OSError, ELFError):
            return cls()
        return cls(*(tuple(column) for column in zip(*functions, strict=True)))

    def function(self, address: int) -> str | None:
        """The function that `address` lies in."""
        at = bisect_right(self.addresses, address) - 1
        inside = at >= 0 and address < self.addresses[at] + max(self.sizes[at], 2)
        return self.names[at] if inside else None

    def describe(self, address: int) -> str:
        """`address` with its function."""
        name = self.function(address)
        return f"0x{address:08x} in {name}" if name else f"0x{address:08x}, where there is no code"


def program_counters(registers: str) -> list[int]:
    """The program counters in what QEMU prints about registers."""
    return [int(text, 16) for text in _PROGRAM_COUNTER.findall(registers)]


def running_text(counters: Sequence[int], symbols: Symbols) -> str:
    """What the firmware does, from a few looks at its program counter."""
    if not counters:
        return "Where the firmware is cannot be told."
    functions = list(dict.fromkeys(symbols.function(c) or f"0x{c:08x}" for c in counters))
    if any(name in _WAITING for name in functions):
        return (
            f"The firmware waits for a request, in {functions[0]}: "
            "the link loses bytes, or is that of another UART."
        )
    return (
        f"The firmware neither crashed nor locked up: it runs, in {', '.join(functions)}. Either "
        "it is not done yet, or this is an endless loop."
    )


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
