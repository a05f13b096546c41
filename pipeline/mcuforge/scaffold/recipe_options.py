"""What a user may say about a recipe instead of having it guessed."""

from __future__ import annotations

from dataclasses import dataclass

from mcuforge.recipe import Metric
from mcuforge.scaffold.split import SEED


@dataclass(frozen=True)
class RecipeOptions:
    """What a user may say instead of having it guessed; None where it is to be guessed.

    `label_names` are the classes' names in the order of the model's outputs, `normal` is the label
    of what is no anomaly, `divide_by` a number that all samples are divided by. Without `copy` the
    recipe names the model where it lies. `comment` stands at the recipe's beginning.
    """

    metric: Metric | None = None
    name: str | None = None
    calibration: int | None = None
    golden: int | None = None
    seed: int = SEED
    label_names: tuple[str, ...] = ()
    normal: str | None = None
    divide_by: float | None = None
    copy: bool = True
    force: bool = False
    comment: str = "init; `mcuforge schema recipe` tells every key"
