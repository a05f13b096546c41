"""CONCATENATION and PACK without copies: their inputs are written where they lie in the output.

Along the outermost axis whose extent is not 1 they lie one after the other. Along another one, such
as the channels, each lies in runs with gaps, where the others' bytes are: then the op that makes it
must be able to write such runs, and nothing else may read it. An input that is a constant, a
variable, an input or an output of the model, or is put in twice, is copied all the same; so is one
that is a part of another tensor.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from math import prod

from mcuforge.frontend.graph import ConcatenationAttributes, Graph, Op, PackAttributes
from mcuforge.planning import state
from mcuforge.planning.plan import Join, PlannedOp
from mcuforge.planning.storage import Storage, root_sizes
from mcuforge.planning.strided import with_gaps


def joined(
    graph: Graph, lowered: Sequence[PlannedOp], without: frozenset[int] = frozenset()
) -> tuple[PlannedOp, ...]:
    """The ops, with as few copies as there may be; those at the positions `without` copy all."""
    return _Joining(graph, lowered).run(without)


def positions(lowered: Sequence[PlannedOp]) -> list[int]:
    """Those of the ops that copy fewer than all of their inputs."""
    return [position for position, planned in enumerate(lowered) if planned.joins]


class _Joining:
    def __init__(self, graph: Graph, lowered: Sequence[PlannedOp]) -> None:
        self.graph = graph
        self.ops = list(lowered)
        self.storage = Storage.of(graph, tuple(lowered))
        self.sizes = root_sizes(graph, self.storage)
        kept, _ = state.layout(graph, 1)
        self.fixed = {self.storage.find(t) for t in (*graph.inputs, *graph.outputs)} | kept.keys()
        self.shown = {root for root, _ in self.storage.views.values()}
        self.readers = Counter(t for op in graph.ops for t in op.inputs)
        self.makers = {t: position for position, op in enumerate(graph.ops) for t in op.outputs}

    def run(self, without: frozenset[int]) -> tuple[PlannedOp, ...]:
        taken: set[int] = set()
        for position, op in enumerate(self.graph.ops):
            planned = self.ops[position]
            joins = {} if position in without else dict(self._joins(op, planned, taken))
            taken.update(join.tensor for join in joins.values())
            if joins:
                calls = tuple(call for call in planned.calls if call.inputs[0] not in joins)
                self.ops[position] = replace(planned, calls=calls, joins=tuple(joins.values()))
        return tuple(self.ops)

    def _joins(self, op: Op, planned: PlannedOp, taken: set[int]) -> Iterator[tuple[int, Join]]:
        """Inputs that need no copy, and where in the output the tensor lies that owns each."""
        if not planned.calls or not _is_joining(op):
            return
        begin, times = 0, Counter(self.storage.find(t) for t in op.inputs)
        rows = _rows(self.graph, op)
        step = self.graph.output(op).bytes // rows
        target = self.storage.find(op.outputs[0])
        for index in op.inputs:
            tensor, root = self.graph.tensor(index), self.storage.find(index)
            run = tensor.bytes // rows
            whole = self.storage.begin(index) == 0 and self.sizes.get(root) == tensor.bytes
            free = times[root] == 1 and root not in self.fixed | taken | {target}
            join = Join(root, begin, run, step if rows > 1 else run)
            if whole and free and (not join.has_gaps or self._written_with_gaps(join)):
                yield index, join
            begin += run

    def _written_with_gaps(self, join: Join) -> bool:
        """Whether the op that makes a tensor can write it with gaps; it does so from now on."""
        tensor = join.tensor
        if tensor not in self.makers or tensor in self.shown or self.readers[tensor] != 1:
            return False
        position = self.makers[tensor]
        planned, size = self.ops[position], self.graph.tensor(tensor).dtype.bytes
        if planned.joins or len(self.graph.ops[position].outputs) > 1:
            return False
        calls = with_gaps(planned.calls, join.run // size, join.step // size)
        if calls:
            self.ops[position] = replace(planned, calls=calls)
        return bool(calls)


def _is_joining(op: Op) -> bool:
    """Whether it puts tensors together; UNPACK has the attributes of PACK."""
    return op.kind != "UNPACK" and isinstance(
        op.attributes, ConcatenationAttributes | PackAttributes
    )


def _rows(graph: Graph, op: Op) -> int:
    """How many runs of each input there are in the output."""
    attributes, shape = op.attributes, graph.output(op).shape
    assert isinstance(attributes, ConcatenationAttributes | PackAttributes)
    return prod(shape[: attributes.axis % len(shape)])
