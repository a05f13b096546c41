"""The models of the repository on memory that is overwritten wherever nobody is going to read it.

In every memory mode, and with an input and an output that stream, where they can.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

import pytest
import running
import sanitised
from built_models import MODELS

from mcuforge.errors import UnsupportedError
from mcuforge.frontend import read_graph
from mcuforge.frontend.graph import Graph
from mcuforge.oracle.engine import Sample
from mcuforge.planning import planner
from mcuforge.planning.plan import Plan
from mcuforge.planning.rows.borders import BorderRows
from mcuforge.planning.target import Target
from mcuforge.recipe import Recipe, load, metrics
from mcuforge.samples import quantised

QUICK = "vae"
SLOW = [
    "autoencoder",
    "chirps",
    "denoising_autoencoder",
    "sparse_autoencoder",
    "unet",
    "unet/without_skips.toml",
]
BORDERS = (BorderRows(True, True), BorderRows(True, False), BorderRows(False, True))


@pytest.fixture(scope="session")
def kernels(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """All kernels as a sanitised library for each variant."""
    return sanitised.libraries(tmp_path_factory.getbasetemp())


def modes(graph: Graph) -> Iterator[tuple[str, Plan]]:
    """A plan for each memory mode, and the smallest where both ends stream."""
    plans = planner.plans(graph, Target.DSP)
    yield "fast", plans.plain
    yield "fit", plans.fitting()
    yield "small", plans.within(0)
    for borders in BORDERS:
        with contextlib.suppress(UnsupportedError):  # rows are not made in order, or there are none
            yield "rows", planner.plans(graph, Target.DSP, borders=borders).within(0)
            return


def golden(recipe: Recipe, graph: Graph) -> list[Sample]:
    """As many samples as a program takes steps."""
    inputs = metrics.load_golden(recipe.golden, recipe.metric)["inputs"][: running.STEPS]
    return quantised.quantize_batch(inputs, graph, "golden")


@pytest.mark.parametrize("name", [QUICK, *(pytest.param(n, marks=pytest.mark.slow) for n in SLOW)])
def test_every_op_equals_the_oracle_in_every_memory_mode(
    name: str, tmp_path: Path, kernels: dict[str, Path]
) -> None:
    recipe = load(MODELS / name)
    graph = read_graph(recipe.tflite, recipe.name)
    steps, tflite = golden(recipe, graph), recipe.tflite.read_bytes()
    trials = [running.Trial(mode, tflite, plan, steps) for mode, plan in modes(graph)]
    assert trials[-2].plan.segments and trials[-1].plan.streamed
    assert running.problems(trials, tmp_path, kernels) == {}
