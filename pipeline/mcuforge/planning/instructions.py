"""About how many instructions an inference takes, known before anything is built or run.

From the cycles of each op (`duration`), by what `cycles` knows of them the other way round.
"""

from __future__ import annotations

from dataclasses import dataclass

from mcuforge.boards import Board
from mcuforge.planning import cycles, duration
from mcuforge.planning.plan import Plan


@dataclass(frozen=True)
class Instructions:
    """Instructions of an inference, about; `least` of all models tried took no fewer."""

    count: int
    least: int


def estimated(plan: Plan, board: Board) -> Instructions | None:
    """The instructions of an inference; None where nothing is known of the board's core."""
    taken = duration.of_ops(plan, board)
    if taken is None or board.core is None:
        return None
    count = 0.0
    for op, planned, each in zip(plan.graph.ops, plan.ops, taken, strict=True):
        per_instruction, per_output = cycles.coefficients(board, planned)
        outputs = sum(plan.graph.tensor(i).elements for i in op.outputs)
        count += max(each - per_output * outputs, 0.0) / per_instruction
    count += plan.extra_instructions
    return Instructions(round(count), round(count / duration.judged(board.core).worst))
