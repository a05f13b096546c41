"""The arena that is reserved for TFLM: not far above what it takes, and tightened on any board."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema
from single_op import Spec, build

from mcuforge import boards, planning
from mcuforge.build import FitError
from mcuforge.engines import tflm
from mcuforge.engines.tflm import TflmModel
from mcuforge.errors import DeviceError
from mcuforge.oracle import tflm as oracle
from mcuforge.planning.plan import Plan
from mcuforge.simulate import tflm_tightening
from mcuforge.simulate.choose import choose

pytestmark = pytest.mark.skipif(not oracle.available(), reason="no tflite-micro on this platform")


def depthwise(folder: Path) -> Path:
    """A depthwise 5 x 5 over few channels: MVE's windows of 124 channels would be far larger."""
    options = schema.DepthwiseConv2DOptionsT()
    options.strideH = options.strideW = options.depthMultiplier = 1
    options.dilationHFactor = options.dilationWFactor = 1
    options.padding = schema.Padding.VALID
    weights = Spec((1, 5, 5, 8), scale=0.5, data=np.ones((1, 5, 5, 8), np.int8))
    model = build("DEPTHWISE_CONV_2D", [Spec((1, 9, 9, 8)), weights], [Spec((1, 5, 5, 8))], options)
    path = folder / "depthwise.tflite"
    path.write_bytes(model)
    return path


def prepared(path: Path, board: str) -> tuple[Plan, TflmModel]:
    plan = planning.make_plan(path)
    return plan, tflm.prepare(plan, path, boards.load(board))


def test_scratch_of_other_cores_is_not_reserved(tmp_path: Path) -> None:
    path = depthwise(tmp_path)
    _, on_m4 = prepared(path, "mps2-an386")
    _, on_m55 = prepared(path, "mps3-an547")
    vector_windows = 4 * 25 * 124
    assert on_m55.arena.margin >= vector_windows
    assert 2 * 25 * 8 <= on_m4.arena.margin < 2 * 25 * 8 + 1024


def test_a_board_with_more_memory_and_the_same_core_is_known() -> None:
    twin = tflm_tightening.with_room(boards.load("nrf52840dk"))
    assert twin is not None and twin.flags == boards.load("nrf52840dk").flags
    assert twin.qemu_machine and twin.ram_bytes > boards.load("nrf52840dk").ram_bytes
    assert tflm_tightening.with_room(twin) is None
    assert tflm_tightening.with_room(boards.load("microbit")) is None  # the only M0


@pytest.mark.parametrize(("board", "tried"), [("stm32f4-discovery", 2), ("microbit", 2)])
def test_where_the_estimate_does_not_fit_another_measure_is_taken(
    board: str, tried: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan, model = prepared(depthwise(tmp_path), board)
    asked: list[tuple[str, int]] = []

    def used(_plan: object, candidate: TflmModel, where: boards.Board, _simulated: object) -> int:
        asked.append((where.name, candidate.arena_bytes))
        if len(asked) < tried:
            raise FitError("too big", {"RAM": 1})
        return 1500

    monkeypatch.setattr(tflm_tightening, "_arena_used", used)
    here = boards.load(board)
    tight = tflm_tightening.tightened(plan, model, here, choose(here, "qemu"))
    assert 1500 <= tight.arena_bytes < model.arena_bytes
    assert asked[0] == (board, model.arena_bytes)
    last_board, last_bytes = asked[-1]
    if board == "microbit":
        assert last_board == board and last_bytes < model.arena_bytes
    else:
        assert last_board != board and last_bytes == model.arena_bytes


def test_the_first_refusal_is_told_where_no_board_has_room(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan, model = prepared(depthwise(tmp_path), "microbit")

    def used(*_: object) -> int:
        raise FitError("it exceeds RAM by 5 bytes", {"RAM": 5})

    monkeypatch.setattr(tflm_tightening, "_arena_used", used)
    board = boards.load("microbit")
    with pytest.raises(FitError, match="exceeds RAM"):
        tflm_tightening.tightened(plan, model, board, choose(board, "qemu"))
    monkeypatch.setattr(tflm_tightening, "_arena_used", lambda *_: fail())
    with pytest.raises(DeviceError):
        tflm_tightening.tightened(plan, replace(model), board, choose(board, "qemu"))


def fail() -> int:
    raise DeviceError("the model did not start")
