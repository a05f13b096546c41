"""Where memory is short, kernels that need less scratch, and only there."""

from __future__ import annotations

import pytest
import stand_ins

from mcuforge.frontend import read_graph
from mcuforge.frontend.graph import Graph
from mcuforge.planning import lean, planner
from mcuforge.planning.ops.registry import OPERATORS
from mcuforge.planning.plan import PlannedOp
from mcuforge.planning.target import Target
from mcuforge.planning.variants import chosen, leaner
from mcuforge.planning.variants.registry import VARIANTS


@pytest.fixture(scope="module")
def dense(tmp_path_factory: pytest.TempPathFactory) -> Graph:
    """Ten dense layers, the last of which makes most."""
    path = tmp_path_factory.mktemp("lean") / "ad.tflite"
    path.write_bytes(stand_ins.MODELS["ad"]())
    return read_graph(path, "ad")


def test_the_peak_op_alone_gets_a_leaner_kernel(dense: Graph) -> None:
    plans = planner.plans(dense, Target.DSP)
    fast, small = plans.plain, plans.within(0)
    assert (fast.arena.bytes, small.arena.bytes) == (896, 768)
    scratch = [(a.scratch_bytes, b.scratch_bytes) for a, b in zip(fast.ops, small.ops, strict=True)]
    assert [before == after for before, after in scratch] == [True] * 9 + [False]
    assert scratch[-1] == (256, 0)


def test_what_is_within_the_budget_stays_as_it_is(dense: Graph) -> None:
    plans = planner.plans(dense, Target.DSP)
    fast, roomy = plans.plain, plans.within(896)
    assert [op.scratch_bytes for op in fast.ops] == [op.scratch_bytes for op in roomy.ops]


@pytest.mark.parametrize("target", Target)
def test_each_choice_needs_less_than_the_one_before(dense: Graph, target: Target) -> None:
    for op in dense.ops:
        (general,) = OPERATORS[op.kind].lower(dense, op)
        fast = chosen(general, target, VARIANTS)
        scratch = [call.scratch_bytes for call in (fast, *leaner(general, target, VARIANTS))]
        assert scratch == sorted(set(scratch), reverse=True)
        choices = list(lean.choices(dense, op, PlannedOp(op.index, (fast,)), target, set()))
        assert [calls[0].scratch_bytes for calls, _ in choices] == scratch[1:]


def test_kernels_of_little_flash_stay(dense: Graph) -> None:
    small = planner.plan(dense, Target.DSP, small=True, budget=0)
    assert {call.kernel for op in small.ops for call in op.calls} == {"fully_connected_s8"}
