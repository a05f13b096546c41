"""What lies where: the arena over time, and what the firmware's flash and RAM go to."""

from __future__ import annotations

from dataclasses import dataclass

from markupsafe import Markup

from mcuforge.engines import AOT
from mcuforge.planning import arena_blocks
from mcuforge.planning.arena_blocks import Block
from mcuforge.planning.plan import Plan, shape_text
from mcuforge.report import RunReport, arena_plot, html_page, largest, occupancy, peak
from mcuforge.report.arena_plot import Arena
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
    """`blocks` of the arena are known where our own plan placed them; else `placed_by` did."""

    placed_by: str
    arena_bytes: int
    lower_bound: int
    peak_op: int
    blocks: tuple[Block, ...]
    state: tuple[State, ...]
    flash: tuple[Share, ...]
    ram: tuple[Share, ...]


def collect(facts: RunFacts) -> Memory:
    """The plan's placement, and the digest of the linker's map."""
    flash, ram = occupancy.shares(facts.built)
    plan, ours = facts.plan, facts.engine == AOT
    return Memory(
        placed_by=facts.engine,
        arena_bytes=plan.arena.bytes,
        lower_bound=plan.arena.lower_bound,
        peak_op=plan.arena.peak_op,
        blocks=arena_blocks.blocks(plan) if ours else (),
        state=_state(plan) if ours else (),
        flash=flash,
        ram=ram,
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
    arena = Arena(memory.blocks, ops, memory.arena_bytes, memory.lower_bound, memory.peak_op)
    return html_page.render(
        "sections/memory.html.j2",
        memory=memory,
        picture=arena_plot.picture(arena) if memory.blocks else None,
        drawn=min(len(memory.blocks), arena_plot.MOST_BLOCKS),
        peak=peak.explained(arena),
        memories=[_part(*each) for each in (("Flash", memory.flash), ("RAM", memory.ram))],
        layers=_layers(report),
    )


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
