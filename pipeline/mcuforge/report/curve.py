"""The curve of a model: bytes of its arena against instructions, a point for each plan there is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from mcuforge.planning.plan import Plan


@dataclass(frozen=True)
class CurvePoint:
    """A plan: `extra_instructions` are what it adds to the fastest one, about.

    `ops_by_row` of its ops run row by row; others may have kernels that need less scratch.
    `fits` tells whether there is room for it, `chosen` which one was built, and `small` which one
    `--memory small` takes. `instructions` of an inference are those that were measured of that one,
    and for the others estimated from them.
    """

    arena_bytes: int
    extra_instructions: int
    ops_by_row: int
    fits: bool
    chosen: bool
    instructions: int | None = None
    small: bool = False


def of(plan: Plan, room: int | None, measured: int | None = None) -> tuple[CurvePoint, ...]:
    """The curve that `plan` lies on, from the fastest plan down.

    `room` are the bytes there are for an arena, None where they are no limit, and `measured` the
    instructions of an inference by `plan`.
    """
    fastest = None if measured is None else measured - plan.extra_instructions
    return tuple(
        CurvePoint(
            point.arena_bytes,
            point.extra_instructions,
            point.ops_by_row,
            room is None or point.arena_bytes <= room,
            point == plan.point,
            None if fastest is None else fastest + point.extra_instructions,
            point.is_small,
        )
        for point in plan.curve()
    )


def more(point: CurvePoint, fastest: CurvePoint) -> str:
    """How many more instructions it takes than the fastest plan."""
    return f"{cost(point, fastest)} more instructions"


def cost(point: CurvePoint, fastest: CurvePoint) -> str:
    """How many that are: as a share, where those of the fastest plan are known."""
    extra = point.extra_instructions
    return f"{extra / fastest.instructions:.1%}" if fastest.instructions else f"{extra:,}"


def line(curve: Sequence[CurvePoint]) -> str:
    """What there is to choose from, in a sentence; nothing where there is no choice."""
    if len(curve) < 2:
        return ""
    fastest, small = curve[0], next((point for point in curve if point.small), curve[-1])
    chosen = next((point for point in curve if point.chosen), fastest)
    parts = [f"Arena {chosen.arena_bytes:,} B{_how(chosen)}"]
    if chosen is not fastest:
        parts.append(
            f", for {more(chosen, fastest)} than the fastest plan, of {fastest.arena_bytes:,} B "
            "(--memory fast)"
        )
    if small.arena_bytes < chosen.arena_bytes:
        how = _how(small) if chosen is fastest else ""
        parts.append(
            f"; down to {small.arena_bytes:,} B{how} for {more(small, fastest)} (--memory small)"
        )
    return "".join(parts) + "."


def _how(point: CurvePoint) -> str:
    return " row by row" if point.ops_by_row else ""
