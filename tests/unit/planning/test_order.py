"""The order of ops: valid, never with a higher peak, and the best there is for small graphs."""

from __future__ import annotations

import random
from collections.abc import Sequence
from itertools import permutations
from pathlib import Path

import plan_check
import pytest
from graphs import graph, relu_chain

from mcuforge.frontend import read_graph
from mcuforge.frontend.graph import Graph
from mcuforge.frontend.verify import verify
from mcuforge.planning import order, planner
from mcuforge.planning.arena import Buffer, lower_bound
from mcuforge.planning.layout import live_peak
from mcuforge.planning.plan import PlannedOp

ZOO = Path(__file__).parents[2] / "zoo" / "models"


def branches(count: int, wide: int = 160, narrow: int = 16) -> Graph:
    """Branches that widen the input and narrow it again; the file runs them side by side."""
    shapes = [(1, narrow), *[(1, wide)] * count, *[(1, narrow)] * count]
    ops = [("WIDEN", (0,), 1 + n) for n in range(count)]
    ops += [("NARROW", (1 + n,), 1 + count + n) for n in range(count)]
    return graph(shapes, ops, [0], [1 + count + n for n in range(count)])


def found(graph: Graph) -> tuple[int, ...] | None:
    return order.with_less(graph, [PlannedOp(op.index, ()) for op in graph.ops])


def peak(graph: Graph, positions: Sequence[int]) -> int:
    """Bytes alive at the worst op, from the lives alone."""
    at = {p: n for n, p in enumerate(positions)}
    first = dict.fromkeys(graph.inputs, -1)
    first |= {t: at[p] for p, op in enumerate(graph.ops) for t in op.outputs}
    last = {t: max((at[p] for p, op in enumerate(graph.ops) if t in op.inputs), default=n)
            for t, n in first.items()}  # fmt: skip
    last |= dict.fromkeys(graph.outputs, len(positions))
    return lower_bound([Buffer(graph.tensor(t).bytes, n, last[t]) for t, n in first.items()])


def is_valid(graph: Graph, positions: Sequence[int]) -> bool:
    made = set(graph.inputs)
    for position in positions:
        if not made.issuperset(graph.ops[position].inputs):
            return False
        made.update(graph.ops[position].outputs)
    return True


def drawn(seed: int, ops: int) -> Graph:
    """Ops that each read one to three of the tensors before them."""
    draw = random.Random(seed)
    shapes = [(1, 16 * draw.randint(1, 12)) for _ in range(ops + 1)]
    listed = [
        ("OP", draw.sample(range(made + 1), min(made + 1, draw.randint(1, 3))), made + 1)
        for made in range(ops)
    ]
    outputs = sorted({ops, *draw.sample(range(1, ops + 1), 1)})
    return graph(shapes, listed, [0], outputs)


def test_branches_run_one_after_the_other() -> None:
    assert found(branches(3)) == (0, 3, 1, 4, 2, 5)


def test_a_chain_stays_as_it_is() -> None:
    assert found(relu_chain(5)) is None


@pytest.mark.parametrize("seed", range(30))
def test_no_order_of_a_small_graph_is_better(seed: int) -> None:
    drawing = drawn(seed, 6)
    orders = [p for p in permutations(range(6)) if is_valid(drawing, p)]
    least = min(peak(drawing, p) for p in orders)
    chosen = found(drawing)
    assert chosen is None or is_valid(drawing, chosen)
    assert peak(drawing, chosen or range(6)) == least


def test_a_large_graph_gets_no_worse() -> None:
    chosen = [(drawing, found(drawing)) for drawing in (drawn(seed, 40) for seed in range(8))]
    better = [(drawing, positions) for drawing, positions in chosen if positions is not None]
    assert better
    for drawing, positions in better:
        assert is_valid(drawing, positions) and sorted(positions) == list(range(40))
        assert peak(drawing, positions) < peak(drawing, range(40))


def test_the_work_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(order, "MOST_STEPS", 20)
    assert found(branches(6)) is None
    monkeypatch.setattr(order, "MOST_STEPS", 1000)  # for a few sets of each size
    many = branches(6)
    assert peak(many, found(many) or range(12)) < peak(many, range(12))
    monkeypatch.setattr(order, "MOST_OPS", 3)
    assert found(branches(6)) is None


def test_ops_keep_their_numbers_and_state_its_order() -> None:
    model = read_graph(ZOO / "wake_word_variables.tflite")
    plan = planner.plan(model)
    moved = verify(plan.graph)
    numbers = [op.index for op in moved.ops]
    assert numbers != sorted(numbers) == [op.index for op in model.ops]
    assert plan.arena.bytes < live_peak(plan.graph, plan.ops)
    state = {v.tensor for v in model.variables}
    touching = [op.index for op in moved.ops if state.intersection(op.inputs + op.outputs)]
    assert len(touching) > 1 and touching == sorted(touching)
    assert plan_check.check(plan) > 0
    as_tflm = planner.plan(model, whole=True)
    assert [op.index for op in as_tflm.graph.ops] == [op.index for op in model.ops]


def test_an_order_counts_what_ops_overwrite() -> None:
    """RELUs work in place: which of them runs first makes no difference to the arena."""
    forked = graph(
        [(1, 64)] * 4, [("RELU", (0,), 1), ("RELU", (0,), 2), ("ADD", (1, 2), 3)], [0], [3]
    )
    plan = planner.plan(forked)
    assert [op.index for op in plan.graph.ops] == [0, 1, 2]
    assert plan.arena.bytes == 2 * 64
