"""Signals as pictures of one column: the samples of `[1, n, c]` and `[1, 1, n, c]` are rows.

They have the same bytes as `[1, n, 1, c]`. So rows are planned for a graph in which they have that
shape, and in which a view from one shape to another with the same rows is what it shows. An op is
turned with its tensors: see `turns`. `row_shapes` tells which tensors have rows.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace

from mcuforge.frontend.graph import Graph, Op
from mcuforge.planning.plan import PlannedOp
from mcuforge.planning.rows import row_shapes
from mcuforge.planning.rows.row_shapes import AXES, Shape, is_signal, is_wide
from mcuforge.planning.rows.turns import Changes, turned
from mcuforge.planning.storage import Storage


@dataclass(frozen=True, eq=False)
class Pictures:
    """The graph for which rows are planned; `shown` are views, each with the tensor that it shows.

    Ops read and make the tensors that are shown, and not the views. `shapes` are those that
    pictures, and views, have for ops that compute, and `lines` are signals of one channel without
    an axis for it.
    """

    graph: Graph
    original: Graph
    shown: dict[int, int]
    shapes: dict[int, Shape]
    lines: frozenset[int]

    @classmethod
    def of(
        cls, graph: Graph, lowered: tuple[PlannedOp, ...], storage: Storage, kept: Collection[int]
    ) -> Pictures:
        """`kept` are the owners of memory beside the arena, which no view is told with."""
        views = dict(_views(graph, lowered))
        lines = row_shapes.lines(graph, views)
        shapes = {
            t.index: row_shapes.shape(t, is_line=t.index in lines)
            for t in graph.tensors
            if not t.is_constant
        }
        regrouped = row_shapes.regrouped(graph, views, shapes)
        shown: dict[int, int] = {}
        for output, source in views.items():
            rows = [row_shapes.rows(regrouped[t]) for t in (source, output)]
            is_same = graph.tensor(source).dtype is graph.tensor(output).dtype
            if rows[0] == rows[1] > 1 and is_same and storage.find(source) not in kept:
                shown[output] = shown.get(source, source)

        def found(tensors: tuple[int, ...]) -> tuple[int, ...]:
            return tuple(shown.get(t, t) for t in tensors)

        return cls(
            replace(
                graph,
                tensors=tuple(
                    replace(t, shape=regrouped.get(t.index, t.shape)) for t in graph.tensors
                ),
                ops=tuple(
                    replace(op, inputs=found(op.inputs), outputs=found(op.outputs))
                    for op in graph.ops
                ),
                outputs=found(graph.outputs),
            ),
            graph,
            shown,
            shapes,
            lines,
        )

    def alone(self, storage: Storage, owners: Collection[int]) -> frozenset[int]:
        """The owners of memory that nothing shows but views with the same rows."""
        shared = {r for t, (r, _) in storage.views.items() if self.shown.get(t) != r}
        return frozenset(set(owners) - shared)

    def op(self, position: int) -> tuple[Graph, Op] | None:
        """An op, and the graph in which its tensors are pictures; None where there is no such."""
        around = [self.original.tensor(t) for t in self._activations(position)]
        is_any = any(t.index in self.lines or is_signal(t) for t in around)
        if not is_any or any(is_wide(t) for t in around if t.index not in self.lines):
            return self.unturned(position)
        op = self.original.ops[position]
        if not row_shapes.fits_lines(self.original, op, self.lines):
            return None
        changed = turned(self.original, op, AXES[self._rank(op)])
        pictures = {t.index: row_shapes.column(self.shapes[t.index]) for t in around}
        return None if changed is None else self._seen(position, pictures, *changed)

    def _activations(self, position: int) -> list[int]:
        op = self.original.ops[position]
        tensors = [t for t in (*op.inputs, *op.outputs) if t >= 0]
        return [t for t in tensors if not self.original.tensor(t).is_constant]

    def _rank(self, op: Op) -> int:
        """The most axes that an input has which is not constant."""
        inputs = [self.original.tensor(t) for t in op.inputs if t >= 0]
        return max((len(t.shape) for t in inputs if not t.is_constant), default=0)

    def unturned(self, position: int) -> tuple[Graph, Op] | None:
        """An op, and the graph in which its tensors have the shapes of the file."""
        shapes = {t: self.original.tensor(t).shape for t in self._activations(position)}
        return self._seen(position, shapes, self.original.ops[position])

    def _seen(
        self, position: int, shapes: dict[int, Shape], op: Op, changed: Changes | None = None
    ) -> tuple[Graph, Op] | None:
        """An op of tensors of these shapes, that reads what is shown and not views.

        None where it reads a tensor under several names, of several shapes.
        """
        found: dict[int, Shape] = {}
        for tensor, shape in shapes.items():
            if found.setdefault(self.shown.get(tensor, tensor), shape) != shape:
                return None
        known = self.graph.ops[position]
        changes: Changes = {
            t: (shape, None) for t, shape in found.items() if shape != self.graph.tensor(t).shape
        }
        graph = self._with(changes | (changed or {}))
        return graph, replace(op, inputs=known.inputs, outputs=known.outputs)

    def _with(self, changed: Changes) -> Graph:
        if not changed:
            return self.graph
        tensors = list(self.graph.tensors)
        for index, (shape, data) in changed.items():
            new = tensors[index].data if data is None else data
            new = None if new is None else new.reshape(shape)
            tensors[index] = replace(tensors[index], shape=shape, data=new)
        return replace(self.graph, tensors=tuple(tensors))


def _views(graph: Graph, lowered: tuple[PlannedOp, ...]) -> Iterator[tuple[int, int]]:
    """Views of all of a tensor, each with that tensor: a slice may be one of some rows."""
    for op, planned in zip(graph.ops, lowered, strict=True):
        if planned.view_of is None:
            continue
        source, output = graph.tensor(planned.view_of), graph.output(op)
        if len(op.outputs) == 1 and source.bytes == output.bytes and not source.is_constant:
            yield output.index, source.index
