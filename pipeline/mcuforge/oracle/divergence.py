"""Where two interpreters start to differ."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from mcuforge.frontend.graph import Graph, Op
from mcuforge.oracle.engine import Engine, Sample, difference, op_outputs


@dataclass(frozen=True, eq=False)
class Divergence:
    """The first op whose output differs: by how many elements, and by how much at most."""

    op: Op
    elements_differing: int
    max_difference: float


def first_divergence(
    graph: Graph,
    model: bytes,
    sample: Sample,
    expected: Engine,
    actual: Engine,
    more_than: float = 0.0,
    before: Sequence[Sample] = (),
) -> Divergence | None:
    """The first op of `graph` at which `actual` differs `more_than` from `expected`, or None.

    `before` are the samples that a model with state has to see first. `graph` is the graph of
    `model` (a `.tflite`), whose tensor indices it must have kept. Raises `ModelError` or
    `ToolError`.
    """
    tensors = op_outputs(graph)
    want = expected.trace(model, [*before, sample], tensors)[-1]
    got = actual.trace(model, [*before, sample], tensors)[-1]
    for (position, _), tensor in zip(graph.results(), tensors, strict=True):
        count, largest = difference(want[tensor], got[tensor])
        if count and largest > more_than:
            return Divergence(graph.ops[position], count, largest)
    return None
