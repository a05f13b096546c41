"""What a search is about: a recipe, a board, budgets; the same for all of its workers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from mcuforge import boards, recipe
from mcuforge.boards import Board
from mcuforge.errors import UsageError
from mcuforge.planning import cycles
from mcuforge.recipe import Recipe, metric_names, quantization
from mcuforge.recipe.quantization import QuantizationSettings
from mcuforge.recipe.search import TABLE, Option, Search
from mcuforge.search import recipes
from mcuforge.search.figures import (
    CYCLES,
    QUALITY,
    Budgets,
    Objective,
    default_objectives,
    objectives,
)
from mcuforge.search.fingerprint import fingerprint
from mcuforge.training import train

KIND = "tune"


@dataclass(frozen=True)
class Task:
    """A search. `trains` is False where it chooses among quantisations of the model that is there.

    `epochs` are those of a trial, `metric` that of quality. `size` is that of a generation,
    `beat_seconds` how often workers tell that they live.
    """

    recipe: Recipe
    search: Search
    board: Board
    budgets: Budgets
    objectives: tuple[Objective, ...]
    metric: str | None
    epochs: int | None
    seed: int
    size: int
    count: int | None
    beat_seconds: float

    @property
    def trains(self) -> bool:
        """Whether trials train."""
        return any("." not in choice.name for choice in self.search.choices)

    @property
    def converts(self) -> bool:
        """Whether trials make Keras models, or convert the one that is there."""
        return self.recipe.keras is not None

    def settings(self) -> dict[str, Any]:
        """What a storage keeps, and workers must agree on."""
        return {
            "kind": KIND,
            "model": self.recipe.name,
            "recipe": fingerprint(self.recipe, trained=self.trains),
            "board": self.board.name,
            "budgets": self.budgets.as_dict(),
            "objectives": [asdict(each) for each in self.objectives],
            "metric": self.metric,
            "epochs": self.epochs,
            "seed": self.seed,
            "generation": self.size,
            "count": self.count,
            "heartbeat": self.beat_seconds,
        }

    def check_options(self) -> None:
        """Raise `UsageError` where the training script does not take what may be chosen."""
        choices = {
            each.name: each.values or (each.low, each.high)
            for each in self.search.choices
            if "." not in each.name
        }
        if choices:
            train.check_choices(self.recipe, choices, f"{TABLE}.options")

    def quantised_with(self, params: Mapping[str, Option]) -> QuantizationSettings:
        """The settings that a trial is converted with. Raises `UsageError` where they clash."""
        words: dict[str, Any] = recipes.quantization(params)
        return quantization.combine(self.recipe.quantization, **words)

    def is_valid(self, params: Mapping[str, Option]) -> bool:
        """Whether what is chosen goes together."""
        try:
            self.quantised_with(params)
        except UsageError:
            return False
        return True


def asked(
    model: Path,
    board: Board,
    budgets: Budgets,
    *,
    epochs: int | None,
    seed: int,
    size: int,
    count: int | None,
    beat_seconds: float,
) -> Task:
    """The search of a recipe on a board. Raises `UsageError` where it says not what to search."""
    loaded = recipe.load(model)
    search = loaded.search
    if search is None:
        raise UsageError(
            f"{loaded.file}: has no [search] table, which says what may vary: options of the "
            "training script, quantisation, memory. docs/how-to/tune.md shows one."
        )
    gates = loaded.gates
    budgets = Budgets(
        budgets.max_flash or gates.max_flash,
        budgets.max_ram or gates.max_ram,
        budgets.max_instructions or gates.max_instructions,
        budgets.max_cycles or gates.max_cycles,
    )
    wanted = search.objectives or default_objectives(board)
    _check_cycles(loaded, board, wanted, budgets)
    metric = search.metric or metric_names.MAIN.get(loaded.metric.value)
    if QUALITY not in wanted:
        metric = None
    training = loaded.training
    return Task(
        recipe=loaded,
        search=search,
        board=board,
        budgets=budgets,
        objectives=objectives(wanted, metric, search.figures),
        metric=metric,
        epochs=epochs or search.epochs or (training.epochs if training else None),
        seed=seed,
        size=size,
        count=count,
        beat_seconds=beat_seconds,
    )


def _check_cycles(loaded: Recipe, board: Board, wanted: Sequence[str], budgets: Budgets) -> None:
    """Raise `UsageError` where cycles count that nobody can tell."""
    if cycles.error(board) is not None or (CYCLES not in wanted and budgets.max_cycles is None):
        return
    what = "'cycles' of [search] objectives" if CYCLES in wanted else "the bound of cycles"
    raise UsageError(
        f"{loaded.file}: {what} asks for what is not known of {board.name}: how many cycles its "
        "core takes. Take instructions."
    )


def joined(model: Path, settings: Mapping[str, Any], board: str | None) -> Task:
    """The search that a storage tells of, for a worker with a copy of the recipe.

    `board` is where the board's file is here, if it has one. Raises `UsageError` where the copy
    differs from what the search was begun with.
    """
    task = asked(
        model,
        boards.load(board or settings["board"]),
        Budgets(**settings["budgets"]),
        epochs=settings["epochs"],
        seed=settings["seed"],
        size=settings["generation"],
        count=settings["count"],
        beat_seconds=settings["heartbeat"],
    )
    mine = task.settings()
    differing = [key for key in mine if mine[key] != settings.get(key)]
    if differing:
        raise UsageError(
            f"{task.recipe.file}: this is not what the search was begun with: "
            f"{', '.join(differing)} differ. Its trials would not be comparable. Take the same "
            "files on every machine."
        )
    return task
