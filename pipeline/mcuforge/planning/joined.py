"""CONCATENATION and PACK without copies: their inputs are written where they lie in the output.

Along the outermost axis whose extent is not 1 they lie one after the other. Along another one, such
as the channels, each lies in runs with gaps, where the others' bytes are: then the op that makes it
must be able to write such runs, and nothing else may read it. An input that is a constant, a
variable, an input or an output of the model, or is put in twice, is copied all the same; so is one
that is a part of another tensor.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from math import prod

import numpy as np

from mcuforge.frontend.graph import ConcatenationAttributes, Graph, Op, PackAttributes
from mcuforge.planning import state
from mcuforge.planning.by_runs import by_runs
from mcuforge.planning.ops.moving import MoveParams
from mcuforge.planning.plan import Join, KernelCall, Plan, PlannedOp
from mcuforge.planning.storage import Storage, root_sizes
from mcuforge.planning.strided import with_gaps

MOST_TENSORS = 1 << 19  # of graphs that are made for runs: a hostile file may ask for many
Choose = Callable[[KernelCall], KernelCall]


def joined(
    graph: Graph,
    lowered: Sequence[PlannedOp],
    choose: Choose,
    without: frozenset[int] = frozenset(),
) -> tuple[PlannedOp, ...]:
    """The ops, with as few copies as there may be; those at the positions `without` copy all.

    `choose` picks the kernel of the target.
    """
    return _Joining(graph, lowered, choose).run(without)


def positions(lowered: Sequence[PlannedOp]) -> list[int]:
    """Those of the ops that copy fewer than all of their inputs."""
    return [position for position, planned in enumerate(lowered) if planned.joins]


def copying(plan: Plan) -> int:
    """About how many instructions the plan takes to copy what it does not join."""
    return sum(
        _moves(call.params)
        for op, planned in zip(plan.graph.ops, plan.ops, strict=True)
        if _is_joining(op)
        for call in planned.calls
        if isinstance(call.params, MoveParams)
    )


def _moves(params: MoveParams) -> int:
    """20 for each run that is copied, and 3 for every four bytes."""
    extents = 1 if params.extents is None else int(np.prod(params.extents))
    return params.count * extents * (80 + 3 * params.run) // 4


class _Joining:
    def __init__(self, graph: Graph, lowered: Sequence[PlannedOp], choose: Choose) -> None:
        self.graph, self.choose = graph, choose
        self.ops = list(lowered)
        self.storage = Storage.of(graph, tuple(lowered))
        self.sizes = root_sizes(graph, self.storage)
        kept, _ = state.layout(graph, 1)
        self.fixed = {self.storage.find(t) for t in (*graph.inputs, *graph.outputs)} | kept.keys()
        self.shown = {root for root, _ in self.storage.views.values()}
        self.readers = Counter(t for op in graph.ops for t in op.inputs)
        self.taken: dict[int, Join] = {}
        self.tensors_left = MOST_TENSORS
        self.makers = {t: position for position, op in enumerate(graph.ops) for t in op.outputs}

    def run(self, without: frozenset[int]) -> tuple[PlannedOp, ...]:
        for position, op in reversed(list(enumerate(self.graph.ops))):  # outer ones first
            planned = self.ops[position]
            joins = {} if position in without else dict(self._joins(op, planned))
            self.taken |= {join.tensor: join for join in joins.values()}
            if joins:
                calls = tuple(call for call in planned.calls if call.inputs[0] not in joins)
                self.ops[position] = replace(planned, calls=calls, joins=tuple(joins.values()))
        return tuple(self.ops)

    def _joins(self, op: Op, planned: PlannedOp) -> Iterator[tuple[int, Join]]:
        """Inputs that need no copy, and where in the output the tensor lies that owns each."""
        if not planned.calls or not _is_joining(op):
            return
        begin, times = 0, Counter(self.storage.find(t) for t in op.inputs)
        rows, step = _rows(self.graph, op), self._step(op)
        target = self.storage.find(op.outputs[0])
        for index in op.inputs if step else ():
            tensor, root = self.graph.tensor(index), self.storage.find(index)
            run = tensor.bytes // rows
            whole = self.storage.begin(index) == 0 and self.sizes.get(root) == tensor.bytes
            taken = root in self.fixed or root in self.taken or root == target
            join = Join(root, begin, run, step if rows > 1 else run)
            if (
                whole
                and not taken
                and times[root] == 1
                and (not join.has_gaps or self._written_with_gaps(join, op))
            ):
                yield index, join
            begin += run

    def _step(self, op: Op) -> int:
        """Bytes from one run of an input to the next in the output; 0 where it lies in runs itself
        that are none of these."""
        run = self.graph.output(op).bytes // _rows(self.graph, op)
        outer = self.taken.get(op.outputs[0])
        if outer is None or not outer.has_gaps:
            return run
        return outer.step if outer.run == run else 0

    def _written_with_gaps(self, join: Join, joining: Op) -> bool:
        """Whether the op that makes a tensor can write it with gaps; it does so from now on."""
        tensor = join.tensor
        if tensor not in self.makers or tensor in self.shown or self.readers[tensor] != 1:
            return False
        position = self.makers[tensor]
        planned, size = self.ops[position], self.graph.tensor(tensor).dtype.bytes
        op, step = self.graph.ops[position], join.step // size
        if len(op.outputs) > 1:
            return False
        calls = with_gaps(self.graph, planned.calls, join.run // size, step)
        if calls is None and self.tensors_left > 0:
            self.tensors_left -= len(self.graph.tensors)
            outer = _outer(self.graph, joining)
            call = by_runs(self.graph, op, planned.calls, outer, step, self.choose)
            calls = None if call is None else (call,)
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
    return prod(graph.output(op).shape[: _outer(graph, op)])


def _outer(graph: Graph, op: Op) -> int:
    """The axes around that along which inputs are joined."""
    assert isinstance(op.attributes, ConcatenationAttributes | PackAttributes)
    return op.attributes.axis % len(graph.output(op).shape)
