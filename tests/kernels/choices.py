"""What the planner may choose between: calls that compute the same bytes."""

from __future__ import annotations

from functools import cache

from mcuforge.frontend.graph import Graph, Op
from mcuforge.planning import lean
from mcuforge.planning.ops import packed_weights
from mcuforge.planning.plan import KernelCall, PlannedOp
from mcuforge.planning.target import Target
from mcuforge.planning.variants import chosen
from mcuforge.planning.variants.odd_rows import last_alone, of_odd_row
from mcuforge.planning.variants.registry import VARIANTS


class Choices:
    """The calls of the planner's other choices, which compute the same bytes: with int4 weights
    left packed, and with the variants of each target. They are made once for all libraries."""

    def __init__(self, graph: Graph, op: Op, calls: tuple[KernelCall, ...]) -> None:
        self._graph, self._op, self._calls = graph, op, calls
        self._packed = packed_weights.kept(graph, op, calls)
        self._fast = cache(self._made_fast)
        self._lean = cache(self._made_lean)

    def on(self, target: Target) -> list[tuple[KernelCall, ...]]:
        """Those of the target. A computer runs those of every target."""
        targets = tuple(Target) if target is Target.PORTABLE else (target,)
        fast = [self._fast(each) for each in targets]
        odd = [tuple(map(made, c)) for c in fast for made in (last_alone, of_odd_row)]
        choices = [self._packed, *fast, *odd]
        kernels = [[call.kernel for call in choice] for choice in (self._calls, *choices)]
        different = [c for i, c in enumerate(choices, 1) if kernels[i] not in kernels[:i]]
        return different + [
            leaner
            for each in targets
            for leaner in self._lean(each)
            if [call.kernel for call in leaner] != kernels[0]
        ]

    def _made_fast(self, target: Target) -> tuple[KernelCall, ...]:
        return tuple(chosen(call, target, VARIANTS) for call in self._calls)

    def _made_lean(self, target: Target) -> list[tuple[KernelCall, ...]]:
        planned = PlannedOp(self._op.index, self._fast(target))
        made = lean.choices(self._graph, self._op, planned, target, set())
        return [calls for calls, _ in made]
