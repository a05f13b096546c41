"""Does the plan fit the board? Asked before anything is built; the linker has the last word."""

from __future__ import annotations

from mcuforge import cost
from mcuforge.boards import Board
from mcuforge.errors import ModelError
from mcuforge.plan import Plan, shape_text


def check(plan: Plan, board: Board) -> None:
    """Raise `ModelError` where constants or arena alone are more than the board has.

    The message says how many bytes over, and for the arena which tensors hold the peak.
    """
    if board.is_host or board.placement is None:
        return
    constants = sum(cost.constant_bytes(op) for op in plan.ops)
    if constants > board.flash_bytes:
        raise ModelError(
            f"'{plan.graph.name}' does not fit {board.name}: its constants take {constants:,} B "
            f"of flash, {constants - board.flash_bytes:,} B more than the {board.flash_bytes:,} B "
            "there are. Use fewer channels or a board with more flash."
        )
    stack = board.placement.stack_bytes
    needed = plan.arena.bytes + stack
    if needed > board.ram_bytes:
        raise ModelError(
            f"'{plan.graph.name}' does not fit {board.name}: an arena of {plan.arena.bytes:,} B "
            f"and a stack of {stack:,} B are {needed - board.ram_bytes:,} B more than the "
            f"{board.ram_bytes:,} B of RAM. {peak(plan)} Make these layers smaller, or use a "
            "board with more RAM."
        )


def peak(plan: Plan) -> str:
    """Which op holds the peak of the arena, and which tensors are alive there."""
    graph = plan.graph
    if not graph.ops:
        return "The model has no ops."
    position = min(plan.arena.peak_op, len(graph.ops) - 1)
    op = graph.ops[position]
    written = dict.fromkeys(graph.inputs, -1)
    written |= {t: at for at, o in enumerate(graph.ops) for t in o.outputs}
    last = {t: at for at, o in enumerate(graph.ops) for t in o.inputs if t >= 0}
    last |= dict.fromkeys(graph.outputs, len(graph.ops))
    alive = [
        graph.tensor(t)
        for t, first in written.items()
        if first <= position <= last.get(t, first) and t in plan.offsets
    ]
    tensors = ", ".join(
        f"{shape_text(t)} of '{t.name}'" for t in sorted(alive, key=lambda t: -t.bytes)
    )
    return f"The peak is at {graph.describe(op)}, where these tensors are alive: {tensors}."
