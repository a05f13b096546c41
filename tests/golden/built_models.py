"""A model of the repository, planned, emitted and built for this computer under sanitizers."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from mcuforge import boards, planning
from mcuforge.build import build
from mcuforge.emit import project
from mcuforge.planning.plan import Plan
from mcuforge.recipe import Recipe, load

MODELS = Path(__file__).parents[2] / "models"


@dataclass(frozen=True, eq=False)
class Built:
    """A model's recipe, its plan, and the host build of its firmware."""

    recipe: Recipe
    plan: Plan
    folder: Path
    executable: Path


def build_for_host(name: str, folder: Path) -> Built:
    """Emit the model's project into `folder` and build it."""
    recipe = load(MODELS / name)
    plan = planning.make_plan(recipe.tflite, recipe.name)
    project.emit(plan, boards.load("host"), folder)
    return Built(recipe, plan, folder, build(folder, "host-asan").elf)
