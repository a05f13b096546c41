"""`tune.json`, and what `tune --json` prints."""

from __future__ import annotations

from msgspec import Struct

from mcuforge.documents.run import Count, Number

SCHEMA = "tune/1"
Chosen = bool | int | float | str


class Objective(Struct, frozen=True):
    """What is to become large, or else small."""

    name: str
    more_is_better: bool


class Budgets(Struct, frozen=True):
    """The most that a model may cost; null: no bound."""

    max_flash: Count | None
    max_ram: Count | None
    max_instructions: Count | None
    max_cycles: Count | None


class Trial(Struct, frozen=True):
    """A trial: what it tried, how it ended, and what it found.

    `end` is complete, pruned (given up while it trained), cut (a budget would break), failed, or
    waiting or running where the search is not over. `costs` were measured, `forecast` is what was
    expected before it trained. `metrics` are those of the device. `report` is the page, if it lies
    on this computer, relative to the folder of the document.
    """

    number: Count
    end: str
    on_front: bool
    params: dict[str, Chosen]
    quality: Number
    costs: dict[str, Number]
    forecast: dict[str, Number]
    metrics: dict[str, Number]
    float_metrics: dict[str, Number]
    figures: dict[str, Number]
    curve: tuple[tuple[int, Number], ...]
    reason: str
    sha256: str | None
    report: str | None


class TuneDocument(Struct, frozen=True):
    """A search: its trials by number, and `front`, those that no other one beats.

    `counts` say how many trials ended in which way, `importance` how much each choice decides, of 1
    in all, for each objective.
    """

    mcuforge: str
    schema: str
    study: str
    model: str
    board: str
    metric: str | None
    seed: int
    epochs: int | None
    objectives: tuple[Objective, ...]
    budgets: Budgets
    asked: Count
    counts: dict[str, Count]
    importance: dict[str, dict[str, Number]]
    front: tuple[Count, ...]
    trials: tuple[Trial, ...]


SWEEP = "sweep/1"


class Combination(Struct, frozen=True):
    """One model on one board, in one way. `quality` is that of `metric`, the main one.

    `report` is its page, relative to the folder of the document.
    """

    number: Count
    end: str
    params: dict[str, Chosen]
    quality: Number
    metric: str | None
    costs: dict[str, Number]
    metrics: dict[str, Number]
    float_metrics: dict[str, Number]
    quantization: str | None
    reason: str
    sha256: str | None
    report: str | None


class SweepDocument(Struct, frozen=True):
    """Every combination of what was asked for."""

    mcuforge: str
    schema: str
    study: str
    combinations: tuple[Combination, ...]
