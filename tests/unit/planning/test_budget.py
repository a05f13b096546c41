"""A budget of RAM decides which plan is taken, and each plan is made once."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import pytest

from mcuforge import boards, planning
from mcuforge.errors import GateError
from mcuforge.frontend import read_graph
from mcuforge.planning import fit, planner
from mcuforge.planning.plan import Plan
from mcuforge.planning.plans import Plans
from mcuforge.planning.target import Target

MODEL = Path(__file__).parents[3] / "models" / "autoencoder" / "artifacts" / "model.tflite"
BOARD = boards.load("mps2-an386")


@cache
def plans(target: Target, small: bool) -> Plans:
    return planner.plans(read_graph(MODEL, None), target, small=small)


def plan(memory: str = planning.FIT, max_ram: int | None = None) -> Plan:
    """As `planning.plan_for` does, with plans that are made once for all tests."""
    graph = read_graph(MODEL, None)
    found = planning.fitting(BOARD, graph, make=plans, memory=memory, max_ram=max_ram)
    fit.check(found, BOARD, max_ram)
    return found


def test_the_curve_falls_as_instructions_rise() -> None:
    curve = plan().curve()
    arenas, extra = zip(*((p.arena_bytes, p.extra_instructions) for p in curve), strict=True)
    assert list(arenas) == sorted(set(arenas), reverse=True)
    assert list(extra) == sorted(extra) and extra[0] == 0 < extra[1]
    assert curve[0].ops_by_row == 0 < curve[-1].ops_by_row
    assert (plan("fast").point, plan("small").point) == (curve[0], curve[-1])


def test_a_budget_takes_the_fastest_plan_that_keeps_to_it() -> None:
    beside = fit.firmware_ram(plan(), BOARD) - plan().arena.bytes
    for point in plan().curve():
        if point.arena_bytes > plan().arena.bytes:
            continue  # more than the live tensors take at their peak
        found = plan(max_ram=point.arena_bytes + beside)
        assert found.point == point
        assert fit.firmware_ram(found, BOARD) == point.arena_bytes + beside


def test_a_budget_that_no_plan_keeps_to_names_the_least_ram_there_is() -> None:
    least = fit.firmware_ram(plan("small"), BOARD)
    with pytest.raises(GateError, match=f"takes about {least:,} B, an arena of 4,160 B") as caught:
        plan(max_ram=4096)
    assert "No plan takes less, row by row either. The peak is at" in caught.value.message
    with pytest.raises(GateError, match="without --memory fast, an arena of 4,160 B is enough"):
        plan("fast", max_ram=least + 1000)


def test_what_is_measured_decides_where_an_estimate_is_close() -> None:
    least = fit.firmware_ram(plan("small"), BOARD)
    assert plan(max_ram=least - 500).point == plan("small").point


def test_plans_are_made_once_and_only_when_they_are_asked_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made = []
    divisions = planner._divisions

    def counted(*arguments: Any) -> Any:
        made.append(1)
        return divisions(*arguments)

    monkeypatch.setattr(planner, "_divisions", counted)
    found = planner.plans(read_graph(MODEL, None), Target.DSP)
    assert found.within(None) is found.within(1 << 20) is found.plain and not made
    small = found.within(0)
    assert small is found.within(0) and small.curve() == found.plain.curve() and made == [1]


def test_tflm_has_no_rows() -> None:
    graph = read_graph(MODEL, None)
    assert isinstance(plans := planner.plans(graph, whole=True), Plans)
    assert len(plans.curve()) == 1


def test_a_plan_takes_no_more_than_the_live_tensors() -> None:
    """The phases of a transposed convolution cannot run into its input, its rows can."""
    plans = planner.plans(read_graph(MODEL, None), Target.DSP)
    assert plans.plain.arena.bytes > plans.live_peak == 20_480
    fitting = plans.fitting()
    assert fitting.arena.bytes <= plans.live_peak
    assert [fitting.graph.ops[s.first].kind for s in fitting.segments] == ["TRANSPOSE_CONV"]
    assert fitting is plans.fitting(1 << 20) and plan().arena.bytes == fitting.arena.bytes
    assert plans.fitting(10_000).arena.bytes <= 10_000
    assert plan("fast").arena.bytes == plans.plain.arena.bytes
