"""In which order ops run that do not depend on each other: the one whose peak needs least memory.

What is alive depends on which ops have run, not on their order. So the search goes through the sets
of ops that have run (dynamic programming): of all orders that lead to a set only the one with the
lowest peak is kept. That is exact as long as the sets of one size are few, as they are where a
network has a few branches; where they are more, those with the lowest peaks are kept, as many as a
budget of work allows. Sets that need no less than the file's order are dropped, so that most models
take next to no time.

Ops that touch what outlives an inference keep the file's order among themselves.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from mcuforge.frontend.graph import Graph
from mcuforge.planning import arena, layout, state
from mcuforge.planning.plan import PlannedOp
from mcuforge.planning.storage import Storage, root_sizes

MOST_OPS = 1000  # of a graph that is searched
MOST_STEPS = 20_000  # tensors that are looked at when ops are tried: what a file may ask for


@dataclass(frozen=True)
class _Needs:
    """What running an op asks of memory.

    `touched` are the storage roots that it reads or writes, `shared` the bytes that a target may
    have in common with a source that dies, `after` the ops that must have run, as a set of bits.
    """

    touched: tuple[int, ...]
    scratch: int
    shared: tuple[tuple[int, int, int], ...]
    after: int


class _Way(NamedTuple):
    """The op that ran last, and what ran before it."""

    op: int
    before: _Way | None


@dataclass(frozen=True)
class _Reached:
    """The best way to a set: its peak, what is alive now, and the ops that may run next."""

    peak: int
    alive: int
    ready: tuple[int, ...]
    way: _Way | None


class _Search:
    """The sets of ops of a graph. A set is an integer, with a bit for each op."""

    def __init__(self, graph: Graph, lowered: Sequence[PlannedOp]) -> None:
        storage = Storage.of(graph, tuple(lowered))
        kept = frozenset(state.layout(graph, layout.ALIGNMENT)[0])
        sizes = root_sizes(graph, storage)
        self.sizes = {
            r: arena.align(s, layout.ALIGNMENT) for r, s in sizes.items() if r not in kept
        }
        self.inputs = {storage.find(t) for t in graph.inputs} & self.sizes.keys()
        self.outputs = {storage.find(t) for t in graph.outputs}
        self.touchers = dict.fromkeys(self.sizes, 0)
        self.needs = list(self._needs(graph, lowered, storage, kept))
        self.work = [2 * len(n.touched) + len(n.shared) + 2 for n in self.needs]
        self.followers: list[list[int]] = [[] for _ in self.needs]
        for op, need in enumerate(self.needs):
            for root in need.touched:
                self.touchers[root] |= 1 << op
            for before in _members(need.after):
                self.followers[before].append(op)

    def _needs(
        self, graph: Graph, lowered: Sequence[PlannedOp], storage: Storage, kept: frozenset[int]
    ) -> Iterator[_Needs]:
        writers: dict[int, int] = {}
        stateful = 0  # the last op that touched a variable
        for position, (op, planned) in enumerate(zip(graph.ops, lowered, strict=True)):
            roots = dict.fromkeys(storage.find(t) for t in (*op.inputs, *op.outputs) if t >= 0)
            after = 0
            for tensor in op.inputs:
                after |= writers.get(tensor, 0)
            if kept.intersection(roots):
                after |= stateful
                stateful = 1 << position
            for tensor in op.outputs:
                writers[tensor] = 1 << position
            touched = tuple(r for r in roots if r in self.sizes)
            pairs = layout.overlap_pairs(planned, 0, storage, dict.fromkeys(touched, (0, 0)))
            yield _Needs(
                touched,
                arena.align(planned.scratch_bytes, layout.ALIGNMENT),
                tuple(self._shared(*pair, distance) for pair, distance in pairs.items()),
                after,
            )

    def _shared(self, source: int, target: int, distance: int) -> tuple[int, int, int]:
        overlap = arena.Overlap(source, target, distance)
        return source, target, overlap.shared(self.sizes[source], self.sizes[target])

    def begin(self) -> _Reached:
        """Nothing has run."""
        alive = sum(self.sizes[root] for root in self.inputs if self.touchers[root])
        ready = tuple(op for op, need in enumerate(self.needs) if not need.after)
        return _Reached(alive, alive, ready, None)

    def run(self, done: int, reached: _Reached, op: int) -> _Reached:
        """Run an op that is ready."""
        need, now = self.needs[op], done | 1 << op
        new = {r for r in need.touched if not self.touchers[r] & done and r not in self.inputs}
        gone = {r for r in need.touched if not self.touchers[r] & ~now and r not in self.outputs}
        saved: dict[int, int] = {}
        for source, target, shared in need.shared:
            if source in gone and source not in new and target in new:
                saved[target] = min(saved.get(target, 0) + shared, self.sizes[target])
        alive = reached.alive + sum(self.sizes[r] for r in new)
        peak = alive + need.scratch - sum(saved.values())
        ready = [other for other in reached.ready if other != op]
        ready += [f for f in self.followers[op] if not self.needs[f].after & ~now]
        return _Reached(
            max(reached.peak, peak),
            alive - sum(self.sizes[r] for r in gone),
            tuple(sorted(ready)),
            _Way(op, reached.way),
        )

    def peak(self, order: Sequence[int]) -> int:
        """The peak of an order."""
        done, reached = 0, self.begin()
        for op in order:
            reached = self.run(done, reached, op)
            done |= 1 << op
        return reached.peak

    def least(self) -> int:
        """What some op needs at least, whenever it runs."""
        least = 0
        for need in self.needs:
            touched = sum(self.sizes[r] for r in need.touched)
            # As if all that it reads died there: nothing can be shared beyond that.
            shared = sum({t: self.sizes[t] for _, t, s in need.shared if s}.values())
            least = max(least, touched + need.scratch - shared)
        return least

    def best(self) -> tuple[int, ...] | None:
        """An order with a lower peak than the file's; None where none is found."""
        count = len(self.needs)
        bound = self.peak(range(count))
        if bound <= self.least():
            return None
        sets, left = {0: self.begin()}, MOST_STEPS
        for size in range(count):
            steps = sum(self.work[op] for reached in sets.values() for op in reached.ready)
            left -= steps
            if left < 0:
                return None
            found = self._after(sets, bound)
            each = 1 + steps // max(len(sets), 1)
            sets = _lowest(found, 1 + left // (each * (count - size)))
        return _order(sets.popitem()[1]) if sets else None

    def _after(self, sets: Mapping[int, _Reached], bound: int) -> dict[int, _Reached]:
        """The sets with an op more than these, whose peaks are below the bound."""
        found: dict[int, _Reached] = {}
        for done, reached in sets.items():
            for op in reached.ready:
                after, now = self.run(done, reached, op), done | 1 << op
                if after.peak < bound and (now not in found or after.peak < found[now].peak):
                    found[now] = after
        return found


def _lowest(found: dict[int, _Reached], most: int) -> dict[int, _Reached]:
    """Those that are kept of the sets of one size."""
    if len(found) <= most:
        return found
    ranked = sorted(found.items(), key=lambda each: (each[1].peak, each[1].alive))
    return dict(ranked[:most])


def _order(reached: _Reached) -> tuple[int, ...]:
    order = []
    way = reached.way
    while way is not None:
        op, way = way
        order.append(op)
    return tuple(reversed(order))


def _members(ops: int) -> Iterator[int]:
    while ops:
        yield (ops & -ops).bit_length() - 1
        ops &= ops - 1


def with_less(graph: Graph, lowered: Sequence[PlannedOp]) -> tuple[int, ...] | None:
    """Positions of the ops in an order whose peak is lower than theirs; None where none is found.

    The peak is that of the tensors alive, less what ops may overwrite, plus scratch.
    """
    return _Search(graph, lowered).best() if len(graph.ops) <= MOST_OPS else None
