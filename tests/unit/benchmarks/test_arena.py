"""The arenas that `benchmarks/arena.py --check` holds, as planned, and what it calls too much."""

from __future__ import annotations

import json
from pathlib import Path

import arena
import pytest
import speed

from mcuforge import planning
from mcuforge.planning.target import Target

LIMITS = json.loads(arena.LIMITS.read_text())


@pytest.mark.parametrize("name", speed.NAMES)
def test_the_smallest_arena_is_within_its_limit(name: str, tmp_path: Path) -> None:
    tflite = speed.file_of(name, tmp_path)
    plan = planning.make_plan(tflite, name, Target.DSP, budget=0)
    assert plan.arena.bytes <= LIMITS["models"][name]


def figures(arena_bytes: int, instructions: int) -> arena.Measured:
    fast = arena.Figures(20_000, 100_000)
    return {"fast": fast, "fit": fast, "small": arena.Figures(arena_bytes, instructions)}


def test_what_exceeds_a_limit_is_told() -> None:
    assert list(arena.exceeded("ad", figures(768, 102_900), LIMITS)) == []
    (line,) = arena.exceeded("ad", figures(784, 102_900), LIMITS)
    assert line == "ad: the arena has 784 B, more than 768 B"
    (line,) = arena.exceeded("ad", figures(768, 103_100), LIMITS)
    assert line == "ad: 3.1 % more instructions, beyond 3 %"
    assert list(arena.exceeded("mine", figures(10**6, 100_000), LIMITS)) == []
