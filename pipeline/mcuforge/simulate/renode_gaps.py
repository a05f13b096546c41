"""Instructions that some versions of Renode lack or compute wrongly, looked for in a firmware.

All of them are Armv8.1-M's, so that of the cores that Renode knows only a Cortex-M55 (and an M85)
has them: a compiler never makes them for an M33. The check asks the ELF, not the board, since a
library that is linked in may hold what the board's own options rule out. Encodings are those of the
Armv8-M Architecture Reference Manual (DDI 0553); dates are those of the changes in Renode.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from mcuforge.build.elf_instructions import wide_instructions
from mcuforge.errors import ToolError
from mcuforge.simulate.autopsy import Symbols
from mcuforge.simulate.renode_program import OVERRIDE, RenodeProgram

_PC = 15  # of a register field: in a conditional selection, the number 0


@dataclass(frozen=True)
class Gap:
    """What a Renode built before `since` (a date, 20260420) does wrong, and how to see it."""

    title: str
    verdict: str
    since: int
    holds: Callable[[int], bool]


def _selects_zero(code: int) -> bool:
    """CSEL, CSINC, CSINV, CSNEG, also as CSET, CSETM, CINC, with the number 0 for a register."""
    conditional = code & 0xFFF0_C000 == 0xEA50_8000 and code & 0xF != 13
    return conditional and _PC in (code >> 16 & 0xF, code & 0xF)


def _shifts_by_register(code: int) -> bool:
    """ASRL, LSLL, UQRSHLL, SQRSHRL and their like for 32 bits."""
    return code & 0xFFF0_800F == 0xEA50_000D


def _shifts_by_constant(code: int) -> bool:
    """ASRL, LSLL, LSRL, and the saturating ones."""
    return code & 0xFFF0_800F == 0xEA50_000F


def _is_tail_predicated(code: int) -> bool:
    """DLSTP, WLSTP and LETP: loops whose last turn computes only part of a vector."""
    if code >> 16 & 0xF == _PC:
        return code & 0xFFFF_F001 == 0xF01F_C001
    do, while_ = code & 0xFFC0_FFFF == 0xF000_E001, code & 0xFFC0_F001 == 0xF000_C001
    return do or while_


def _is_vector(code: int) -> bool:
    """MVE: what is no FPU's in the space of coprocessors, and the space of vectors' arithmetic."""
    high = code >> 24
    coprocessor = code >> 9 & 7 == 7  # 14 and 15; an FPU's are 10 and 11
    return high in (0xEF, 0xFF) or (high in (0xEC, 0xED, 0xEE, 0xFC, 0xFD, 0xFE) and coprocessor)


GAPS = (
    Gap("a conditional selection with zero (CSEL, CSET, CSINC, ...)", "computes it wrongly",
        2026_04_20, _selects_zero),
    Gap("a 64-bit shift of MVE (ASRL, LSLL, LSRL, ...)", "lacks it", 2026_04_28,
        _shifts_by_constant),
    Gap("a 64-bit shift of MVE by a register (ASRL, LSLL, ...)", "lacks it", 2026_04_30,
        _shifts_by_register),
    Gap("a tail-predicated loop of MVE (DLSTP, WLSTP, LETP)", "lacks it", 2026_05_05,
        _is_tail_predicated),
    Gap("a vector instruction of MVE", "lacks many of them", 2026_04_16, _is_vector),
)  # fmt: skip


def check(elf: Path, program: RenodeProgram) -> None:
    """Raise `ToolError` where `elf` holds what this Renode would run wrongly."""
    open_gaps = [gap for gap in GAPS if not program.is_newer_than(gap.since)]
    if not open_gaps:
        return
    for address, code in wide_instructions(elf):
        for gap in open_gaps:
            if gap.holds(code):
                raise ToolError(_refusal(elf, program, gap, address))


def _refusal(elf: Path, program: RenodeProgram, gap: Gap, address: int) -> str:
    where = Symbols.of(elf).describe(address)
    year, month, day = gap.since // 10_000, gap.since // 100 % 100, gap.since % 100
    return (
        f"{elf} holds {gap.title}, at {where}. {program.title} {gap.verdict}, so that its results "
        "would say nothing about the firmware. Use QEMU (--simulator qemu), or a Renode built from "
        f"sources of {year}-{month:02}-{day:02} or later. {OVERRIDE}"
    )
