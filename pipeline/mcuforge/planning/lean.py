"""Calls that need less scratch than the fastest ones: for ops at which memory is short."""

from __future__ import annotations

from collections.abc import Hashable, Iterator

from mcuforge.frontend.graph import Graph, Op
from mcuforge.planning import cost
from mcuforge.planning.columns import along_width
from mcuforge.planning.ops.registry import OPERATORS
from mcuforge.planning.plan import KernelCall, PlannedOp
from mcuforge.planning.target import Target
from mcuforge.planning.variants import leaner
from mcuforge.planning.variants.registry import VARIANTS

SHARE_OF_MACS = 8  # they take an instruction more for so many multiply-accumulates, about


def choices(
    graph: Graph, op: Op, planned: PlannedOp, target: Target, proofs: set[Hashable]
) -> Iterator[tuple[tuple[KernelCall, ...], int]]:
    """Other calls of an op, each with less scratch, and about how many instructions they add."""
    if not any(call.scratch_bytes for call in planned.calls):
        return
    general = tuple(map(along_width, OPERATORS[op.kind].lower(graph, op)))
    each = [
        (fast, *leaner(call, target, VARIANTS, proofs))
        for fast, call in zip(planned.calls, general, strict=True)
    ]
    for number in range(1, max(map(len, each))):
        calls = tuple(of_one[min(number, len(of_one) - 1)] for of_one in each)
        yield calls, cost.macs(graph, op) // SHARE_OF_MACS
