"""`Graph` -> `Plan`: kernel calls with their parameters and packed constants, and the arena.

Knows the arithmetic of the kernels and their order of reading and writing, and nothing of C text.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from mcuforge.boards import Board
from mcuforge.errors import ModelError
from mcuforge.frontend import read_graph, sound, tflite_reader
from mcuforge.frontend.graph import Graph
from mcuforge.planning import cost, fit, planner, problems, whole_borders
from mcuforge.planning.plan import Plan
from mcuforge.planning.plans import Plans
from mcuforge.planning.rows.borders import WHOLE_BORDERS, BorderRows
from mcuforge.planning.target import Target

MakePlans = Callable[[Target, bool], Plans]  # for a target, small or not
SPEED, SIZE = "speed", "size"  # what a plan is made for, where it has a choice
# Whether ops run row by row, which takes less memory: where RAM is too small otherwise or the live
# tensors are smaller, never, or wherever that makes the arena smaller.
FIT, FAST, SMALL = "fit", "fast", "small"


def refusals(tflite: bytes, name: str) -> tuple[str, ...]:
    """What keeps the planner from a converted model, an entry a kind of op; empty if nothing."""
    try:
        problems.check(sound(tflite_reader.read_bytes(tflite, name, name)))
    except ModelError as error:
        return error.problems or (error.message,)
    return ()


def make_plan(
    tflite: Path,
    name: str | None = None,
    target: Target = Target.PORTABLE,
    *,
    small: bool = False,
    budget: int | None = None,
    borders: BorderRows = WHOLE_BORDERS,
) -> Plan:
    """The plan of a `.tflite` for the cores of a target. Raises `ModelError` or `UnsupportedError`.

    With `small` it takes less flash and more time, with a `budget` less memory: see `planner.plan`.
    """
    graph = read_graph(tflite, name)
    return planner.plan(graph, target, small=small, budget=budget, borders=borders)


def plan_for(
    board: Board,
    tflite: Path,
    name: str | None = None,
    optimize: str = SPEED,
    *,
    whole: bool = False,
    portable: bool = False,
    memory: str = FIT,
    max_ram: int | None = None,
    borders: BorderRows = WHOLE_BORDERS,
) -> Plan:
    """The plan of a `.tflite` for a board. Raises `ModelError` where it has no room for it.

    It is the fastest one that the board has room for, or with `optimize` "size" that which takes
    the least flash. `whole` as in `planner.plan`; `portable` where the core may be another than
    the board's. `memory` is "fit" (ops run row by row where RAM is too small otherwise, or the
    arena larger than the live tensors at their peak), "fast" (never) or "small" (wherever that
    makes the arena smaller). `max_ram` are the bytes of RAM that the firmware may take, if they are
    fewer than the board's; raises `GateError` where no plan takes so few. `borders` tells
    whether inputs and outputs are there row by row only.
    """
    graph = read_graph(tflite, name)

    def make(target: Target, small: bool) -> Plans:
        return planner.plans(graph, target, small=small, whole=whole, borders=borders)

    if whole:  # TFLM has ways of its own
        memory, max_ram = FAST, None
    target = Target.PORTABLE if portable else None
    plan = fitting(board, graph, optimize, make, target, memory, max_ram)
    fit.check(plan, board, max_ram)
    return plan


def smaller_when_whole(
    plan: Plan,
    graph: Graph,
    board: Board,
    borders: BorderRows,
    optimize: str = SPEED,
    memory: str = FIT,
    max_ram: int | None = None,
) -> str | None:
    """A line where less memory would do if fewer inputs or outputs streamed; see `plan_for`.

    `plan` is what that, or `fitting`, has made of the graph. Takes as
    long as planning does, once or thrice; nothing where none streams.
    """

    def planned(other: BorderRows) -> Plan:
        def make(target: Target, small: bool) -> Plans:
            return planner.plans(graph, target, small=small, borders=other)

        return fitting(board, graph, optimize, make, None, memory, max_ram)

    return whole_borders.note(plan, borders, planned)


def fitting(
    board: Board,
    graph: Graph,
    optimize: str = SPEED,
    make: MakePlans | None = None,
    target: Target | None = None,
    memory: str = FIT,
    max_ram: int | None = None,
) -> Plan:
    """The plan that `plan_for` makes, whether there is room for it or not.

    Code counts as well as constants: kernels that unpack int4 weights may take more flash than
    these save. `memory` and `max_ram` are as in `plan_for`. `make` makes the plans for a target,
    small ones or not; `target` is that of the board if None.
    """
    make = make or (lambda target, small: planner.plans(graph, target, small=small))

    def within(target: Target, small: bool) -> Plan:
        plans = make(target, small)
        if memory == FIT:
            return plans.fitting(fit.arena_room(plans.plain, board, max_ram))
        return plans.smallest() if memory == SMALL else plans.within(None)

    fast = within(target or Target.of(board), False)
    if optimize == SPEED and fit.has_room(fast, board, max_ram):
        return fast
    plans = [within(Target.PORTABLE, True), fast]
    if cost.packed_weights(graph) is not None:
        plans.append(within(Target.PORTABLE, False))
    return min(plans, key=lambda plan: fit.shortage(plan, board, max_ram))
