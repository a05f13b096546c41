"""What a `.tflite` holds, which ops are at fault if it is refused, and which boards it fits."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from mcuforge import documents, frontend, planning
from mcuforge.boards import Board
from mcuforge.documents.inspection import SCHEMA
from mcuforge.errors import ModelError, UnsupportedError
from mcuforge.frontend import accelerators, precision, tflite_reader
from mcuforge.frontend.graph import Graph
from mcuforge.frontend.verify import check_indices
from mcuforge.planning import MakePlans, cost, duration, fit, planner, problems
from mcuforge.planning.fit import Fit
from mcuforge.planning.ops.registry import OPERATORS
from mcuforge.planning.ops.tflm_kinds import CUSTOM_KINDS, KINDS
from mcuforge.planning.plan import Plan
from mcuforge.planning.problems import Problem
from mcuforge.planning.rows.borders import WHOLE_BORDERS, BorderRows
from mcuforge.report import curve
from mcuforge.report.curve import CurvePoint
from mcuforge.studies import board_fits
from mcuforge.studies.board_fits import BoardFit, sound_boards

MAX_PROBLEMS = 100  # that a message lists


@dataclass(frozen=True, eq=False)
class Inspection:
    """A graph, and either its plan for a board or the problems that it has; `error` says those."""

    graph: Graph
    board: Board
    plan: Plan | None = None
    problems: tuple[Problem, ...] = ()
    memory: str = planning.FIT
    max_ram: int | None = None
    make: MakePlans | None = None
    borders: BorderRows = WHOLE_BORDERS

    @property
    def faults(self) -> dict[int, int]:
        """Position of each op at fault -> number of its problem, from 1."""
        numbered = list(enumerate(self.problems, 1))
        return {op: number for number, problem in reversed(numbered) for op in problem.ops}

    @property
    def not_in_tflm(self) -> tuple[str, ...]:
        """Kinds of the graph's ops that TensorFlow Lite Micro has no kernel for, sorted."""
        return tuple(sorted({op.kind for op in self.graph.ops} - KINDS - CUSTOM_KINDS))

    @cached_property
    def packed(self) -> Plan | None:
        """The plan with int4 weights left packed in flash; None where there are none."""
        if self.plan is None or cost.packed_weights(self.graph) is None:
            return None
        return self._portable(small=True)

    @property
    def packing_pays(self) -> bool:
        """True where int4 weights that stay packed save more flash than the code to unpack them."""
        if self.packed is None:
            return False
        return fit.flash_bytes(self.packed) < fit.flash_bytes(self._portable(small=False))

    def _portable(self, *, small: bool) -> Plan:
        return planner.plan(self.graph, small=small, borders=self.borders)

    @cached_property
    def smaller_when_whole(self) -> str | None:
        """A line where whole inputs or outputs would take a smaller arena than rows of them."""
        if self.plan is None:
            return None
        return planning.smaller_when_whole(
            self.plan, self.graph, self.board, self.borders,
            memory=self.memory, max_ram=self.max_ram,
        )  # fmt: skip

    @cached_property
    def fits(self) -> list[BoardFit]:
        """What the model takes of each board, with the kernels of its core."""
        if self.plan is None:
            return []
        return board_fits.survey(self.graph, sound_boards(), self.memory, self.make)

    @cached_property
    def curve(self) -> tuple[CurvePoint, ...]:
        """The plans that there are for the board."""
        if self.plan is None:
            return ()
        return curve.of(self.plan, fit.arena_room(self.plan, self.board, self.max_ram))

    def share_of_time(self, point: CurvePoint) -> float | None:
        """What a plan's rows add to the time of an inference, about: 0.02 is 2 % more."""
        found = self.plan and duration.estimated(self.plan, self.board)
        if not found or self.plan is None:
            return None
        fastest = found.cycles - duration.of_extra(self.plan.extra_instructions, self.board)
        return duration.of_extra(point.extra_instructions, self.board) / max(fastest, 1)

    def error(self) -> ModelError | None:
        """The error of a model that is refused: every reason, with its number where it has one."""
        if not self.problems:
            return None
        messages = [problem.message for problem in self.problems]
        text = messages[0] if len(messages) == 1 else self._listed()
        return UnsupportedError(text, problems=messages, result=self.summary())

    def _listed(self) -> str:
        """The problems with their numbers, and what to change once for those that it helps."""
        lines = [f"{len(self.problems)} reasons why '{self.graph.name}' is refused:"]
        shown = self.problems[:MAX_PROBLEMS]
        for number, problem in enumerate(shown, 1):
            lines.append(f"{number:3}. {problem.what}")
            following = shown[number].remedy if number < len(shown) else ""
            if problem.remedy != following and problem.remedy:
                lines.append(f"     {problem.remedy}")
        left = len(self.problems) - len(shown)
        return "\n".join([*lines, *([f"... and {left:,} more: --json lists all."] if left else [])])

    def summary(self) -> dict[str, Any]:
        """All of it as JSON-ready values; what only a plan tells is missing without one."""
        content = cost.summary(self.plan) if self.plan else cost.described(self.graph)
        if self.packed is not None:
            content["int4"]["packed"] = {
                "constant_bytes": cost.summary(self.packed)["constant_bytes"],
                "arena_bytes": self.packed.arena.bytes,
            }
        for position, number in self.faults.items():
            content["ops"][position]["problem"] = self.problems[number - 1].message
        content |= {
            "accepted": self.plan is not None,
            "kernels_for": self.board.name,
            "not_in_tflm": list(self.not_in_tflm),
            **({"curve": [asdict(point) for point in self.curve]} if self.plan else {}),
            **({"smaller_when_whole": self.smaller_when_whole} if self.plan else {}),
            "boards": {found.board.name: _fit_values(found.fit) for found in self.fits},
        }
        return documents.document(SCHEMA, content)


def inspect(
    tflite: Path,
    board: Board,
    name: str | None = None,
    *,
    memory: str = planning.FIT,
    max_ram: int | None = None,
    borders: BorderRows = WHOLE_BORDERS,
) -> Inspection:
    """Look at a `.tflite`, planned for a board as `planning.plan_for` does.

    Raises `ModelError` where it is too damaged for that.
    """
    raw = tflite_reader.read(tflite)
    raw = replace(raw, name=name) if name else raw
    check_indices(raw)
    try:
        graph = frontend.sound(raw)
    except ModelError as error:
        at_fault = tuple(i for i, op in enumerate(raw.ops) if accelerators.is_compiled(op))
        return Inspection(raw, board, problems=(Problem(error.message, ops=at_fault),))
    try:
        make = board_fits.plans_of(graph, borders)
        plan = planning.fitting(board, graph, make=make, memory=memory, max_ram=max_ram)
        return Inspection(
            graph, board, plan, memory=memory, max_ram=max_ram, make=make, borders=borders
        )
    except ModelError as error:  # of a graph without problems: rows, or its size
        reasons = _reasons(graph) if isinstance(error, UnsupportedError) else ()
        if reasons:
            return Inspection(graph, board, problems=reasons)
        return Inspection(graph, board, problems=(Problem(error.message),))


def _reasons(graph: Graph) -> tuple[Problem, ...]:
    """The problems of a graph, those together that the same change helps.

    That a graph is no int8 model as a whole stands for the rules that this breaks. Ops that nothing
    computes are named in any case: they would still be there in int8.
    """
    found = problems.of(graph)
    remedies = list(dict.fromkeys(problem.remedy for problem in found))
    found.sort(key=lambda problem: remedies.index(problem.remedy))
    whole = precision.obstacle(graph)
    if whole is None:
        return tuple(found)
    positions = {position for problem in found for position in problem.ops}
    without_kernel = {p for p in positions if graph.ops[p].kind not in OPERATORS}
    others = [problem for problem in found if without_kernel.intersection(problem.ops)]
    return (Problem(whole, ops=tuple(sorted(positions - without_kernel))), *others)


def _fit_values(found: Fit) -> dict[str, Any]:
    return {
        "fits": found.fits,
        "flash": {"bytes": found.flash.bytes, "available": found.flash.available},
        "ram": {"bytes": found.ram.bytes, "available": found.ram.available},
    }
