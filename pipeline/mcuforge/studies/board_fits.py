"""Which boards a model fits, how fast it is there, and what keeps it from the others."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any

from mcuforge import boards, planning
from mcuforge.boards import Board
from mcuforge.errors import ForgeError
from mcuforge.frontend.graph import Graph
from mcuforge.planning import MakePlans, cost, duration, fit, planner
from mcuforge.planning.duration import Duration
from mcuforge.planning.fit import Fit
from mcuforge.planning.plan import Plan
from mcuforge.planning.rows.borders import WHOLE_BORDERS, BorderRows
from mcuforge.planning.target import Target

_MOST_LAYERS = 3  # that are named as the largest
_LEAST_STACK = 1024  # that one may be advised to reserve: kernels and runtime take about half


@dataclass(frozen=True, eq=False)
class BoardFit:
    """A model on a board: its plan, and what this takes.

    `small`: the kernels are those that take the least flash, as the fastest have no room.
    """

    board: Board
    plan: Plan
    fit: Fit
    small: bool

    @property
    def row_by_row(self) -> bool:
        """True where ops run row by row."""
        return bool(self.plan.segments)

    @property
    def fits(self) -> bool:
        """True where the board has room, as far as that can be told before the build."""
        return self.fit.has_room

    @cached_property
    def duration(self) -> Duration | None:
        """Of an inference, about; None where it does not fit, or nothing is known of the core."""
        return duration.estimated(self.plan, self.board) if self.fits else None

    @property
    def milliseconds(self) -> float | None:
        """Of an inference, about; None where `duration` or the clock is not known."""
        if self.duration is None or not self.board.clock_hz:
            return None
        return self.duration.milliseconds(self.board.clock_hz)

    @property
    def over(self) -> dict[str, int]:
        """Memory -> bytes that are missing, about, of those that are too small."""
        over = {"flash": self.fit.all_flash.over, "RAM": self.fit.all_ram.over}
        return {memory: count for memory, count in over.items() if count}

    def summary(self) -> dict[str, Any]:
        """All of it as JSON-ready values."""
        flash, ram = self.fit.all_flash, self.fit.all_ram
        return {
            "board": self.board.name,
            "title": self.board.title,
            "core": self.board.core.name if self.board.core else None,
            "clock_hz": self.board.clock_hz or None,
            "fits": self.fits,
            "smallest_kernels": self.small,
            "row_by_row": self.row_by_row,
            "flash": {
                "bytes": flash.bytes,
                "available": flash.available,
                "over": flash.over,
                "constants": self.fit.flash.bytes,
            },
            "ram": {
                "bytes": ram.bytes,
                "available": ram.available,
                "over": ram.over,
                "arena": self.plan.arena.bytes,
                "state": self.plan.state_bytes,
            },
            "cycles": self.duration and self.duration.cycles,
            "milliseconds": self.milliseconds,
            "guessed_kernels": list(self.duration.guessed) if self.duration else [],
        }


def plans_of(graph: Graph, borders: BorderRows = WHOLE_BORDERS) -> MakePlans:
    """Makes the plans for a target, small ones or not; each once."""
    return cache(lambda target, small: planner.plans(graph, target, small=small, borders=borders))


def survey(
    graph: Graph,
    candidates: Iterable[Board],
    memory: str = planning.FIT,
    make: MakePlans | None = None,
) -> list[BoardFit]:
    """The model on each board that has limits; it is planned once for each kind of core.

    `memory` is as in `planning.plan_for`, and `make` is what `plans_of` gave.

    Those that it fits come first, the one with the least memory before all; then the others, that
    which lacks the fewest bytes before all.
    """
    plans = make or plans_of(graph)
    found = []
    for board in candidates:
        if board.is_host:
            continue
        plan = planning.fitting(board, graph, make=plans, memory=memory)
        small = all(plan is not each for each in plans(Target.of(board), False).made)
        found.append(BoardFit(board, plan, fit.fits(plan, [board])[board.name], small))
    return sorted(found, key=_rank)


def sound_boards() -> Iterator[Board]:
    """Every board; `mcuforge boards` tells of those added by a file that is damaged by now."""
    for name in boards.names():
        with contextlib.suppress(ForgeError):
            yield boards.load(name)


def _rank(found: BoardFit) -> tuple[bool, int, int, str]:
    size = found.fit.ram.available + found.fit.flash.available
    return not found.fits, sum(found.over.values()), size, found.board.name


def advice(found: Sequence[BoardFit]) -> list[str]:
    """What would make the model fit the boards that it does not fit, a line each."""
    lines = []
    lacking = [each for each in found if not each.fits]
    for memory, explain in (("RAM", _of_ram), ("flash", _of_flash)):
        concerned = [each for each in lacking if memory in each.over]
        if concerned:
            names = ", ".join(each.board.name for each in concerned)
            lines.append(f"Too little {memory} ({names}): {explain(concerned[0])}")
    return lines


def _of_ram(found: BoardFit) -> str:
    """About the board that lacks the least."""
    plan, board = found.plan, found.board
    ram = found.fit.all_ram
    least = ram.bytes - plan.arena.bytes + plan.arena.lower_bound
    text = (
        f"{ram.bytes:,} B are needed on {board.name}, {plan.arena.bytes:,} B of them arena"
        + (f"; no placement needs less than {least:,} B" if least < ram.bytes else "")
        + f". {fit.smaller(plan, ram.over)}{fit.peak(plan)} Make these layers smaller"
    )
    stack = board.placement.stack_bytes if board.placement else 0
    if board.placement and board.placement.stack == board.placement.arena:
        room = stack - ram.over
        if room >= _LEAST_STACK:
            text += (
                f", or reserve {room // 256 * 256:,} B of stack instead of {stack:,} B in the "
                "board's file (`mcuforge run` tells what is used)"
            )
    return f"{text}, or take a board with more RAM."


def _of_flash(found: BoardFit) -> str:
    """About the board that lacks the least."""
    plan, flash = found.plan, found.fit.all_flash
    sizes = [(cost.constant_bytes(planned), op) for op, planned in zip(plan.graph.ops, plan.ops,
                                                                       strict=True)]  # fmt: skip
    largest = sorted(sizes, key=lambda item: -item[0])[:_MOST_LAYERS]
    layers = ", ".join(f"'{plan.graph.layer(op)}' ({size:,} B)" for size, op in largest if size)
    return (
        f"{flash.bytes:,} B are needed on {found.board.name}, {found.fit.flash.bytes:,} B of them "
        f"constants, most of them of {layers}. Use fewer channels there, or take a board with more "
        "flash."
    )
