"""A real Renode, which MCUFORGE_RENODE names; without one, these tests are skipped."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from real_renode import Small
from small_model import small_classifier

from mcuforge import planning
from mcuforge.oracle.tflm import TFLM
from mcuforge.samples import quantised
from mcuforge.simulate.renode_program import find_renode


@pytest.fixture(scope="session")
def renode() -> Path:
    """Where Renode is."""
    if not os.environ.get("MCUFORGE_RENODE"):
        pytest.skip("no MCUFORGE_RENODE")
    path = find_renode()
    assert path is not None, "MCUFORGE_RENODE names no program"
    return path


@pytest.fixture(scope="session")
def small(tmp_path_factory: pytest.TempPathFactory) -> Small:
    """The model that fits the smallest board."""
    tflite = tmp_path_factory.mktemp("small") / "small.tflite"
    tflite.write_bytes(small_classifier())
    plan = planning.make_plan(tflite, "small")
    inputs = quantised.random_samples(plan.graph, 25)
    return Small(plan, inputs, TFLM.run(tflite.read_bytes(), inputs))
