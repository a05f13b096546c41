"""Cycles from instructions that were counted: near what `mcuforge profile` says."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from graphs import relu_chain

from mcuforge import boards
from mcuforge.planning import cycles, plan_for, planner

MODELS = Path(__file__).parents[3] / "models"
M4 = boards.load("mps2-an386")
# Of `mcuforge profile models/autoencoder --board mps2-an386`: instructions and cycles of each op.
PROFILED = (
    (107_510, 160_569), (267_006, 365_245), (41_098, 56_749), (57_068, 81_820),
    (308_976, 432_782), (707_956, 1_011_606), (470_699, 770_815), (4_889, 5_425),
)  # fmt: skip


def test_each_op_and_their_sum_are_near_the_profile() -> None:
    plan = plan_for(M4, MODELS / "autoencoder" / "artifacts" / "model.tflite", "autoencoder")
    found = cycles.estimated(plan, M4, [instructions for instructions, _ in PROFILED])
    assert found is not None and 0 < found.error < 0.1
    for each, (_, profiled) in zip(found.ops, PROFILED, strict=True):
        assert each == pytest.approx(profiled, rel=0.2)
    assert found.total == pytest.approx(sum(p for _, p in PROFILED), rel=0.05)


def test_a_flash_that_lets_wait_costs_cycles() -> None:
    plan = planner.plan(relu_chain(1))
    fast = cycles.estimated(plan, M4, [1000])
    slow = cycles.estimated(plan, replace(M4, flash_wait_states=5), [1000])
    assert fast and slow and slow.total > fast.total


def test_nothing_is_said_of_unknown_cores_or_other_ops() -> None:
    plan = planner.plan(relu_chain(2))
    assert cycles.estimated(plan, boards.load("host"), [1, 2]) is None
    assert cycles.estimated(plan, M4, [1]) is None


def test_every_core_of_a_board_is_known() -> None:
    plan = planner.plan(relu_chain(1))
    for board in boards.available():
        if not board.is_host:
            assert cycles.estimated(plan, board, [1000]) is not None, board.name
