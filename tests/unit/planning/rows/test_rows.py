"""Plans whose ops run row by row: no row is read that is not there, and little memory is needed."""

from __future__ import annotations

from pathlib import Path

import generator
import plan_check
import pytest
import stand_ins
from hypothesis import given
from hypothesis import strategies as st

from mcuforge.errors import UnsupportedError
from mcuforge.frontend import read_graph
from mcuforge.frontend.graph import Graph
from mcuforge.planning import planner
from mcuforge.planning.row_window import RowWindow
from mcuforge.planning.target import Target

MODELS = Path(__file__).parents[4] / "models"
# Bytes of the arena when all that can runs row by row, inputs and outputs included.
SMALLEST = {
    "autoencoder": 4160, "unet": 26_688, "ic": 17_024, "kws": 5632, "vww": 28_144,
    "wake_word": 3840, "ad": 768,
}  # fmt: skip


def graph(name: str, folder: Path) -> Graph:
    if name in stand_ins.MODELS:
        path = folder / f"{name}.tflite"
        path.write_bytes(stand_ins.MODELS[name]())
        return read_graph(path, name)
    return read_graph(MODELS / name / "artifacts" / "model.tflite", name)


@pytest.mark.parametrize(
    ("name", "target"),
    [
        pytest.param(name, target, marks=pytest.mark.slow)
        if name == "vww" or (name == "unet" and target is not Target.DSP)
        else (name, target)
        for target in Target
        for name in ("autoencoder", "unet", *stand_ins.MODELS)
    ],
)
def test_what_is_read_is_there(name: str, target: Target, tmp_path: Path) -> None:
    plans = planner.plans(graph(name, tmp_path), target)
    whole, small = plans.fitting(), plans.within(0)
    assert plan_check.check(whole) > 0 and plan_check.check(small) > 0
    assert small.arena.bytes <= whole.arena.bytes
    if target is Target.DSP and name in SMALLEST:
        assert small.arena.bytes <= SMALLEST[name]


def test_a_budget_takes_no_more_than_it_needs(tmp_path: Path) -> None:
    plans = planner.plans(graph("unet", tmp_path), Target.DSP)
    steps = []
    for budget in (80_000, 60_000, 50_000, 36_000, 0):
        plan = plans.within(budget)
        assert plan.arena.bytes <= max(budget, SMALLEST["unet"])
        steps.append(sum(len(s.stream.steps) for s in plan.segments if s.stream))
    assert steps == sorted(steps) and steps[0] == 0 < steps[1]


def check_networks(seeds: range) -> tuple[int, int]:
    """How many networks have rows, of how many that compile."""
    compiled = with_rows = 0
    for seed in seeds:
        network = generator.network(seed, "int16" if seed % 5 == 4 else "int8")
        target = list(Target)[seed % len(Target)]
        try:
            graph = _read(network.tflite())
            plans = planner.plans(graph, target)
        except UnsupportedError:
            continue
        fitting, small = plans.fitting(), plans.within(0)
        for plan in (plans.plain, fitting, small):
            plan_check.check(plan)
        assert small.arena.bytes <= fitting.arena.bytes <= plans.plain.arena.bytes
        at_peak = small.ops[small.arena.peak_op]  # whose scratch may have nowhere to go
        gaps = plans.live_peak // 16 + 3 * 16  # placing dozens of tensors may leave some
        assert fitting.arena.bytes <= plans.live_peak + at_peak.scratch_bytes + gaps
        compiled += 1
        with_rows += bool(small.segments)
    return with_rows, compiled


def _read(model: bytes) -> Graph:
    from mcuforge.frontend import sound, tflite_reader

    return sound(tflite_reader.read_bytes(model, "network", "network"))


def test_random_networks() -> None:
    _, compiled = check_networks(range(20))
    assert compiled >= 15


@pytest.mark.slow
def test_a_thousand_random_networks() -> None:
    _, compiled = check_networks(range(20, 1020))
    assert compiled >= 900


@given(
    step=st.integers(0, 4), before=st.integers(-6, 6), reach=st.integers(0, 6),
    rows=st.integers(1, 9), divisor=st.integers(1, 4), y=st.integers(0, 12),
)  # fmt: skip
def test_windows_never_go_back(
    step: int, before: int, reach: int, rows: int, divisor: int, y: int
) -> None:
    window = RowWindow(step, before, reach - before, rows, divisor)
    (first, end), (later, last) = window(y), window(y + 1)
    assert 0 <= first <= end <= rows and first <= later and end <= last
    seen = window.seen(y)
    assert seen.rows == end - first and (seen.above >= 0 or seen.rows == 0)
