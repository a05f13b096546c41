"""Which bytes of the arena to overwrite while a model runs: all that nobody is going to read.

A replay of the plan tells what is read and written when. Backwards through it follows which bytes
are still to be read whenever a trace is told of an output or a row; all others may be anything. A
tensor's bytes are those that the plan has given to it: what lies beyond a ring is nobody's.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from plan_check import Memory, replay

from mcuforge.planning.plan import Plan

Intervals = list[tuple[int, int]]  # begin and length


class _Recorder(Memory):
    """Remembers what is done, and checks nothing: a plan may be wrong."""

    def __init__(self, plan: Plan) -> None:
        self.done: list[tuple[str, int, int]] = []
        self.kept = {
            tensor: segment.stream.rings[tensor] * row_bytes
            for segment in plan.segments
            if segment.stream is not None
            for op in segment.makers
            for tensor, row_bytes in op.outputs
            if tensor in segment.stream.rings
        }
        super().__init__(plan)

    def put(self, place: int, tensor: int, _first: int, count: int) -> None:
        self.done.append(("write", *self._own(place, tensor, count)))

    def check(self, place: int, tensor: int, _first: int, count: int) -> None:
        self.done.append(("read", *self._own(place, tensor, count)))

    def spoil(self, place: int, count: int) -> None:
        self.done.append(("write", place, count))

    def expect(self, _holds: bool, _what: str) -> None:
        pass

    def told(self, place: int, tensor: int, first: int, count: int) -> None:
        super().told(place, tensor, first, count)
        self.done.append(("told", tensor, first))

    def _own(self, place: int, tensor: int, count: int) -> tuple[int, int]:
        """Those of the bytes that the plan has given to the tensor; all of what has no name."""
        if tensor not in self.plan.offsets:
            return place, count
        begin, join = self.plan.offsets[tensor], self.plan.gaps.get(tensor)
        size = self.kept.get(tensor, self.size(tensor))
        end = begin + (size if join is None else (size // join.run - 1) * join.step + join.run)
        return place, max(min(place + count, end) - place, 0)


def events(plan: Plan) -> list[tuple[int, int, Intervals]]:
    """What a trace is told of, in order: result, offset in it, and what to overwrite then."""
    recorder = _Recorder(plan)
    replay(recorder)
    number_of = {tensor: number for number, (_, tensor) in enumerate(plan.graph.results())}
    needed = np.zeros(plan.arena.bytes, np.bool_)
    found = []
    for what, place, count in reversed(recorder.done):
        if what == "told":
            found.append((number_of[place], count, _intervals(~needed)))
        else:
            needed[place : place + count] = what == "read"
    return found[::-1]


def _intervals(chosen: npt.NDArray[np.bool_]) -> Intervals:
    edges = np.flatnonzero(np.diff(np.concatenate([[False], chosen, [False]]).astype(np.int8)))
    begins, ends = edges[::2], edges[1::2]
    return [(int(b), int(e - b)) for b, e in zip(begins, ends, strict=True)]
