"""Ops that go element by element, run by run: each run of the output is an op of its own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from math import prod

from mcuforge.frontend.graph import Graph, Op, Tensor
from mcuforge.planning.ops.registry import OPERATORS
from mcuforge.planning.plan import KernelCall, Runs
from mcuforge.planning.rows.pixelwise import POINTWISE

LEAST = 8  # elements of a run: a call takes longer than a copy of fewer


def by_runs(
    graph: Graph,
    op: Op,
    whole: Sequence[KernelCall],
    outer: int,
    step: int,
    choose: Callable[[KernelCall], KernelCall],
) -> KernelCall | None:
    """The op as a call for each run, which is all but the first `outer` axes of its output.

    Runs of the output begin `step` elements apart. None where inputs have other runs, or where a
    run takes another kernel than the call that computes the `whole`, as with tables that few
    elements are not worth. `choose` picks the kernel of the target.
    """
    output = graph.output(op)
    inputs = [graph.tensor(i) for i in op.inputs if i >= 0]
    count, run = prod(output.shape[:outer]), prod(output.shape[outer:])
    if op.kind not in POINTWISE or len(op.outputs) > 1 or run < LEAST:
        return None
    rank = len(output.shape)
    steps = {tensor.index: _step(tensor, output.shape[:outer], rank) for tensor in inputs}
    if None in steps.values():
        return None
    around = {tensor.index for tensor in (*inputs, output)}
    tensors = tuple(
        replace(t, shape=_run(t.shape, outer, rank)) if t.index in around and not t.is_constant
        else t
        for t in graph.tensors
    )  # fmt: skip
    calls = OPERATORS[op.kind].lower(replace(graph, tensors=tensors), op)
    if not len(calls) == len(whole) == 1:
        return None
    call = choose(replace(calls[0], overlaps={}))
    if call.kernel != whole[0].kernel:
        return None
    taken = tuple(steps[i] or 0 for i in call.inputs)
    return replace(call, overlaps={}, runs=Runs(count, taken, step))


def _step(tensor: Tensor, outer: tuple[int, ...], rank: int) -> int | None:
    """Elements from one run of an input to the next: 0 where all runs meet the same ones."""
    shape = (1,) * (rank - len(tensor.shape)) + tensor.shape
    own = shape[: len(outer)]
    if all(d == 1 for d in own):
        return 0
    return prod(shape[len(outer) :]) if own == outer and not tensor.is_constant else None


def _run(shape: tuple[int, ...], outer: int, rank: int) -> tuple[int, ...]:
    """The shape of a run."""
    ones = max(outer - (rank - len(shape)), 0)
    return (1,) * ones + shape[ones:]
