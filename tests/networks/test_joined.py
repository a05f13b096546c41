"""Branches that are written where they lie in the output of a CONCATENATION, gaps and all."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import branches
import plan_check
import pytest
import running

from mcuforge.errors import UnsupportedError
from mcuforge.frontend.graph import Graph
from mcuforge.planning import arrangement, joined, layout
from mcuforge.planning.plan import Plan, PlannedOp
from mcuforge.planning.plans import Plans

BATCH = 12  # networks in one program
BATCHES = 25  # by default one of them


@pytest.fixture
def joined_everywhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """Plans join all that can be joined, even where that takes more memory, and run ops whole."""

    def everywhere(graph: Graph, lowered: tuple[PlannedOp, ...], _copying: Plan) -> Plan:
        return layout.place(graph, joined.joined(graph, lowered))

    monkeypatch.setattr(arrangement, "_joined", everywhere)
    monkeypatch.setattr(Plans, "within", lambda plans, _budget: plans.plain)


def checked(seeds: range, folder: Path, kernels: dict[str, Path]) -> Counter[str]:
    """How many ops of each kind write with gaps, in networks of these seeds; all are exact."""
    trials = []
    for seed in seeds:
        network = branches.branches(seed, "int16" if seed % 5 == 4 else "int8")
        try:
            trials.append(running.trial(f"b{seed}", network.tflite(), folder, budget=0))
        except UnsupportedError:  # a scale got too small
            continue
    assert len(trials) > 0.8 * len(seeds)
    for trial in trials:
        plan_check.check(trial.plan)
    assert running.problems(trials, folder, kernels) == {}
    return Counter(
        op.kind
        for trial in trials
        for op in trial.plan.graph.ops
        if trial.plan.gaps.keys() & set(op.outputs)
    )


@pytest.mark.usefixtures("joined_everywhere")
def test_twelve_networks_of_branches(tmp_path: Path, kernels: dict[str, Path]) -> None:
    made = checked(range(BATCH), tmp_path, kernels)
    assert made["CONV_2D"] > BATCH / 2 and made["TRANSPOSE_CONV"] > BATCH / 10


@pytest.mark.slow
@pytest.mark.usefixtures("joined_everywhere")
@pytest.mark.parametrize("batch", range(1, BATCHES))
def test_three_hundred_networks_of_branches(
    tmp_path: Path, kernels: dict[str, Path], batch: int
) -> None:
    checked(range(batch * BATCH, (batch + 1) * BATCH), tmp_path, kernels)
