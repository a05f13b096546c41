"""What lies where: the arena over time, and what the firmware's flash and RAM go to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from mcuforge.engines import AOT, TFLM
from mcuforge.planning import arena_blocks, fit, layout
from mcuforge.planning.arena_blocks import Block, Loop
from mcuforge.planning.plan import Plan, shape_text
from mcuforge.report import (
    RunReport,
    arena_plot,
    baselines,
    curve_plot,
    html_page,
    largest,
    occupancy,
    peak,
)
from mcuforge.report.arena_plot import Arena
from mcuforge.report.curve import cost
from mcuforge.report.facts import RunFacts
from mcuforge.report.occupancy import Share

ID, TITLE = "memory", "Memory"
SAYS = (
    "What needs RAM at which moment, and what flash and RAM go to. Begin with the op of the peak "
    "and with the longest bars; the harness is for tests, and a product leaves it out."
)


@dataclass(frozen=True)
class State:
    """A variable that a model keeps from one inference to the next."""

    name: str
    type: str
    offset: int
    bytes: int


@dataclass(frozen=True)
class Memory:
    """`blocks` of the arena are known where our own plan placed them; else `placed_by` did.

    `loops` are the ops that run row by row. `whole_bytes` is the arena of the plan with whole
    tensors, `live_bytes` the most of these that live together, `room` what there is for an arena
    (None: no limit), and `tflm_bytes` what TensorFlow Lite Micro used, where a benchmark says it.
    """

    placed_by: str
    arena_bytes: int
    lower_bound: int
    peak_op: int
    blocks: tuple[Block, ...]
    state: tuple[State, ...]
    flash: tuple[Share, ...]
    ram: tuple[Share, ...]
    loops: tuple[Loop, ...] = ()
    whole_bytes: int | None = None
    live_bytes: int | None = None
    room: int | None = None
    tflm_bytes: int | None = None


def collect(facts: RunFacts) -> Memory:
    """The plan's placement, and the digest of the linker's map."""
    flash, ram = occupancy.shares(facts.built)
    plan, ours = facts.plan, facts.engine == AOT
    tflm = baselines.benchmarked(facts.output, plan.graph.model_hash, facts.board.name, TFLM)
    return Memory(
        placed_by=facts.engine,
        arena_bytes=plan.arena.bytes,
        lower_bound=plan.arena.lower_bound,
        peak_op=plan.arena.peak_op,
        blocks=arena_blocks.blocks(plan) if ours else (),
        state=_state(plan) if ours else (),
        flash=flash,
        ram=ram,
        loops=arena_blocks.loops(plan) if ours else (),
        whole_bytes=plan.curve()[0].arena_bytes if ours and plan.curve() else None,
        live_bytes=layout.live_peak(plan.graph, plan.ops) if ours else None,
        room=fit.arena_room(plan, facts.board, facts.max_ram) if ours else None,
        tflm_bytes=tflm.arena_used if ours and tflm else None,
    )


def _state(plan: Plan) -> tuple[State, ...]:
    variables = [plan.graph.tensor(v.tensor) for v in plan.graph.variables]
    return tuple(
        State(t.name, shape_text(t), plan.state_offsets[t.index], t.bytes)
        for t in variables
        if t.index in plan.state_offsets
    )


def body(report: RunReport) -> Markup | None:
    """The picture of the arena, and bars of flash and RAM."""
    memory: Memory | None = report.details.get(ID)
    if memory is None:
        return None
    ops = tuple((op["kind"], op["layer"]) for op in report.ops)
    arena = Arena(
        memory.blocks, ops, memory.arena_bytes, memory.lower_bound, memory.peak_op, memory.loops
    )
    return html_page.render(
        "sections/memory.html.j2",
        memory=memory,
        picture=arena_plot.picture(arena) if memory.blocks else None,
        drawn=min(len(memory.blocks), arena_plot.MOST_BLOCKS),
        peak=peak.explained(arena),
        saving=_saving(memory),
        curve=_curve(report, memory),
        ops=len(ops),
        memories=[_part(*each) for each in (("Flash", memory.flash), ("RAM", memory.ram))],
        layers=_layers(report),
    )


def _saving(memory: Memory) -> str:
    """What the arena would take otherwise; nothing where that is not less, or not known."""
    arena, whole = memory.arena_bytes, memory.whole_bytes or memory.arena_bytes
    live = memory.live_bytes or 0
    without = f"if no output ran over its input, {'that' if arena < whole else 'it'} would be"
    found = []
    if arena < whole:
        saved = f"{1 - arena / whole:.0%}"
        other = "whole tensors" if memory.loops else "the fastest plan"
        found.append(f"The arena takes {arena:,} B: {saved} less than {other}, {whole:,} B")
    elif live > whole:
        found.append(f"The arena takes {arena:,} B")
    if live > whole:
        found.append(f"{without} {live:,} B")
    if memory.tflm_bytes:
        found.append(f"TensorFlow Lite Micro used {memory.tflm_bytes:,} B, as bench measured")
    return f"{'; '.join(found)}." if found else ""


def _curve(report: RunReport, memory: Memory) -> dict[str, Any] | None:
    """The plans there are: a picture, and rows of a table; None where there is but one."""
    points = report.curve
    if len(points) < 2:
        return None
    return {
        "picture": curve_plot.picture(points, memory.room),
        "points": points,
        "costs": [cost(point, points[0]) if point.extra_instructions else "-" for point in points],
        "room": memory.room,
        "measured": points[0].instructions is not None,
    }


def _part(
    name: str, shares: tuple[Share, ...]
) -> tuple[str, dict[str, int], int, int, list[Share]]:
    """A memory's name, bytes by use, bytes in all, those of a product, and the objects."""
    whole = sum(share.bytes for share in shares)
    product = occupancy.of_product(shares)
    return name, occupancy.by_use(shares), whole, product, list(shares)


def _layers(report: RunReport) -> list[tuple[str, int]]:
    """Bytes of constants by layer, the largest first; the small ones together."""
    return largest.first(
        (op["layer"], op["constant_bytes"]) for op in report.ops if op["constant_bytes"]
    )
