"""Which ops can go row by row, and how."""

from __future__ import annotations

from collections.abc import Callable

from mcuforge.frontend.graph import Graph, Op
from mcuforge.planning.plan import KernelCall
from mcuforge.planning.rows import (
    accumulating,
    bilinear,
    moved,
    padded,
    pixelwise,
    windowed,
    within,
)
from mcuforge.planning.rows.arrangement import Arrangement
from mcuforge.planning.rows.by_rows import ByRows, rows_of
from mcuforge.planning.rows.read_through import shown
from mcuforge.planning.rows.windowed import WINDOWED

Choose = Callable[[KernelCall], KernelCall]
Seen = tuple[Graph, Op]


def of(graph: Graph, op: Op, choose: Choose, arranged: Arrangement | None = None) -> ByRows | None:
    """How the op goes row by row; None where it does not.

    `choose` takes the fastest kernel for a call of a general one. `arranged` is what the op shows
    of its sources where it only moves pixels.
    """
    if len(op.outputs) != 1 or graph.output(op).is_variable:
        return None
    output = graph.output(op)
    if (found := _accumulating(graph, op)) is not None:
        return found
    if rows_of(output) < 2:
        return None
    if op.kind in WINDOWED:
        return windowed.of(graph, op, choose)
    if pixelwise.is_pixelwise(graph, op):
        return pixelwise.of(graph, op, choose)
    if op.kind == "RESIZE_BILINEAR":
        return bilinear.of(graph, op)
    if op.kind == "RESIZE_NEAREST_NEIGHBOR":
        nearest = pixelwise.nearest(graph, op, choose)
        if nearest is not None:
            return nearest
    if arranged is not None:
        return shown(graph, arranged, rows_of(output))
    return padded.of(graph, op, choose) if op.kind in ("PAD", "PADV2") else None


def of_any_shape(
    pictures: Graph, turned: Seen | None, unturned: Seen | None, choose: Choose
) -> ByRows | None:
    """How an op goes row by row that computes within rows, or only moves elements.

    Its tensors are pictures where it is `turned`, and have the shapes of the file where it is not,
    where it need not be one of pictures. Their rows are those of `pictures`.
    """
    seen = turned or unturned
    if seen is None or any(seen[0].tensor(t).is_variable for t in seen[1].outputs):
        return None
    found = within.of(pictures, *turned, choose) if turned else None
    return found or (moved.of(pictures, *unturned, choose) if unturned else None)


def _accumulating(graph: Graph, op: Op) -> ByRows | None:
    source = graph.tensor(op.inputs[0]) if op.inputs and op.inputs[0] >= 0 else None
    if source is None or source.is_constant or source.is_variable or rows_of(source) < 2:
        return None
    return accumulating.of(graph, op)
