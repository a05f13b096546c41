"""Which simulator runs a board: the one asked for, else the one that is installed."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Protocol

from mcuforge.boards import Board
from mcuforge.boards.qemu_command import QEMU
from mcuforge.device.client import Device
from mcuforge.emit.renode_files import instructions_per_tick
from mcuforge.errors import ForgeError, ToolError, UsageError
from mcuforge.simulate.qemu import Qemu, require_qemu
from mcuforge.simulate.renode import Renode
from mcuforge.simulate.renode_program import RenodeProgram, find_renode, require_renode

QEMU_NAME = "qemu"
SIMULATORS = ("auto", QEMU_NAME, "renode")
# Renode brings its clock up to date between quanta. On a busy computer part of a quantum is added
# to a reading of SysTick now and then.
_RENODE_RUNS = 5


class Simulator(Protocol):
    """A simulator that runs."""

    @property
    def device(self) -> Device:
        """The firmware's harness."""


@dataclass(frozen=True)
class Choice:
    """A simulator for a board. `open(elf)` is a context manager that runs a program in it.

    Where a busy computer may add to a count of instructions, `counting_runs` is how many runs one
    of them is certainly undisturbed; where each count is exact, it is 1.
    """

    name: str
    title: str
    instructions_per_tick: Fraction
    open: Callable[[Path], AbstractContextManager[Simulator]]
    counting_runs: int = 1

    @property
    def is_exact(self) -> bool:
        """Whether equal work gives equal ticks, on any computer."""
        return self.counting_runs == 1

    def count(self, ticks: Sequence[int]) -> int:
        """Instructions of one inference, from the ticks of several: their mean where each is exact.

        Else the least: a disturbance only ever adds.
        """
        if self.is_exact:
            return self.instructions(sum(ticks)) // len(ticks)
        return self.instructions(min(ticks))

    def how_counted(self, runs: int) -> str:
        """What `count` makes of that many runs, in words."""
        if runs == 1:
            return "exact, of 1 run"
        return f"mean of {runs} runs" if self.is_exact else f"least of {runs} runs"

    def instructions(self, ticks: int) -> int:
        """Instructions that ticks of the firmware's stopwatch stand for, to a tick's precision."""
        return round(ticks * self.instructions_per_tick)


def choose(board: Board, wanted: str = "auto", renode: Path | None = None) -> Choice:
    """The simulator `wanted` for `board`; `auto` takes QEMU where it has the board, else Renode.

    `renode` is where Renode is, which `auto` takes as a wish for it. Raises `UsageError` where the
    simulator does not have the board, and `ToolError` where it is not installed or too old.
    """
    if board.is_host:
        raise UsageError(f"The board '{board.name}' is this computer; nothing simulates it.")
    if wanted == "auto":
        wanted = _automatic(board, renode)
    if wanted == "renode":
        program = require_renode(board, renode)
        return Choice(
            "renode",
            program.title,
            instructions_per_tick(board),
            _renode(board, program),
            _RENODE_RUNS,
        )
    if board.qemu_machine is None:
        raise UsageError(f"QEMU has no machine for the board '{board.name}'.{_other(board)}")
    require_qemu()
    return Choice(QEMU_NAME, "QEMU", board.instructions_per_tick, lambda elf: Qemu(board, elf))


def _automatic(board: Board, renode: Path | None) -> str:
    if board.qemu_machine is None and board.renode is None:
        raise UsageError(
            f"No simulator has the board '{board.name}'. Use a real one: `mcuforge parity --port`."
        )
    if renode is not None:
        return "renode"
    if board.qemu_machine is None:
        try:
            require_renode(board)
        except ForgeError as error:
            raise ToolError(
                f"QEMU has no machine for the board '{board.name}'. {error.message} "
                "With the board itself: `mcuforge emit`, `build`, `flash` and `parity --port`."
            ) from None
        return "renode"
    if shutil.which(QEMU) or board.renode is None or find_renode() is None:
        return "qemu"
    try:
        require_renode(board)
    except ForgeError as error:
        raise ToolError(f"{QEMU} was not found on PATH, and {error.message}") from None
    return "renode"


def _renode(board: Board, program: RenodeProgram) -> Callable[[Path], Renode]:
    return lambda elf: Renode(board, elf, program)


def _other(board: Board) -> str:
    return " Renode knows it: --simulator renode." if board.renode else ""
