"""Which tensors share bytes because one is a view of the other, and from when to when they live."""

from __future__ import annotations

from dataclasses import dataclass

from mcuforge.frontend.graph import Graph
from mcuforge.planning.plan import PlannedOp


@dataclass
class Storage:
    """Tensors that share bytes because one is a view of the other, and where in it each begins."""

    views: dict[int, tuple[int, int]]

    @classmethod
    def of(cls, graph: Graph, lowered: tuple[PlannedOp, ...]) -> Storage:
        """That of the ops that are views: their outputs lie in the input one after the other.

        Likewise that of the ops whose inputs lie in the output.
        """
        lies_in: dict[int, tuple[int, int]] = {}
        for op, planned in zip(graph.ops, lowered, strict=True):
            lies_in |= {join.tensor: (op.outputs[0], join.begin) for join in planned.joins}
            if planned.view_of is None:
                continue
            begin = 0
            for tensor in op.outputs:
                lies_in[tensor] = planned.view_of, begin
                begin += graph.tensor(tensor).bytes
        return cls(_owners(lies_in))

    def find(self, tensor: int) -> int:
        """The tensor that owns the bytes."""
        return self.views.get(tensor, (tensor, 0))[0]

    def begin(self, tensor: int) -> int:
        """Bytes of the owner before the tensor."""
        return self.views.get(tensor, (tensor, 0))[1]


def _owners(lies_in: dict[int, tuple[int, int]]) -> dict[int, tuple[int, int]]:
    """Of tensors that each lie in another one: that which lies in no other, and where in it."""
    owners: dict[int, tuple[int, int]] = {}
    for tensor in lies_in:
        path = []
        while tensor in lies_in and tensor not in owners:
            path.append(tensor)
            tensor = lies_in[tensor][0]
        for inner in reversed(path):
            outer, begin = lies_in[inner]
            owner, before = owners.get(outer, (outer, 0))
            owners[inner] = owner, before + begin
    return owners


def activations(graph: Graph) -> list[int]:
    """All tensors that an inference is given or computes, in the order in which they come about."""
    return [*graph.inputs, *(t for op in graph.ops for t in op.outputs)]


def root_sizes(graph: Graph, storage: Storage) -> dict[int, int]:
    """Bytes of every storage root: those of the largest tensor that lies there."""
    sizes: dict[int, int] = {}
    for tensor in activations(graph):
        root = storage.find(tensor)
        end = storage.begin(tensor) + graph.tensor(tensor).bytes
        sizes[root] = max(sizes.get(root, 0), end)
    return sizes


def _last_uses(graph: Graph) -> dict[int, int]:
    """Position of the op that reads each tensor last; past the end for the model's outputs."""
    last = {t: position for position, op in enumerate(graph.ops) for t in op.inputs if t >= 0}
    return last | {t: len(graph.ops) for t in graph.outputs}


def live_ranges(graph: Graph, storage: Storage) -> dict[int, tuple[int, int]]:
    """First and last position of every storage root. Inputs exist before op 0, at -1."""
    last = _last_uses(graph)
    written = dict.fromkeys(graph.inputs, -1)
    written |= {t: position for position, op in enumerate(graph.ops) for t in op.outputs}
    ranges: dict[int, tuple[int, int]] = {}
    for tensor, first in written.items():
        root = storage.find(tensor)
        low, high = ranges.get(root, (first, first))
        ranges[root] = (min(low, first), max(high, first, last.get(tensor, -1)))
    return ranges
