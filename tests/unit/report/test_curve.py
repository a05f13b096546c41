"""The curve of arena against instructions, in words."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from mcuforge.frontend import read_graph
from mcuforge.planning import planner
from mcuforge.planning.plan import Plan
from mcuforge.planning.target import Target
from mcuforge.report import curve

MODEL = Path(__file__).parents[3] / "models" / "autoencoder" / "artifacts" / "model.tflite"


@pytest.fixture(scope="module")
def plans() -> list[Plan]:
    return list(planner.plans(read_graph(MODEL, None), Target.DSP))


def test_what_was_measured_is_carried_to_the_other_plans(plans: list[Plan]) -> None:
    smallest = plans[-1]
    found = curve.of(smallest, 5000, 2_000_000)
    assert found[-1].instructions == 2_000_000 and found[-1].chosen
    assert found[0].instructions == 2_000_000 - smallest.extra_instructions
    assert [p.fits for p in found] == [plan.arena.bytes <= 5000 for plan in plans]


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (0, "Arena 20,736 B; down to 4,160 B row by row for {} (--memory small)."),
        (
            -1,
            "Arena 4,160 B row by row, for {} than the fastest plan, of 20,736 B (--memory fast).",
        ),
    ],
)
def test_a_line_says_what_there_is_to_choose(plans: list[Plan], number: int, words: str) -> None:
    extra = plans[-1].extra_instructions
    plan = plans[number]
    measured = 2_000_000 + plan.extra_instructions
    share = f"{extra / 2_000_000:.1%} more instructions"
    assert curve.line(curve.of(plan, None, measured)) == words.format(share)
    assert f"{extra:,} more instructions" in curve.line(curve.of(plan, None))


def test_a_plan_in_between_tells_of_both_ends(plans: list[Plan]) -> None:
    line = curve.line(curve.of(plans[2], None))
    assert "row by row, for" in line and "; down to 4,160 B for" in line


def test_kernels_of_less_scratch_are_no_rows(plans: list[Plan]) -> None:
    points = [replace(point, ops_by_row=0) for point in curve.of(plans[0], None)]
    assert "row" not in curve.line(points)


def test_no_choice_no_line(plans: list[Plan]) -> None:
    assert curve.line(curve.of(plans[0], None)[:1]) == ""


def test_small_is_what_small_takes(plans: list[Plan]) -> None:
    """Which is not the last plan where that would add too many instructions."""
    found = curve.of(plans[0], None)
    assert [point.small for point in found] == [False] * (len(plans) - 1) + [True]
    points = [replace(point, small=number == 1) for number, point in enumerate(found)]
    assert f"; down to {found[1].arena_bytes:,} B row by row for " in curve.line(points)
    last = [replace(point, chosen=point is points[-1]) for point in points]
    assert "--memory small" not in curve.line(last)


def test_few_operations_do_not_pay_for_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    """As where steps take as long as what they compute."""
    monkeypatch.setattr("mcuforge.planning.plans.MOST_EXTRA", 0.01)
    found = planner.plans(read_graph(MODEL, None), Target.DSP)
    small = [point.is_small for point in found.curve()]
    assert sum(small) == 1 and not small[-1]
    assert next(point for point in found.curve() if point.is_small) == found.smallest().point
