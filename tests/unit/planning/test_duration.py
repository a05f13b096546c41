"""Cycles that are estimated before a build are about those that `profile` counts."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest
from graphs import relu_chain
from stand_ins import MODELS as STAND_INS

from mcuforge import boards
from mcuforge.boards import Board
from mcuforge.frontend import tflite_reader
from mcuforge.planning import duration, fit, planner
from mcuforge.planning.plan import Plan
from mcuforge.planning.target import Target

ROOT = Path(__file__).parents[3]
ZOO = ROOT / "tests" / "zoo" / "models"
MEASURED = json.loads((ROOT / "benchmarks" / "durations.json").read_text())
OF_CORE = {
    "cortex-m0": "microbit",
    "cortex-m0plus": "pico",
    "cortex-m3": "mps2-an385",
    "cortex-m4": "mps2-an386",
    "cortex-m7": "mps2-an500",
    "cortex-m33": "mps2-an505",
    "cortex-m55": "mps3-an547",
    "cortex-m55-helium": "mps3-an547-helium",
}
CLOSE = 1.25  # of models that the table was fitted to, among others
MODELS: dict[str, Callable[[], bytes]] = {
    "unet": (ROOT / "models/unet/artifacts/model.tflite").read_bytes,
    "kws": STAND_INS["kws"],
    "wake_word": STAND_INS["wake_word"],
    "zoo/mobilenet_v2": (ZOO / "mobilenet_v2.tflite").read_bytes,
    "zoo/resnet8_16x8": (ZOO / "resnet8_16x8.tflite").read_bytes,
}


@cache
def plan_of(model: str, target: Target) -> Plan:
    return planner.plan(tflite_reader.read_bytes(MODELS[model](), model), target)


@pytest.mark.parametrize("model", MODELS)
def test_estimates_are_close_to_what_was_counted(model: str) -> None:
    for core, name in OF_CORE.items():
        board = boards.load(name)
        found = duration.estimated(plan_of(model, Target.of(board)), board)
        assert found is not None and found.guessed == ()
        factor = found.cycles / MEASURED[core][model]
        assert 1 / CLOSE < factor < CLOSE, (core, factor)


def test_every_core_is_known_and_says_how_good_it_is() -> None:
    assert set(MEASURED) == set(OF_CORE)
    for core, name in OF_CORE.items():
        known = boards.load(name).core
        assert known is not None and duration.core_key(known) == core
        judged = duration.judged(known)
        assert judged.models >= 30 and 1 < judged.usual < 1.6 and judged.usual < judged.worst


@pytest.mark.parametrize("model", ["unet", "kws", "wake_word"])
def test_the_table_is_that_of_todays_kernels(model: str) -> None:
    """An instruction takes one to two cycles; else measure anew: benchmarks/durations.py."""
    counted = json.loads((ROOT / "benchmarks" / "speed.json").read_text())
    for board, target in (("mps2-an386", Target.DSP), ("mps3-an547-helium", Target.HELIUM)):
        found = duration.estimated(plan_of(model, target), boards.load(board))
        assert found is not None
        assert 1.1 < found.cycles / counted[board][model]["instructions"] < 1.9


@pytest.mark.parametrize("model", ["unet", "kws", "wake_word"])
def test_flash_is_estimated_a_little_above_the_linked_firmware(model: str) -> None:
    linked = json.loads((ROOT / "benchmarks" / "speed.json").read_text())
    for board, target in (("mps2-an386", Target.DSP), ("mps3-an547-helium", Target.HELIUM)):
        sizes = linked[board][model]
        factor = fit.flash_bytes(plan_of(model, target)) / (sizes["code"] + sizes["constants"])
        assert 1 <= factor < 1.1, (board, factor)


def relu_on(board: Board) -> int:
    found = duration.estimated(planner.plan(relu_chain(3, elements=5000)), board)
    assert found is not None
    return found.cycles


def test_wait_states_take_time() -> None:
    board = boards.load("mps2-an386")
    slow = replace(board, flash_wait_states=5)
    assert 1.2 * relu_on(board) < relu_on(slow) < 6 * relu_on(board)


def test_a_larger_tensor_takes_longer_in_proportion() -> None:
    board = boards.load("mps2-an385")
    small, large = (
        duration.estimated(planner.plan(relu_chain(1, elements=n)), board) for n in (10**5, 10**6)
    )
    assert small is not None and large is not None
    assert 9 < large.cycles / small.cycles < 11


def test_a_computer_is_not_estimated() -> None:
    assert duration.estimated(planner.plan(relu_chain(1)), boards.load("host")) is None


def test_a_kernel_that_was_not_measured_is_named_and_counted() -> None:
    plan = planner.plan(relu_chain(1, elements=5000))
    (op,) = plan.ops
    odd = replace(op, calls=tuple(replace(call, kernel="odd_s8") for call in op.calls))
    found = duration.estimated(replace(plan, ops=(odd,)), boards.load("mps2-an385"))
    assert found is not None and found.guessed == ("odd_s8",) and found.cycles > 5000


def test_a_core_without_dsp_instructions_runs_the_portable_kernels() -> None:
    core = boards.load("nucleo-l552ze-q").core
    assert core is not None
    assert duration.core_key(core) == "cortex-m33"
    assert duration.core_key(replace(core, dsp=False)) == "cortex-m3"
    m55 = boards.load("mps3-an547-helium").core
    assert m55 is not None and duration.core_key(m55) == "cortex-m55-helium"
