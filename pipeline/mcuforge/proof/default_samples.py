"""How many random samples a model without golden ones is proven with."""

from __future__ import annotations

from mcuforge.frontend.graph import Graph
from mcuforge.planning import cost

USUAL, LEAST = 50, 5
_MACS = 1_000_000_000  # of all samples: some ten seconds in QEMU
_BYTE_MACS = 150  # what a byte of an input or output costs there


def default_samples(graph: Graph) -> tuple[int, str | None]:
    """50, or fewer where those would take long, at least 5; and then a line that says so."""
    borders = sum(graph.tensor(i).bytes for i in (*graph.inputs, *graph.outputs))
    macs = sum(cost.macs(graph, op) for op in graph.ops)
    fitting = _MACS // (macs + _BYTE_MACS * borders + 1)
    count = max(LEAST, min(USUAL, fitting))
    if count == USUAL:
        return count, None
    return count, (
        f"{graph.name} is large ({macs:,} multiply-accumulates, {borders:,} B of inputs and "
        f"outputs): {count} random samples instead of {USUAL}. --count N takes another number."
    )
