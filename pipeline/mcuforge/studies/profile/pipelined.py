"""Timings of cores whose instructions overlap: Cortex-M7 and M55.

Arm publishes no table for either. Units, latencies and pairs follow the descriptions of the cores
that LLVM's scheduler has (ARMScheduleM7.td, ARMScheduleM55.td; `llvm-mca` shows them). On the M55
a vector instruction keeps its unit for two cycles, and the next one on another unit begins after
the first of them.

Instructions issue in order, each as soon as its registers are ready and its unit is free.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from mcuforge.studies.profile.disassembly import Instruction
from mcuforge.studies.profile.operands import Kind


@dataclass(frozen=True)
class Work:
    """Units that an instruction keeps, for how long, and when its result is there, in cycles."""

    units: tuple[str, ...]
    occupied: int = 1
    latency: int = 1


@dataclass(frozen=True)
class PipelinedCore:
    """`width` instructions issue in a cycle; `units` says how many there are of each unit."""

    width: int
    units: Mapping[str, int]
    work: Mapping[Kind, Work]
    narrow_load_latency: int  # of bytes and halfwords
    accumulates_early: bool  # a sum goes to the next multiply-accumulate at once
    taken: int  # cycles from a taken branch to what it leads to; 1: none is lost
    penalty: int  # of a branch that was predicted wrongly
    error: float
    why: str

    def step(self, before: Sequence[Instruction], block: Sequence[Instruction], taken: bool) -> int:
        """Cycles of a block after the one before: how much later the two end than the first."""
        state = _State(self)
        for instruction in before:
            state.issue(instruction)
        start = state.cycle
        if taken and before and before[-1].operands.kind is not Kind.LOOP:
            state.stall(self.taken)
        for instruction in block:
            state.issue(instruction)
        return state.cycle - start + (0 if before else 1)

    def mispredicted(self) -> int:
        """Cycles of a branch that was predicted wrongly."""
        return self.penalty


@dataclass
class _State:
    core: PipelinedCore
    cycle: int = 0  # in which the last instruction issued
    _issued: int = 0  # in that cycle
    _ready: dict[str, int] = field(default_factory=dict)  # registers' values
    _sums: dict[str, int] = field(default_factory=dict)  # for another multiply-accumulate
    _free: dict[str, list[int]] = field(default_factory=dict)

    def stall(self, cycles: int) -> None:
        """Issue nothing for so long."""
        self.cycle += cycles
        self._issued = self._issued if cycles == 0 else 0

    def issue(self, instruction: Instruction) -> None:
        """Issue the next instruction, when it can be."""
        operands = instruction.operands
        work = self._work(instruction)
        at = self.cycle + (1 if self._issued >= self.core.width else 0)
        at = max([at, *(self._when(r, instruction) for r in operands.reads)])
        at = max([at, *(min(self._unit(u)) for u in work.units)])
        self._issued = self._issued + 1 if at == self.cycle else 1
        self.cycle = at
        for unit in work.units:
            times = self._unit(unit)
            times[times.index(min(times))] = at + work.occupied
        for register in operands.writes:
            self._ready[register] = at + work.latency
            self._sums.pop(register, None)
            if operands.kind is Kind.MAC and self.core.accumulates_early:
                self._sums[register] = at + 1
        for register in operands.moved:
            self._ready[register] = at + 1

    def _when(self, register: str, instruction: Instruction) -> int:
        operands = instruction.operands
        if operands.kind is Kind.MAC and register in operands.writes and register in self._sums:
            return self._sums[register]
        return self._ready.get(register, 0)

    def _unit(self, unit: str) -> list[int]:
        return self._free.setdefault(unit, [0] * self.core.units[unit])

    def _work(self, instruction: Instruction) -> Work:
        kind, registers = instruction.operands.kind, instruction.operands.registers
        work = self.core.work.get(kind, Work(("alu",)))
        if kind in (Kind.LOAD_MANY, Kind.STORE_MANY):
            width = len(work.units)  # registers at once
            return Work(work.units, -(-registers // width), work.latency + registers // width)
        if kind is Kind.LOAD and any(s in instruction.name for s in ("rb", "rsb", "rh", "rsh")):
            return Work(work.units, work.occupied, self.core.narrow_load_latency)
        return work


CORTEX_M7 = PipelinedCore(
    width=2,
    units={"alu": 2, "shift": 1, "mac": 1, "load": 2, "store": 1, "branch": 1, "float": 1},
    work={
        Kind.SHIFTED: Work(("alu", "shift"), latency=2),
        Kind.BITS: Work(("alu", "shift")),
        Kind.PACK: Work(("alu", "shift"), latency=2),
        Kind.MUL: Work(("mac",), latency=2),
        Kind.MAC: Work(("mac",), latency=2),
        Kind.LONG_MUL: Work(("mac",), latency=2),
        Kind.DIVIDE: Work(("alu", "alu"), 7, 7),
        Kind.LOAD: Work(("load",), latency=2),
        Kind.LOAD_PAIR: Work(("load", "load"), latency=2),
        Kind.LOAD_MANY: Work(("load", "load"), latency=2),
        Kind.STORE: Work(("store",)),
        Kind.STORE_PAIR: Work(("store",)),
        Kind.STORE_MANY: Work(("store",)),
        Kind.BRANCH: Work(("branch",)),
        Kind.CALL: Work(("branch",)),
        Kind.JUMP: Work(("branch",)),
        Kind.FLOAT: Work(("float",), latency=3),
        Kind.NOTHING: Work(()),
    },
    narrow_load_latency=3,
    accumulates_early=True,
    taken=1,
    penalty=8,
    error=0.25,
    why="Arm publishes no timings, and caches, prediction and pairs follow LLVM's description",
)
_VECTOR_ALU = Work(("vector",), 2, 1)
CORTEX_M55 = PipelinedCore(
    width=1,
    units={"alu": 1, "memory": 1, "vector": 1, "multiplier": 1},
    work={
        Kind.MUL: Work(("alu",), latency=2),
        Kind.MAC: Work(("alu",), latency=2),
        Kind.LONG_MUL: Work(("alu",), latency=2),
        Kind.DIVIDE: Work(("alu",), 7, 7),
        Kind.LOAD: Work(("memory",), latency=2),
        Kind.LOAD_PAIR: Work(("memory",), latency=2),
        Kind.LOAD_MANY: Work(("memory", "alu"), latency=2),
        Kind.STORE: Work(("memory",)),
        Kind.STORE_PAIR: Work(("memory",)),
        Kind.STORE_MANY: Work(("memory", "alu")),
        Kind.VECTOR_LOAD: Work(("memory",), 2, 1),
        Kind.VECTOR_STORE: Work(("memory",), 2, 1),
        Kind.VECTOR: _VECTOR_ALU,
        Kind.VECTOR_MAC: Work(("multiplier",), 2, 2),
        Kind.FLOAT: Work(("multiplier",), 1, 2),
        Kind.NOTHING: Work(()),
    },
    narrow_load_latency=2,
    accumulates_early=False,
    taken=2,
    penalty=0,
    error=0.20,
    why="Arm publishes no timings: units and latencies follow LLVM's description",
)
