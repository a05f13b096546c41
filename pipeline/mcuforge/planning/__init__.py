"""`Graph` -> `Plan`: kernel calls with their parameters and packed constants, and the arena.

Knows the arithmetic of the kernels and their order of reading and writing, and nothing of C text.
"""

from __future__ import annotations

from pathlib import Path

from mcuforge.boards import Board
from mcuforge.errors import ModelError
from mcuforge.frontend import read_graph, sound, tflite_reader
from mcuforge.planning import cost, fit, planner
from mcuforge.planning.plan import Plan

SPEED, SIZE = "speed", "size"  # what a plan is made for, where it has a choice


def refusals(tflite: bytes, name: str) -> tuple[str, ...]:
    """What keeps the planner from a converted model, an entry a kind of op; empty if nothing."""
    try:
        planner.check(sound(tflite_reader.read_bytes(tflite, name, name)))
    except ModelError as error:
        return error.problems or (error.message,)
    return ()


def make_plan(tflite: Path, name: str | None = None, *, keep_int4: bool = False) -> Plan:
    """The plan of a `.tflite`. Raises `ModelError` or `UnsupportedError`.

    With `keep_int4` weights that the file stores as int4 stay so in flash.
    """
    return planner.plan(read_graph(tflite, name), keep_int4=keep_int4)


def plan_for(board: Board, tflite: Path, name: str | None = None, optimize: str = SPEED) -> Plan:
    """The plan of a `.tflite` for a board. Raises `ModelError` where it has no room for it.

    int4 weights are unpacked beforehand, but with `optimize` "size" and where flash is too small.
    """
    plan = make_plan(tflite, name)
    found = fit.fits(plan, [board]).get(board.name)
    too_large = found is not None and found.flash.over > 0
    if cost.packed_weights(plan.graph) and (optimize == SIZE or too_large):
        plan = planner.plan(plan.graph, keep_int4=True)
    fit.check(plan, board)
    return plan
