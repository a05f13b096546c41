"""About how many cycles an inference takes whose instructions were counted op by op.

The cycles of an op are those of its instructions, and more for each output, which is rounded,
clamped and stored by instructions of another kind than the sums:

    cycles = a * instructions + b * outputs

`cycles_of_instructions.json` holds a and b of every kernel on every core, fitted by
`benchmarks/cycles.py` to what `mcuforge profile` says of ops in QEMU. That is an estimate, too.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from mcuforge.boards import Board
from mcuforge.planning import duration
from mcuforge.planning.plan import Plan, PlannedOp

TABLE = Path(__file__).with_name("cycles_of_instructions.json")


@dataclass(frozen=True)
class Cycles:
    """Cycles of each op, about. `error` is how far the sum may be from `mcuforge profile`'s."""

    ops: tuple[int, ...]
    error: float

    @property
    def total(self) -> int:
        """Of all ops."""
        return sum(self.ops)


def estimated(plan: Plan, board: Board, instructions: Sequence[int]) -> Cycles | None:
    """The cycles of ops that took so many instructions; None where the core is not known."""
    core = board.core and _table()["cores"].get(duration.core_key(board.core))
    if not core or len(instructions) != len(plan.ops):
        return None
    waits = duration.waits(board)
    ops = []
    for op, planned, count in zip(plan.graph.ops, plan.ops, instructions, strict=True):
        a, b = coefficients(board, planned)
        outputs = sum(plan.graph.tensor(i).elements for i in op.outputs)
        ops.append(round((a * count + b * outputs) * waits))
    return Cycles(tuple(ops), float(core["error"]))


def error(board: Board) -> float | None:
    """How far estimates may be from `mcuforge profile`'s, a share; None where no core is known."""
    core = board.core and _table()["cores"].get(duration.core_key(board.core))
    return float(core["error"]) if core else None


def coefficients(board: Board, planned: PlannedOp) -> tuple[float, float]:
    """Cycles of an instruction and more for each output of an op, on a board with a known core."""
    assert board.core is not None
    core = _table()["cores"][duration.core_key(board.core)]
    a, b = core["kernels"].get(duration.kernels(planned), core["any"])
    return float(a), float(b)


@cache
def _table() -> Any:
    return json.loads(TABLE.read_text("utf-8"))
