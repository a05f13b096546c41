"""Ops make several rows of a column at once: as many as those that read them take."""

from __future__ import annotations

import plan_check
import pytest
import signal_models

from mcuforge.frontend import sound, tflite_reader
from mcuforge.planning import planner
from mcuforge.planning.plan import Plan
from mcuforge.planning.row_plan import RowOp
from mcuforge.planning.rows import pace
from mcuforge.planning.target import Target


def plans(samples: int) -> list[Plan]:
    graph = sound(tflite_reader.read_bytes(signal_models.column(samples), "signal", "signal"))
    return list(planner.plans(graph, Target.DSP))


def convolutions(found: list[Plan]) -> list[tuple[RowOp, ...]]:
    """Those of each plan that runs all four row by row."""
    return [plan.segments[0].ops for plan in found if plan.segments and plan.segments[0].last > 3]


@pytest.mark.parametrize("samples", [512, 509])
def test_ops_step_in_turn(samples: int) -> None:
    found = plans(samples)
    for plan in found:
        assert plan_check.check(plan) > 0
    several = convolutions(found)
    for first, *others in several:
        steps = [op.steps for op in (first, *others)]
        assert max(steps) - min(steps) <= 1
        assert [op.pace.at_once for op in others[:3]] == [
            first.pace.at_once // n for n in (2, 4, 8)
        ]
    at_once = [op.pace.at_once for op, *_ in several]
    assert at_once == sorted(at_once, reverse=True) and at_once[-1] == 16 < at_once[0]
    assert found[-1].arena.bytes < 0.32 * found[0].arena.bytes


def test_steps_get_longer_with_a_signal() -> None:
    assert [pace.lengths(rows) for rows in (2, 49, 65, 512, 16_000)] == [
        [1], [8, 4, 2, 1], [16, 8, 4], [128, 64, 32, 16], [2048, 1024, 512]
    ]  # fmt: skip
