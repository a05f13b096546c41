"""What a page shows of ops that run row by row, and of the plans there are."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from made_up_facts import made_up_facts, report_of

from mcuforge.frontend import read_graph
from mcuforge.planning import fit, planner
from mcuforge.planning.plan import Plan
from mcuforge.planning.target import Target
from mcuforge.report import RunReport, as_json, curve, earlier, peak
from mcuforge.report.arena_plot import Arena
from mcuforge.report.sections import memory

MODEL = Path(__file__).parents[3] / "models" / "autoencoder" / "artifacts" / "model.tflite"


@pytest.fixture(scope="module")
def plans() -> list[Plan]:
    return list(planner.plans(read_graph(MODEL, "net"), Target.DSP))


def reported(plan: Plan, folder: Path, measured: int | None = 2_000_000) -> RunReport:
    facts = made_up_facts(plan, folder)
    room = fit.arena_room(plan, facts.board)
    return report_of(facts, curve=curve.of(plan, room, measured))


def test_rows_and_loops_are_drawn_and_the_saving_is_told(plans: list[Plan], tmp_path: Path) -> None:
    text = str(memory.body(reported(plans[-1], tmp_path)))
    assert "of 16 rows" in text and "row by row together" in text
    assert "some rows of a tensor" in text and "ops of the peak" in text
    assert "The arena takes 4,160 B: 80% less than whole tensors, 20,736 B." in text
    assert "which run row by row together, make the peak of 4,160 B" in text


def test_whole_tensors_have_neither(plans: list[Plan], tmp_path: Path) -> None:
    text = str(memory.body(reported(plans[0], tmp_path)))
    assert "row by row together" not in text and "some rows of a tensor" not in text
    assert "less than whole tensors" not in text


def test_the_curve_is_drawn_and_listed(plans: list[Plan], tmp_path: Path) -> None:
    report = reported(plans[2], tmp_path)
    text = str(memory.body(report))
    section = text[text.index("Arena against instructions") :]
    assert section.count("<title>") == len(plans)
    assert section.count("<strong>this one</strong>") == 1 and "2,000,000" in section
    assert "--memory fast" in section and "--memory small" in section
    unmeasured = str(memory.body(reported(plans[2], tmp_path, None)))
    assert f"{plans[2].extra_instructions:,}" in unmeasured and "<th>instructions" not in unmeasured


def test_without_a_choice_there_is_no_curve(plans: list[Plan], tmp_path: Path) -> None:
    report = reported(plans[0], tmp_path)
    assert "Arena against" not in str(memory.body(replace(report, curve=report.curve[:1])))


def test_the_document_holds_the_curve_and_is_read_again(plans: list[Plan], tmp_path: Path) -> None:
    text = as_json([reported(plans[-1], tmp_path)])
    document = json.loads(text)
    (found,) = earlier.parse(text).reports
    assert [p.arena_bytes for p in found.curve] == [plan.arena.bytes for plan in plans]
    assert [p.chosen for p in found.curve].index(True) == len(plans) - 1
    del document["reports"][0]["curve"]  # as older versions wrote it
    (older,) = earlier.parse(json.dumps(document)).reports
    assert older.curve == ()


def test_of_a_loop_only_the_largest_scratch_is_named(plans: list[Plan], tmp_path: Path) -> None:
    report = reported(plans[-1], tmp_path)
    found: memory.Memory = report.details[memory.ID]
    ops = [(op["kind"], op["layer"]) for op in report.ops]
    arena = Arena(
        found.blocks, ops, found.arena_bytes, found.lower_bound, found.peak_op, found.loops
    )
    assert peak.explained(arena)[0].count("scratch of") == 1
