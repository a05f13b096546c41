"""About how many cycles an inference takes, known before anything is built or run.

An op's cycles are a sum of what its kernels take for a call, for an element of inputs and of
outputs, for an element that a window gathers, and for a multiply-accumulate:

    cycles = a * calls + b * inputs + c * outputs + d * gathered + e * macs

`kernel_cycles.json` holds a to e of every kernel on every core, fitted by `benchmarks/durations.py`
to what `mcuforge profile` says of ops in QEMU. That, too, is an estimate: no board was measured.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from mcuforge.boards import Board, Core
from mcuforge.frontend.graph import Graph, Op
from mcuforge.planning import cost
from mcuforge.planning.plan import Plan, PlannedOp

TABLE = Path(__file__).with_name("kernel_cycles.json")
FEATURES = ("calls", "inputs", "outputs", "gathered", "macs")
# Whose figures are taken for a kernel that was not measured on a core: it runs all portable ones.
_PORTABLE = "cortex-m3"
CYCLES_OF_INSTRUCTION = 1.5  # about, of loops that move and of calls


@dataclass(frozen=True)
class Duration:
    """Cycles of an inference, about.

    `least` of all models tried took no fewer. `guessed` names kernels that were not measured on the
    core, whose cycles are those of others.
    """

    cycles: int
    least: int
    guessed: tuple[str, ...]

    def milliseconds(self, clock_hz: int) -> float:
        """How long that is at a clock."""
        return 1000 * self.cycles / clock_hz


def features(graph: Graph, op: Op, planned: PlannedOp) -> dict[str, int]:
    """How much of each of `FEATURES` there is in an op."""
    outputs = [graph.tensor(i) for i in op.outputs]
    inputs = [graph.tensor(i) for i in op.inputs if i >= 0 and not graph.tensor(i).is_constant]
    macs = cost.macs(graph, op)
    channels = outputs[0].shape[-1] if outputs[0].shape else 1
    return {
        "calls": sum(call.runs.count if call.runs else 1 for call in planned.calls),
        "inputs": sum(t.elements for t in inputs),
        "outputs": sum(t.elements for t in outputs),
        "gathered": macs // max(channels, 1),
        "macs": macs,
    }


def kernels(planned: PlannedOp) -> str:
    """The name in the table of what computes an op; nothing where it is a view."""
    return "+".join(sorted({call.kernel for call in planned.calls}))


def estimated(plan: Plan, board: Board) -> Duration | None:
    """The duration of an inference on a board; None where nothing is known of its core."""
    cycles = of_ops(plan, board)
    if cycles is None or board.core is None:
        return None
    known = _table()["cores"][core_key(board.core)]["kernels"]
    names = dict.fromkeys(map(kernels, plan.ops))
    guessed = tuple(name for name in names if name and name not in known)
    whole = sum(cycles) * waits(board) + of_extra(plan.extra_instructions, board)
    return Duration(round(whole), round(whole / judged(board.core).worst), guessed)


def of_ops(plan: Plan, board: Board) -> list[float] | None:
    """Cycles of each op, about, where no flash lets wait; None where nothing is known of the core.

    Ops are as in the plan; views take none.
    """
    table = _table()
    core = table["cores"].get(core_key(board.core)) if board.core else None
    if core is None:
        return None
    cycles = []
    for op, planned in zip(plan.graph.ops, plan.ops, strict=True):
        name, amounts = kernels(planned), features(plan.graph, op, planned)
        cycles.append(_sum(_coefficients(table, core, name, amounts), amounts) if name else 0.0)
    return cycles


def of_extra(instructions: int, board: Board) -> float:
    """Cycles, about, that a plan takes because it adds instructions for a smaller arena."""
    return CYCLES_OF_INSTRUCTION * instructions * waits(board)


def waits(board: Board) -> float:
    """How many times longer all takes because the flash of a board with a known core lets wait."""
    core = board.core and _table()["cores"][core_key(board.core)]
    return 1 + board.flash_wait_states * core["lines_per_cycle"] if core else 1.0


def core_key(core: Core) -> str:
    """The name in the table of a core: with its instructions, where these decide the kernels."""
    if core.helium:
        return f"{core.name}-helium"
    return core.name if core.dsp or core.name != "cortex-m33" else _PORTABLE


@dataclass(frozen=True)
class Judgement:
    """How far estimates were from what `profile` says, as factors from 1.

    Of `models` that were tried nine in ten lie within `usual`, and all within `worst`. Each was
    estimated from the others alone.
    """

    models: int
    usual: float
    worst: float


def judged(core: Core) -> Judgement:
    """How good the estimates for a core are."""
    found = _table()["cores"][core_key(core)]
    return Judgement(found["models"], found["usual_factor"], found["worst_factor"])


def _coefficients(
    table: Mapping[str, Any], core: Mapping[str, Any], name: str, amounts: Mapping[str, int]
) -> Sequence[float]:
    """Those of the kernel; else of a similar one: on another core, of 8 bits, without gaps, of an
    average."""
    measured = (core["kernels"], table["cores"][_PORTABLE]["kernels"])
    names = (name, name.replace("_s4", "_s8"), name.replace("_gaps", ""))
    known = next((m[n] for n in names for m in measured if n in m), None)
    found: Sequence[float] = known or core["multiplying" if amounts["macs"] else "others"]
    return found


def _sum(coefficients: Sequence[float], amounts: Mapping[str, int]) -> float:
    return sum(c * amounts[name] for c, name in zip(coefficients, FEATURES, strict=True))


@cache
def _table() -> Any:
    return json.loads(TABLE.read_text("utf-8"))
