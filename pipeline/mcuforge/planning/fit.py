"""Does the plan fit the board? Asked before anything is built; the linker has the last word."""

from __future__ import annotations

from mcuforge.boards import Board
from mcuforge.errors import ModelError
from mcuforge.planning import cost
from mcuforge.planning.plan import Plan, shape_text

MAX_TENSORS_SHOWN = 8


def check(plan: Plan, board: Board) -> None:
    """Raise `ModelError` where constants or arena are more than the board has.

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
    region = board.memory(board.placement.arena)
    others = _beside_arena(board)
    over = plan.arena.bytes + others - region.bytes
    if over > 0:
        beside = f" and {others:,} B of stack and buffers" if others else ""
        raise ModelError(
            f"'{plan.graph.name}' does not fit {board.name}: an arena of {plan.arena.bytes:,} B"
            f"{beside} are {over:,} B more than the {region.bytes:,} B of {region.name}. "
            f"{peak(plan)} Make these layers smaller, or use a board with more RAM."
        )


def _beside_arena(board: Board) -> int:
    """Bytes that the stack and the harness's buffer take of the memory that holds the arena."""
    p = board.placement
    if p is None:
        return 0
    stack = p.stack_bytes + board.stack_guard_bytes if p.stack == p.arena else 0
    return stack + (board.request_bytes if p.data == p.arena else 0)


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
    alive.sort(key=lambda t: -t.bytes)
    tensors = ", ".join(f"{shape_text(t)} of '{t.name}'" for t in alive[:MAX_TENSORS_SHOWN])
    if len(alive) > MAX_TENSORS_SHOWN:
        tensors += f", and {len(alive) - MAX_TENSORS_SHOWN} smaller ones"
    return f"The peak is at {graph.describe(op)}, where these tensors are alive: {tensors}."
