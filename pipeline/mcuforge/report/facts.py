"""What a run leaves, from which the sections of its page take what they show."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy.typing as npt

from mcuforge.boards import Board
from mcuforge.build import BuildResult
from mcuforge.planning import FIT, SPEED
from mcuforge.planning.plan import Plan
from mcuforge.proof.prove import Proof
from mcuforge.recipe import Recipe
from mcuforge.simulate.choose import Choice


@dataclass(frozen=True, eq=False)
class RunFacts:
    """One run: the plan, what was built and measured, and the samples.

    `engine` computed on the device. `simulated` is None on hardware. `inputs` are real values
    [N, ...] for each input, `golden` what `metrics.load_golden` read, `floats` the float model's
    outputs [N, ...]: None where the run had none. `proof` holds the quantised outputs of the oracle
    and of the device. `optimize` is what the plan was made for, `described_by` the recipe that
    brings the labels, `output` the folder that the run writes to, `memory` and
    `max_ram` as in `plan_for`.
    """

    plan: Plan
    board: Board
    engine: str
    built: BuildResult
    proof: Proof
    simulated: Choice | None = None
    recipe: Recipe | None = None
    inputs: Sequence[npt.NDArray[Any]] | None = None
    golden: Mapping[str, npt.NDArray[Any]] | None = None
    floats: Sequence[npt.NDArray[Any]] | None = None
    optimize: str = SPEED
    described_by: Recipe | None = None
    output: Path | None = None
    memory: str = FIT
    max_ram: int | None = None
