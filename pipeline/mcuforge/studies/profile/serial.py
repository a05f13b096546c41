"""Timings of cores that run one instruction after the other: Cortex-M0, M0+, M3, M4, M33.

Sources are Arm's Technical Reference Manuals, the tables "instruction set summary", at zero wait
states: DDI 0432 (M0), DDI 0484 (M0+), DDI 0337 (M3), 100166 (M4). For the M33 Arm publishes none:
it gets those of the M4. What a manual gives as a range is one value here:

- division on the M3 and M4, 2 to 12 cycles: 7;
- long products on the M3, 3 to 5 and 4 to 7: 4 and 5;
- a refill of the pipeline, 1 to 3 cycles: 1 after a branch to a label, 1 more where a 32-bit
  instruction there straddles two words, 2 after a jump to a register;
- a product on the M0 and M0+, 1 or 32, as the chip's maker chose: 1.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from mcuforge.studies.profile.disassembly import Instruction
from mcuforge.studies.profile.operands import Kind

_LOADS = (Kind.LOAD,)
_PIPELINED = (Kind.LOAD, Kind.STORE)
_MANY = (Kind.LOAD_MANY, Kind.STORE_MANY, Kind.LOAD_PAIR, Kind.STORE_PAIR)


@dataclass(frozen=True)
class SerialCore:
    """`cycles` of kinds that take more than one; lists of registers take 1 and 1 for each.

    `refill` is what a taken branch, a call, a jump and a return by a load add. `pipelines_loads`:
    a load takes 1 where a load or store follows that does not need it for its address.
    """

    cycles: Mapping[Kind, int]
    refill: Mapping[Kind, int]
    pipelines_loads: bool
    straddling: int
    error: float  # of an estimate for a whole inference, as a share
    why: str

    def step(self, before: Sequence[Instruction], block: Sequence[Instruction], taken: bool) -> int:
        """Cycles of a block, with the branch that led to it from the block before."""
        total = sum(map(self._alone, block))
        total += self._refill(before, block) if taken and before else 0
        return total - (self._pipelined(block) if self.pipelines_loads else 0)

    def mispredicted(self) -> int:
        """Cycles of a branch that was predicted wrongly: these cores do not predict."""
        return 0

    def _alone(self, instruction: Instruction) -> int:
        operands = instruction.operands
        if operands.kind in _MANY:
            pair = operands.kind in (Kind.LOAD_PAIR, Kind.STORE_PAIR)
            return 1 + (2 if pair else operands.registers)
        return self.cycles.get(operands.kind, 1)

    def _refill(self, before: Sequence[Instruction], block: Sequence[Instruction]) -> int:
        last, first = before[-1].operands, block[0]
        straddles = first.size == 4 and first.address % 4 != 0
        kind = Kind.LOAD_MANY if last.loads_pc else last.kind
        return self.refill.get(kind, 0) + (self.straddling if straddles else 0)

    def _pipelined(self, block: Sequence[Instruction]) -> int:
        """Cycles that loads save, since another load or store follows."""
        saved = 0
        for load, following in pairwise(block):
            one, other = load.operands, following.operands
            if one.kind in _LOADS and other.kind in _PIPELINED:
                address = other.reads - set(following.text.split(",")[:1])
                saved += not (one.writes & address)
        return saved


_M0 = {Kind.LOAD: 2, Kind.STORE: 2, Kind.SYSTEM: 3}
_M3 = {Kind.LOAD: 2, Kind.MAC: 2, Kind.LONG_MUL: 4, Kind.DIVIDE: 7, Kind.SYSTEM: 2}
_M4 = {Kind.LOAD: 2, Kind.DIVIDE: 7, Kind.SYSTEM: 2, Kind.FLOAT: 2}
_REFILL = {Kind.BRANCH: 1, Kind.CALL: 1, Kind.JUMP: 2, Kind.LOAD_MANY: 2}
_RANGES = "the manual gives ranges for refills, divisions and conditional instructions"

CORTEX_M0 = SerialCore(
    _M0, {Kind.BRANCH: 2, Kind.CALL: 3, Kind.JUMP: 2, Kind.LOAD_MANY: 3}, False, 0, 0.05,
    "the manual's timings are fixed",
)  # fmt: skip
CORTEX_M0PLUS = SerialCore(
    _M0, {Kind.BRANCH: 1, Kind.CALL: 2, Kind.JUMP: 1, Kind.LOAD_MANY: 2}, False, 0, 0.05,
    "the manual's timings are fixed",
)  # fmt: skip
CORTEX_M3 = SerialCore(_M3, _REFILL, True, 1, 0.15, _RANGES)
CORTEX_M4 = SerialCore(_M4, _REFILL, True, 1, 0.10, _RANGES)
CORTEX_M33 = SerialCore(
    _M4, _REFILL, True, 1, 0.25,
    "Arm publishes no timings: these are the M4's, and pairs of 16-bit instructions may be faster",
)  # fmt: skip
