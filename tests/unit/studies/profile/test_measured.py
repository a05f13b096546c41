"""What a board's own stopwatch says, in cycles."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from small_model import small_classifier

from mcuforge import boards, driver, planning
from mcuforge.device.replies import Digest, Stats
from mcuforge.studies.profile import measurement, page

ZOO = Path(__file__).parents[3] / "zoo" / "models"


class Stopwatch:
    """A device whose every op takes 100 ticks, and the whole 90 an op: a trace takes longer."""

    def __init__(self, results: int) -> None:
        self._results = results
        self.asked: list[str] = []

    def hello(self, model_hash: str) -> None:
        self.asked.append(model_hash)

    def reset(self) -> None:
        self.asked.append("reset")

    def run(self, _: Any) -> SimpleNamespace:
        return SimpleNamespace(ticks=90 * self._results)

    def trace(self, _: Any) -> list[Digest]:
        return [Digest(number, 1, 0, 100) for number in range(self._results)]


@pytest.mark.parametrize(
    ("name", "words"), [("microbit", "counts cycles"), ("nucleo-f767zi", "counts cycles")]
)
def test_a_profile_of_a_board(name: str, words: str, tmp_path: Any) -> None:
    board, tflite = boards.load(name), tmp_path / "small.tflite"
    tflite.write_bytes(small_classifier())
    plan = planning.make_plan(tflite)
    count = len(plan.graph.results())
    device: Any = Stopwatch(count)
    profile = measurement.measured(plan, board, device)
    assert device.asked == [plan.graph.model_hash, "reset"]
    each = board.cycles(100)
    assert profile.cycles == board.cycles(90 * count) and profile.source == "measured"
    assert sum(op.cycles for op in profile.ops) == each * count
    assert words in page.note(profile) and "on the board" in page.title(profile)
    content = json.loads(page.as_json(profile))
    assert content["instructions"] is None and content["functions"] == {}
    assert all(op["instructions"] is None for op in content["ops"])
    table = page.op_table(profile)
    assert [str(cell) for cell in table.columns[3].cells] == ["-"] * (len(profile.ops) + 1)


def test_ops_have_the_numbers_that_reports_give_them() -> None:
    """Though the file has them in another order."""
    board, plan = boards.load("microbit"), planning.make_plan(ZOO / "wake_word_variables.tflite")
    device: Any = Stopwatch(len(plan.graph.results()))
    ops = measurement.measured(plan, board, device).ops
    known = planning.cost.summary(plan)["ops"]
    assert [(op.index, op.kind) for op in ops] == [(op["index"], op["kind"]) for op in known]
    assert [op.index for op in plan.graph.ops] != list(range(len(ops)))


def test_parity_on_a_board_reports_what_was_measured(tmp_path: Any) -> None:
    board, tflite = boards.load("stm32f4-discovery"), tmp_path / "small.tflite"
    tflite.write_bytes(small_classifier())
    plan = planning.make_plan(tflite)
    built: Any = SimpleNamespace(sizes=SimpleNamespace(text=1, constants=2, data=0, ram=3))
    device = SimpleNamespace(ticks=(168_000, 168_002), stats=Stats(100, 50, 10, 10, 0))
    proof: Any = SimpleNamespace(device=device)
    found = driver.costs(plan, built, proof, None, 10, board)
    assert found.cycles == 168_001 and found.cycles_from == "measured"
    assert found.milliseconds == pytest.approx(1.0, rel=1e-4) and found.instructions is None
    simulated: Any = SimpleNamespace(count=lambda _: 7, how_counted=lambda _: "exact")
    assert driver.costs(plan, built, proof, simulated, 10, board).cycles is None


def test_ticks_of_a_slower_stopwatch() -> None:
    board = boards.load("microbit")
    slower = replace(board, ticks=replace(board.ticks, hz=4_000_000))
    assert board.cycles(16) == 16 and slower.cycles(16) == 64
    assert slower.stopwatch.endswith("counts 4 cycles a tick")
