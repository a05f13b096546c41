"""CONCATENATION and PACK without copies: their inputs are written where they lie in the output.

That is so where the inputs lie in the output one after the other: along the outermost axis whose
extent is not 1. An input that is a constant, a variable, an input or an output of the model, or is
put in twice, is copied all the same; so is one that is a part of another tensor.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from math import prod

from mcuforge.frontend.graph import ConcatenationAttributes, Graph, Op, PackAttributes
from mcuforge.planning import state
from mcuforge.planning.plan import PlannedOp
from mcuforge.planning.storage import Storage, root_sizes


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
        self.graph, self.lowered = graph, lowered
        self.storage = Storage.of(graph, tuple(lowered))
        self.sizes = root_sizes(graph, self.storage)
        kept, _ = state.layout(graph, 1)
        self.fixed = {self.storage.find(t) for t in (*graph.inputs, *graph.outputs)} | kept.keys()

    def run(self, without: frozenset[int]) -> tuple[PlannedOp, ...]:
        taken: set[int] = set()
        ops = []
        for position, (op, planned) in enumerate(zip(self.graph.ops, self.lowered, strict=True)):
            joins = {} if position in without else dict(self._joins(op, planned, taken))
            taken.update(root for root, _ in joins.values())
            if joins:
                calls = tuple(call for call in planned.calls if call.inputs[0] not in joins)
                planned = replace(planned, calls=calls, joins=tuple(joins.values()))
            ops.append(planned)
        return tuple(ops)

    def _joins(
        self, op: Op, planned: PlannedOp, taken: set[int]
    ) -> Iterator[tuple[int, tuple[int, int]]]:
        """Inputs that need no copy; of each the tensor that owns it, and where in the output."""
        if not planned.calls or not _is_outermost(self.graph, op):
            return
        begin, times = 0, Counter(self.storage.find(t) for t in op.inputs)
        target = self.storage.find(op.outputs[0])
        for index in op.inputs:
            tensor, root = self.graph.tensor(index), self.storage.find(index)
            whole = self.storage.begin(index) == 0 and self.sizes.get(root) == tensor.bytes
            if whole and times[root] == 1 and root not in self.fixed | taken | {target}:
                yield index, (root, begin)
            begin += tensor.bytes


def _is_outermost(graph: Graph, op: Op) -> bool:
    """Whether the inputs lie one after the other in the output."""
    if op.kind == "UNPACK":  # its attributes are those of PACK
        return False
    if not isinstance(op.attributes, ConcatenationAttributes | PackAttributes):
        return False
    shape = graph.output(op).shape
    return prod(shape[: op.attributes.axis % len(shape)]) == 1
