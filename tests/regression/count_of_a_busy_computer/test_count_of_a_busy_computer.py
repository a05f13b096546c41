"""Counts with disturbances, as seen in Renode."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from mcuforge import boards, driver, report
from mcuforge.cli import simulate
from mcuforge.device.replies import Stats
from mcuforge.proof import prove
from mcuforge.simulate.choose import Choice

TRUE = 1_341_921
DISTURBED = [TRUE + 59_010, TRUE + 1, TRUE + 129_717, TRUE, TRUE + 59_010]
STATS = Stats(8192, 100, 4000, 4000, 0)


def no_simulator(_: Path) -> Any:
    raise AssertionError


RENODE = Choice("renode", "Renode 1.16.1", Fraction(1), no_simulator, counting_runs=5)
QEMU = Choice("qemu", "QEMU", Fraction(40), no_simulator)


class Disturbed:
    """A device whose stopwatch is disturbed."""

    def __init__(self) -> None:
        self.runs = 0
        tensor = SimpleNamespace(dtype="int8", shape=(1, 4), bytes=4)
        self.info = SimpleNamespace(inputs=[tensor])

    def hello(self, _: str | None = None) -> Any:
        return SimpleNamespace(inputs=(), outputs=(), state_bytes=0)

    def reset(self) -> None:
        pass

    def run(self, _: Any) -> Any:
        self.runs += 1
        ticks = DISTURBED[(self.runs - 1) % len(DISTURBED)]
        return SimpleNamespace(ticks=ticks, outputs=[np.zeros(4, np.int8)])

    def stats(self) -> Stats:
        return STATS


def nothing(_label: str, _done: int, _total: int) -> None:
    pass


@pytest.mark.parametrize("samples", [1, 3, 5, 20])
def test_the_count_is_within_a_percent(samples: int) -> None:
    device: Any = Disturbed()
    graph = SimpleNamespace(model_hash="", inputs=(), outputs=())
    plan: Any = SimpleNamespace(graph=graph, state_bytes=0)
    sample = [np.zeros(4, np.int8)]
    runs = RENODE.counting_runs
    measured = prove.measure(device, "device", plan, [sample] * samples, nothing, runs)
    assert len(measured.outputs) == samples
    assert device.runs == max(samples, 5)
    assert RENODE.count(measured.ticks) == TRUE


def test_a_count_that_is_exact_is_the_mean() -> None:
    assert QEMU.count([100, 102]) == 40 * 101
    assert (QEMU.counting_runs, QEMU.how_counted(2)) == (1, "mean of 2 runs")
    assert RENODE.how_counted(8) == "least of 8 runs"


def test_the_report_says_how_it_was_counted() -> None:
    plan: Any = SimpleNamespace(arena=SimpleNamespace(lower_bound=0), state_bytes=0)
    built: Any = SimpleNamespace(sizes=SimpleNamespace(text=1, constants=2, data=0, ram=3))
    proof: Any = SimpleNamespace(device=prove.Measurement([], tuple(DISTURBED), STATS))
    costs = driver.costs(plan, built, proof, RENODE, 0, boards.load("pico"))
    assert (costs.instructions, costs.counted) == (TRUE, "least of 5 runs")
    shown: Any = SimpleNamespace(costs=costs)
    assert report._instructions(shown) == "1,341,921 (least of 5 runs)"
    exact: Any = SimpleNamespace(costs=replace(costs, counted="mean of 5 runs"))
    assert report._instructions(exact) == "1,341,921"


def test_simulate_takes_the_least_of_several_runs_of_a_sample() -> None:
    device: Any = Disturbed()
    assert simulate._run(device, 0, RENODE.counting_runs)["ticks"] == TRUE
    assert device.runs == 5
