"""A fault with the source lines of its addresses."""

from __future__ import annotations

from pathlib import Path

from mcuforge.device.faults import Fault
from mcuforge.device.source_lines import SourceLines
from mcuforge.errors import ToolError


def fault_text(fault: Fault, lines: SourceLines | None) -> str:
    """The fault in words; with `lines` also function, file and line of instruction and caller."""
    if lines is None or fault.stacked is None:
        return str(fault)
    # What follows makes the advice to look the line up superfluous.
    text = [line for line in str(fault).splitlines() if not line.startswith("Find the line")]
    text.append(f"pc: {lines.find(fault.stacked['pc'])}")
    # Of a return address, the call is before it.
    text.append(f"lr: called from {lines.find((fault.stacked['lr'] & ~1) - 2)}")
    return "\n".join(text)


def fault_text_of(fault: Fault, elf: Path | None) -> str:
    """`fault_text` with the lines of `elf`, where that can be read."""
    if elf is None:
        return str(fault)
    try:
        return fault_text(fault, SourceLines(elf))
    except ToolError:
        return str(fault)
