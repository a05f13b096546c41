"""The curve of a model: bytes of its arena against instructions, a point for each plan there is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from mcuforge.planning.plan import Plan


@dataclass(frozen=True)
class CurvePoint:
    """A plan: `ops_by_row` of its ops run row by row, which adds `extra_instructions`, about.

    `fits` tells whether there is room for it, and `chosen` which one was built. `instructions` of
    an inference are those that were measured of that one, and for the others estimated from them.
    """

    arena_bytes: int
    extra_instructions: int
    ops_by_row: int
    fits: bool
    chosen: bool
    instructions: int | None = None


def of(plan: Plan, room: int | None, measured: int | None = None) -> tuple[CurvePoint, ...]:
    """The curve that `plan` lies on, from whole tensors down.

    `room` are the bytes there are for an arena, None where they are no limit, and `measured` the
    instructions of an inference by `plan`.
    """
    whole = None if measured is None else measured - plan.extra_instructions
    return tuple(
        CurvePoint(
            point.arena_bytes,
            point.extra_instructions,
            point.ops_by_row,
            room is None or point.arena_bytes <= room,
            point == plan.point,
            None if whole is None else whole + point.extra_instructions,
        )
        for point in plan.curve()
    )


def more(point: CurvePoint, whole: CurvePoint) -> str:
    """How many more instructions it takes than the plan of `whole` tensors."""
    return f"{cost(point, whole)} more instructions"


def cost(point: CurvePoint, whole: CurvePoint) -> str:
    """How many that are: as a share, where those of `whole` are known."""
    extra = point.extra_instructions
    return f"{extra / whole.instructions:.1%}" if whole.instructions else f"{extra:,}"


def line(curve: Sequence[CurvePoint]) -> str:
    """What there is to choose from, in a sentence; nothing where there is no choice."""
    if len(curve) < 2:
        return ""
    whole, smallest = curve[0], curve[-1]
    chosen = next((point for point in curve if point.chosen), whole)
    parts = [f"Arena {chosen.arena_bytes:,} B"]
    if chosen is not whole:
        parts.append(
            f", row by row for {more(chosen, whole)} than with whole tensors, of which it takes "
            f"{whole.arena_bytes:,} B"
        )
    if chosen is not smallest:
        again = "" if chosen is not whole else "row by row "
        parts.append(
            f"; {again}down to {smallest.arena_bytes:,} B for {more(smallest, whole)} "
            "(--memory small)"
        )
    return "".join(parts) + "."
