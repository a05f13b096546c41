"""The ops of a graph that may run row by row, and what they may read through."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from mcuforge.frontend.graph import Graph, Op
from mcuforge.planning.plan import KernelCall
from mcuforge.planning.row_plan import ONE_BY_ONE, Pace, RowOp
from mcuforge.planning.row_window import RowWindow
from mcuforge.planning.rows import row_op
from mcuforge.planning.rows.arranged_ops import arrangement
from mcuforge.planning.rows.arrangement import Arrangement
from mcuforge.planning.rows.by_rows import ByRows, rows_of
from mcuforge.planning.rows.pace import paces
from mcuforge.planning.rows.pixelwise import POINTWISE
from mcuforge.planning.rows.read_through import Reading, tiler
from mcuforge.planning.rows.signals import Pictures

MOST_ELEMENTS = 1 << 24  # that are looked at: a hostile file may have many


@dataclass(frozen=True, eq=False)
class Candidates:
    """For each op how it runs row by row, or None, and what may be read through."""

    row_ops: Sequence[RowOp | None]
    reading: Reading


def candidates(
    pictures: Pictures,
    views: Collection[int],
    alone: Collection[int],
    choose: Callable[[KernelCall], KernelCall],
    whole: Collection[int] = (),
) -> list[Candidates]:
    """The choices of how many rows are made at once.

    `views` are the positions of ops that move nothing, `whole` those of others that do not run row
    by row. Tensors that are `alone` in their memory may be read through. `choose`: see `row_op.of`.
    """
    positions = range(len(pictures.graph.ops))
    tried = [p for p in positions if p not in views and p not in whole]
    turned = {p: turn for p in tried if (turn := pictures.op(p))}
    arranged = _arranged(turned)
    found: dict[int, ByRows] = {}
    for p in tried:
        op = pictures.graph.ops[p]
        made = row_op.of(*turned[p], choose, arranged.get(p)) if p in turned else None
        made = _with_all_rows(pictures.graph, op, made)
        if made is None:
            arranged.pop(p, None)
            made = row_op.of_any_shape(pictures.graph, turned.get(p), pictures.unturned(p), choose)
            made = _with_all_rows(pictures.graph, op, made)
        if made is not None:
            found[p] = made
    reading = _reading(pictures, turned, found, arranged, views, alone, choose)
    shown = {p: one for p in views if (one := _view(pictures, p)) is not None}
    return [Candidates(_in_steps(positions, found, pace, shown), reading) for pace in paces(found)]


def _in_steps(
    positions: range,
    found: Mapping[int, ByRows],
    pace: Mapping[int, Pace],
    shown: Mapping[int, RowOp],
) -> list[RowOp | None]:
    return [
        found[p].in_steps(pace.get(p, ONE_BY_ONE)) if p in found else shown.get(p)
        for p in positions
    ]


def _view(pictures: Pictures, position: int) -> RowOp | None:
    """A view of a tensor whose rows are those of the view."""
    output = pictures.original.ops[position].outputs[0]
    shows = pictures.shown.get(output)
    if shows is None:
        return None
    tensor = pictures.graph.tensor(output)
    rows = rows_of(tensor)
    return RowOp(output, rows, tensor.bytes // rows, (), ((),), (0,) * rows, shows=shows)


def _with_all_rows(graph: Graph, op: Op, found: ByRows | None) -> ByRows | None:
    """An op that reads what to it is one row: that are many, where it is a signal to others.

    None where others know more or fewer rows of what it reads or makes.
    """
    if found is None:
        return None
    if not found.accumulates and found.rows != rows_of(graph.tensor(found.output)):
        return None
    reads = []
    for tensor, window in found.reads:
        rows = rows_of(graph.tensor(tensor))
        if rows != window.rows and (window.rows > 1 or op.kind not in POINTWISE):
            return None
        reads.append((tensor, window if rows == window.rows else RowWindow(0, 0, rows - 1, rows)))
    return replace(found, reads=tuple(reads))


def _reading(
    pictures: Pictures,
    turned: Mapping[int, tuple[Graph, Op]],
    found: Mapping[int, ByRows],
    arranged: Mapping[int, Arrangement],
    views: Collection[int],
    alone: Collection[int],
    choose: Callable[[KernelCall], KernelCall],
) -> Reading:
    tilers = {
        p: one
        for p, made in found.items()
        if p in turned and (one := tiler(*turned[p], made, choose)) is not None
    }
    arranged = {p: each for p, each in arranged.items() if p in found}
    graph = pictures.graph
    reads = [(t, p) for p, op in enumerate(graph.ops) if p not in views for t in op.inputs]
    reads += [(t, -1) for t in graph.outputs]
    count = Counter(t for t, _ in reads)
    hidden = set(alone) - set(pictures.shown.values())  # a trace tells of views from memory
    reader = {t: p for t, p in reads if p >= 0 and count[t] == 1 and t in hidden}
    return Reading(graph, arranged, tilers, reader)


def _arranged(turned: Mapping[int, tuple[Graph, Op]]) -> dict[int, Arrangement]:
    """What ops arrange, by their positions."""
    left, found = MOST_ELEMENTS, {}
    for position, (graph, op) in turned.items():
        left -= sum(graph.tensor(t).elements for t in op.outputs)
        if left < 0:
            break
        if (one := arrangement(graph, op)) is not None:
            found[position] = one
    return found
