"""From counts of blocks to instructions and cycles of the functions that they lie in."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from mcuforge.boards import Board
from mcuforge.errors import UsageError
from mcuforge.simulate.autopsy import Symbols
from mcuforge.simulate.block_counts import Block, Step
from mcuforge.studies.profile import pipelined, serial
from mcuforge.studies.profile.disassembly import Instruction, Program
from mcuforge.studies.profile.operands import Kind

LINE_BYTES = 16  # that flash delivers at once


class Core(Protocol):
    """A core's timings. `error` is that of an estimate for an inference, `why` it is so large."""

    @property
    def error(self) -> float:
        """As a share of the cycles."""

    @property
    def why(self) -> str:
        """In words."""

    def step(self, before: Sequence[Instruction], block: Sequence[Instruction], taken: bool) -> int:
        """Cycles of a block after another, to which a branch was `taken` or not."""

    def mispredicted(self) -> int:
        """Cycles that a branch takes longer where it was predicted wrongly."""


CORES: Mapping[str, Core] = {
    "cortex-m0": serial.CORTEX_M0,
    "cortex-m0plus": serial.CORTEX_M0PLUS,
    "cortex-m3": serial.CORTEX_M3,
    "cortex-m4": serial.CORTEX_M4,
    "cortex-m7": pipelined.CORTEX_M7,
    "cortex-m33": serial.CORTEX_M33,
    "cortex-m55": pipelined.CORTEX_M55,
}


def core_of(board: Board) -> Core:
    """The timings of a board's core. Raises `UsageError` where there are none."""
    core = board.core
    if core is None or core.name not in CORES:
        name = core.name if core else "this computer"
        raise UsageError(f"There are no timings of {name}. Known: {', '.join(CORES)}.")
    return CORES[core.name]


@dataclass(frozen=True)
class Spent:
    """What was spent: instructions are exact, cycles estimated or measured."""

    instructions: int = 0
    cycles: int = 0

    def __add__(self, other: Spent) -> Spent:
        return Spent(self.instructions + other.instructions, self.cycles + other.cycles)


class Estimator:
    """Costs of sections of a program on a core whose flash has so many wait states."""

    def __init__(self, program: Program, symbols: Symbols, core: Core, wait_states: int) -> None:
        self._program, self._symbols, self._core = program, symbols, core
        self._wait_states = wait_states
        self._known: dict[Step, Spent] = {}

    def functions(self, section: Mapping[Step, int]) -> dict[str, Spent]:
        """What each function of a section took, the dearest first."""
        found: dict[str, Spent] = {}
        for step, count in section.items():
            each = self._once(step)
            spent = Spent(count * each.instructions, count * each.cycles)
            name = self._name(step.block)
            found[name] = found.get(name, Spent()) + spent
        for name, cycles in self._mispredicted(section).items():
            found[name] = found.get(name, Spent()) + Spent(0, cycles)
        return dict(sorted(found.items(), key=lambda item: (-item[1].cycles, item[0])))

    def _name(self, block: Block) -> str:
        return self._symbols.function(block.start) or f"0x{block.start:x}"

    def _once(self, step: Step) -> Spent:
        if step not in self._known:
            block = self._program.of(step.block)
            before = self._program.of(step.before) if step.before else ()
            cycles = self._core.step(before, block, _is_taken(step)) + self._fetched(step)
            self._known[step] = Spent(len(block), cycles)
        return self._known[step]

    def _fetched(self, step: Step) -> int:
        """Cycles that fetching the block waits: for every line that was not fetched just before.

        As without a cache and without a prefetch: the most that it can be.
        """
        first, last = step.block.start // LINE_BYTES, (step.block.end - 1) // LINE_BYTES
        held = step.before is not None and (step.before.end - 1) // LINE_BYTES == first
        return self._wait_states * (last - first + (0 if held else 1))

    def _mispredicted(self, section: Mapping[Step, int]) -> Counter[str]:
        """Cycles of wrongly predicted branches, by function: the rarer way of each is wrong."""
        penalty, ways = self._core.mispredicted(), Counter[tuple[Block, bool]]()
        found = Counter[str]()
        if not penalty:
            return found
        for step, count in section.items():
            if step.before is not None and self._is_conditional(step.before):
                ways[step.before, _is_taken(step)] += count
        for block in {block for block, _ in ways}:
            found[self._name(block)] += penalty * min(ways[block, True], ways[block, False])
        return found

    def _is_conditional(self, block: Block) -> bool:
        last = self._program.of(block)[-1]
        return last.operands.kind is Kind.BRANCH and last.name != "b"


def _is_taken(step: Step) -> bool:
    return step.before is not None and step.before.end != step.block.start
