"""`Graph` -> `Plan`: check every op against its rules, lower it, and place its tensors."""

from __future__ import annotations

import heapq
from collections.abc import Hashable, Iterator
from dataclasses import replace

from mcuforge.errors import UnsupportedError
from mcuforge.frontend.graph import Graph, Op
from mcuforge.planning import cost, effort, joined, layout, lean, problems, state
from mcuforge.planning.arrangement import arranged
from mcuforge.planning.columns import along_width
from mcuforge.planning.dead_channels import drop_channels
from mcuforge.planning.ops import packed_weights
from mcuforge.planning.ops.registry import OPERATORS
from mcuforge.planning.plan import KernelCall, Plan, PlannedOp
from mcuforge.planning.plans import Plans
from mcuforge.planning.row_plan import Segment
from mcuforge.planning.rows.borders import WHOLE_BORDERS, BorderRows, Borders
from mcuforge.planning.rows.candidates import candidates
from mcuforge.planning.rows.segments import Divisions, Lives, Whole
from mcuforge.planning.rows.signals import Pictures
from mcuforge.planning.storage import Storage, live_ranges, root_sizes
from mcuforge.planning.target import Target
from mcuforge.planning.variants import chosen
from mcuforge.planning.variants.registry import VARIANTS


def plan(
    graph: Graph,
    target: Target = Target.PORTABLE,
    *,
    small: bool = False,
    whole: bool = False,
    budget: int | None = None,
    borders: BorderRows = WHOLE_BORDERS,
) -> Plan:
    """Lower every op to the fastest kernels of `target`, and lay out the arena.

    With `small` to those that take the least flash: int4 weights stay packed in it, and kernels
    are those that compute all cases. With `whole` every channel of every tensor is there, as for
    TFLM; else those that nothing depends on are left out. As many ops run row by row as are needed
    for an arena of `budget` bytes, or of the fewest that there may be. Without a budget it is the
    peak of the live tensors; where no plan keeps to that, it is the fastest one. `borders`
    tells whether inputs and outputs are there row by row only.

    Raises `UnsupportedError` that lists what no kernel computes, with layers and rule or advice.
    """
    found = plans(graph, target, small=small, whole=whole, borders=borders)
    return found.fitting() if budget is None else found.within(budget)


def plans(
    graph: Graph,
    target: Target = Target.PORTABLE,
    *,
    small: bool = False,
    whole: bool = False,
    borders: BorderRows = WHOLE_BORDERS,
) -> Plans:
    """The plans for all budgets: see `plan`."""
    problems.check(graph)
    graph = graph if whole else drop_channels(graph)
    proofs: set[Hashable] = set()
    lowered = _lowered(graph, target, small, proofs)

    def choose(call: KernelCall) -> KernelCall:
        return call if small else chosen(call, target, VARIANTS, proofs)

    found = [layout.place(graph, lowered)] if whole else arranged(graph, lowered, choose)

    def smaller() -> Iterator[Plan]:
        if whole:  # TFLM runs no op row by row
            return
        leanest = Target.PORTABLE if small else target  # kernels of others take more flash
        least = joined.copying(found[0])
        curves = [
            _smaller(plain, joined.copying(plain) - least, leanest, proofs, borders)
            for plain in found
        ]
        yield from heapq.merge(*curves, key=lambda plan: plan.extra_instructions)

    live_peak, work = layout.live_peak(graph, lowered), cost.work(graph)
    if not borders:
        return Plans(found[0], live_peak, work, smaller)
    streamed = smaller()
    plain = next(streamed, None)
    if plain is None:
        raise UnsupportedError(f"'{graph.name}' has too many rows for them to arrive one by one.")
    return Plans(plain, live_peak, work, lambda: streamed)


def _smaller(
    plain: Plan, extra: int, target: Target, proofs: set[Hashable], borders: BorderRows
) -> Iterator[Plan]:
    """The plans with the order of `plain`, that with the least work first.

    It takes itself `extra` instructions more than the fastest one, about.
    """
    for division in _divisions(plain.graph, plain.ops, target, proofs, borders):
        placed = layout.place(plain.graph, plain.ops, division)
        yield replace(placed, extra_instructions=placed.extra_instructions + max(extra, 0))


def _lowered(
    graph: Graph, target: Target, small: bool, proofs: set[Hashable]
) -> tuple[PlannedOp, ...]:
    """Every op as calls of kernels, or as views."""
    in_place = state.reads_in_place(graph, lambda op: _is_view(graph, op))
    lowered = (
        _lower(graph, op, at in in_place, target, small, proofs) for at, op in enumerate(graph.ops)
    )
    return effort.lowered(graph, lowered)


def _lower(
    graph: Graph, op: Op, in_place: bool, target: Target, small: bool, proofs: set[Hashable]
) -> PlannedOp:
    operator = OPERATORS[op.kind]
    if in_place:
        return PlannedOp(op=op.index, calls=(), view_of=op.inputs[0])
    if _is_view(graph, op):
        return PlannedOp(op=op.index, calls=(), view_of=op.inputs[operator.viewed_input])
    calls = tuple(map(along_width, operator.lower(graph, op)))
    if small:
        return PlannedOp(op.index, packed_weights.kept(graph, op, calls))
    return PlannedOp(op.index, tuple(chosen(call, target, VARIANTS, proofs) for call in calls))


def _is_view(graph: Graph, op: Op) -> bool:
    """Whether the outputs may be the bytes of the input: not of a variable, which moves on."""
    operator = OPERATORS[op.kind]
    viewed = operator.viewed_input
    return operator.view(graph, op) and not graph.input(op, viewed).is_variable


def _divisions(
    graph: Graph,
    lowered: tuple[PlannedOp, ...],
    target: Target,
    proofs: set[Hashable],
    borders: BorderRows,
) -> Iterator[tuple[Segment, ...]]:
    """Ways to run ops row by row: each takes less memory, and more work, than the one before."""

    def choose(call: KernelCall) -> KernelCall:
        return chosen(call, target, VARIANTS, proofs)

    storage = Storage.of(graph, lowered)
    ranges = live_ranges(graph, storage)
    kept, _ = state.layout(graph, layout.ALIGNMENT)
    owners = set(ranges) - set(kept)
    pictures = Pictures.of(graph, lowered, storage, kept)
    alone = pictures.alone(storage, owners)
    views = {p for p, each in enumerate(lowered) if each.view_of is not None or each.joins}
    gaps = {join.tensor for each in lowered for join in each.joins if join.has_gaps}
    with_gaps = {p for p, op in enumerate(graph.ops) if gaps.intersection(op.outputs)}
    ways = candidates(pictures, views, alone, choose, with_gaps)
    streamed = Borders(pictures, ways[0].row_ops, owners, alone).streamed(borders)
    ranges |= streamed.spans
    lives = Lives(
        {r: size for r, size in root_sizes(graph, storage).items() if r not in kept},
        {r: first for r, (first, _) in ranges.items()},
        {r: last for r, (_, last) in ranges.items()},
        alone,
    )

    def whole(planned: PlannedOp, position: int, extra: int = 0) -> Whole:
        pairs = layout.overlap_pairs(planned, position, storage, ranges)
        return Whole(planned.scratch_bytes, pairs, planned.calls if extra else (), extra)

    wholes = [
        [whole(planned, position)]
        + [
            whole(replace(planned, calls=calls), position, extra)
            for calls, extra in lean.choices(graph, op, planned, target, proofs)
            if position not in with_gaps
        ]
        for position, (op, planned) in enumerate(zip(graph.ops, lowered, strict=True))
    ]
    return Divisions(pictures.graph, ways, wholes, lives, streamed).divisions()
