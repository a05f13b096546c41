"""What a search may choose: a recipe's `[search]` table.

[search]
epochs = 8                    # of a trial; those of [train] if missing
objectives = ["quality", "ram"]   # and flash, cycles, instructions, arena
metric = "mean_iou"           # what quality is; the main one of the recipe's metric if missing

[search.figures]              # what is an objective as well: other metrics, what the script tells
kl = "less"                   # less of it is better
silhouette = "more"

[search.options]              # keyword arguments of the script's train()
levels = [2, 3]                                   # one of these
width = { from = 4, to = 24, step = 4 }           # a whole number
rate = { from = 1e-4, to = 1e-2, log = true }     # a real number
bottleneck = { choices = ["dense", "conv"], when = { levels = 3 } }

[search.quantization]         # as in [quantization]
calibration = ["converter", "percentile 0.1 99.9"]
bits = ["8", "16x8"]

[search.run]                  # as the options of `mcuforge run`
memory = ["fit", "small"]

A choice with `when` is made only where another one, which stands before it, came out as told: of
`[search.options]` by its name, of the other tables as `quantization.bits`.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from msgspec import UNSET, Meta, UnsetType, structs

from mcuforge.files import typed_toml
from mcuforge.files.typed_toml import Problem, Table, Text
from mcuforge.recipe import metric_names

TABLE = "search"
OBJECTIVES = ("quality", "ram", "flash", "cycles", "instructions", "arena")
QUANTIZATION, RUN = "quantization", "run"
_MOST_VALUES = 1000
Option = bool | int | float | str


@dataclass(frozen=True)
class Choice:
    """A choice: one of `values`, or where there are none a number from `low` to `high`.

    With `step` these are low, low + step, ...; with `log` small ones are as likely as large ones.
    Whole numbers where `low` and `high` are. `when` pairs names of earlier choices with what they
    must have come out as. `name` begins with the table's, but for options of the training script.
    """

    name: str
    values: tuple[Option, ...] = ()
    low: float = 0
    high: float = 0
    step: float | None = None
    log: bool = False
    when: tuple[tuple[str, tuple[Option, ...]], ...] = ()

    def may_be(self, value: Option) -> bool:
        """Whether it may come out as `value`."""
        if self.values:
            return any(same(value, each) for each in self.values)
        return not isinstance(value, bool | str) and self.low <= value <= self.high

    def is_made(self, made: Mapping[str, Option]) -> bool:
        """Whether it is made at all, where the earlier choices came out as `made`."""
        return all(
            name in made and any(same(made[name], each) for each in values)
            for name, values in self.when
        )


@dataclass(frozen=True)
class Search:
    """What a search may choose, and what it looks for. None: as the recipe says elsewhere.

    Of no `objectives`, `search.figures.default_objectives` tells them for a board.
    `figures` are objectives beside `objectives`, each with whether more of it is better.
    """

    choices: tuple[Choice, ...]
    objectives: tuple[str, ...] | None = None
    epochs: int | None = None
    metric: str | None = None
    figures: tuple[tuple[str, bool], ...] = ()


_Value = Annotated[Option, Meta(description="must be true, false, a number or a text")]
_Values = Annotated[list[_Value], Meta(min_length=1, max_length=_MOST_VALUES)]


class ChoiceTable(
    Table, frozen=True, forbid_unknown_fields=True, rename={"low": "from", "high": "to"}
):
    """A choice: `choices`, or a range `from` ... `to`; `when` other choices came out as told."""

    choices: _Values | UnsetType = UNSET
    low: int | float | UnsetType = UNSET
    high: int | float | UnsetType = UNSET
    step: int | float | UnsetType = UNSET
    log: bool | UnsetType = UNSET
    when: dict[str, Option | _Values] | UnsetType = UNSET


_Choice = Annotated[
    _Values | ChoiceTable,
    Meta(
        description="must be a list of values, such as [2, 3], or a table: { from = 4, to = 16, "
        "step = 4 }, { from = 1e-4, to = 1e-2, log = true }, or { choices = [...], when = { other "
        "= true } }"
    ),
]


class QuantizationChoices(Table, frozen=True, forbid_unknown_fields=True):
    """Choices among the settings of `[quantization]`."""

    calibration: _Choice | UnsetType = UNSET
    bits: _Choice | UnsetType = UNSET
    activations: _Choice | UnsetType = UNSET
    weights: _Choice | UnsetType = UNSET
    bias_correction: _Choice | UnsetType = UNSET
    equalization: _Choice | UnsetType = UNSET


class RunChoices(Table, frozen=True, forbid_unknown_fields=True):
    """Choices among the options of `mcuforge run`."""

    memory: _Choice | UnsetType = UNSET
    optimize: _Choice | UnsetType = UNSET


class SearchTable(Table, frozen=True, forbid_unknown_fields=True):
    """The `[search]` table of a recipe: what `mcuforge tune` may choose."""

    epochs: Annotated[int, Meta(ge=1, le=100_000)] | UnsetType = UNSET
    objectives: list[Text] | UnsetType = UNSET
    metric: Text | UnsetType = UNSET
    figures: dict[str, Literal["less", "more"]] | UnsetType = UNSET
    options: dict[str, _Choice] | UnsetType = UNSET
    quantization: QuantizationChoices | UnsetType = UNSET
    run: RunChoices | UnsetType = UNSET


_ALLOWED: dict[str, tuple[Option, ...]] = {
    "quantization.bits": ("8", "16x8"),
    "quantization.activations": ("asymmetric", "symmetric"),
    "quantization.weights": ("per-channel", "per-tensor"),
    "quantization.bias_correction": (True, False),
    "quantization.equalization": (True, False),
    "run.memory": ("fit", "fast", "small"),
    "run.optimize": ("speed", "size"),
}


def same(one: Option, other: Option) -> bool:
    """Whether two values are the same choice: 1 is not true."""
    return isinstance(one, bool) == isinstance(other, bool) and one == other


def problems(content: Any, metric: str) -> list[Problem]:
    """What is wrong with a `[search]` table beyond its types, in a recipe with this `metric`."""
    if content is None or typed_toml.problems(content, SearchTable, TABLE):
        return []  # which are told already
    table = typed_toml.convert(content, SearchTable)
    found = [*_of_objectives(table, metric), *_of_figures(table)]
    made: dict[str, Choice] = {}
    for key, name, given in _given(table):
        found += [Problem(key, text) for text in _of_choice(name, given, made)]
        made[name] = _choice(name, given)
    if not made:
        found.append(Problem(TABLE, "has no choice: [search.options] names what may vary"))
    return found


def from_table(content: Mapping[str, Any] | None) -> Search | None:
    """The `[search]` table of a recipe, known to have no problems; None where there is none."""
    if content is None:
        return None
    table = typed_toml.convert(content, SearchTable)
    return Search(
        choices=tuple(_choice(name, given) for _, name, given in _given(table)),
        objectives=None if isinstance(table.objectives, UnsetType) else tuple(table.objectives),
        epochs=None if isinstance(table.epochs, UnsetType) else table.epochs,
        metric=None if isinstance(table.metric, UnsetType) else table.metric,
        figures=()
        if isinstance(table.figures, UnsetType)
        else tuple((name, better == "more") for name, better in table.figures.items()),
    )


def _given(table: SearchTable) -> Iterator[tuple[str, str, list[Option] | ChoiceTable]]:
    """Key in the file, name of the choice, and what is said of it, in their order."""
    if not isinstance(table.options, UnsetType):
        for name, given in table.options.items():
            yield f"{TABLE}.options.{name}", name, given
    for part, choices in ((QUANTIZATION, table.quantization), (RUN, table.run)):
        if not isinstance(choices, UnsetType):
            for name, given in structs.asdict(choices).items():
                if given is not UNSET:
                    yield f"{TABLE}.{part}.{name}", f"{part}.{name}", given


def _choice(name: str, given: list[Option] | ChoiceTable) -> Choice:
    if isinstance(given, list):
        return Choice(name, tuple(given))
    return Choice(
        name,
        () if isinstance(given.choices, UnsetType) else tuple(given.choices),
        0 if isinstance(given.low, UnsetType) else given.low,
        0 if isinstance(given.high, UnsetType) else given.high,
        None if isinstance(given.step, UnsetType) else given.step,
        given.log is True,
        () if isinstance(given.when, UnsetType) else tuple(map(_condition, given.when.items())),
    )


def _condition(item: tuple[str, Option | list[Option]]) -> tuple[str, tuple[Option, ...]]:
    name, values = item
    return name, tuple(values) if isinstance(values, list) else (values,)


def _of_objectives(table: SearchTable, metric: str) -> Iterator[Problem]:
    names = ["quality"] if isinstance(table.objectives, UnsetType) else table.objectives
    for name in names:
        if name not in OBJECTIVES:
            known = ", ".join(OBJECTIVES)
            yield Problem(f"{TABLE}.objectives", f"there is no '{name}'; there are: {known}")
    if len(set(names)) != len(names) or not names:
        yield Problem(f"{TABLE}.objectives", "must name at least one objective, each once")
    given = metric_names.GIVEN.get(metric, metric_names.ALL)
    if isinstance(table.metric, UnsetType):
        if metric in metric_names.GIVEN and not given and "quality" in names:
            yield Problem(TABLE, f"metric '{metric}' measures no quality to search for")
    elif table.metric not in given or metric_names.less_is_better(table.metric) is None:
        known = ", ".join(n for n in given if metric_names.less_is_better(n) is not None)
        yield Problem(f"{TABLE}.metric", f"there is no '{table.metric}' here; there are: {known}")


def _of_figures(table: SearchTable) -> Iterator[Problem]:
    if isinstance(table.figures, UnsetType):
        return
    for name in table.figures:
        if name in OBJECTIVES:
            yield Problem(f"{TABLE}.figures.{name}", "is one of 'objectives', and belongs there")
        elif not name.isidentifier():
            yield Problem(f"{TABLE}.figures.{name}", "must be a name that a script can tell")


def _of_choice(
    name: str, given: list[Option] | ChoiceTable, made: Mapping[str, Choice]
) -> Iterator[str]:
    """What is wrong with a choice, of which `made` stand before it."""
    values = given if isinstance(given, list) else given.choices
    if isinstance(given, ChoiceTable):
        yield from _of_range(given)
        yield from _of_conditions(given, made)
    if not isinstance(values, UnsetType):
        if len({(type(v), v) for v in values}) != len(values):
            yield "names a value twice"
        if any(isinstance(v, float) and not math.isfinite(v) for v in values):
            yield "names a number that is not finite"
    if name in _ALLOWED:
        allowed = _ALLOWED[name]
        listed = ", ".join(str(each).lower() for each in allowed)
        if isinstance(values, UnsetType) or any(
            not any(same(value, each) for each in allowed) for value in values
        ):
            yield f"must be a list out of: {listed}"


def _of_range(given: ChoiceTable) -> Iterator[str]:
    low, high, step = given.low, given.high, given.step
    ranged = [each for each in (low, high, step, given.log) if each is not UNSET]
    if not isinstance(given.choices, UnsetType):
        if ranged:
            yield "has 'choices', and parts of a range as well"
        return
    if isinstance(low, UnsetType) or isinstance(high, UnsetType):
        yield "needs 'choices', or 'from' and 'to'"
        return
    if not (math.isfinite(low) and math.isfinite(high) and low < high):
        yield f"needs a range: 'from' {low:g} is not below 'to' {high:g}"
    if not isinstance(step, UnsetType):
        if not (math.isfinite(step) and 0 < step <= high - low):
            yield f"has a step of {step:g} in a range of {high - low:g}"
        if given.log is True:
            yield "has 'step' and 'log'; give one"
        if isinstance(low, int) and isinstance(high, int) and not isinstance(step, int):
            yield "has whole ends, so its step must be whole as well"
    if given.log is True and low <= 0:
        yield "has 'log', which needs a range above 0"


def _of_conditions(given: ChoiceTable, made: Mapping[str, Choice]) -> Iterator[str]:
    if isinstance(given.when, UnsetType):
        return
    for name, values in map(_condition, given.when.items()):
        if name not in made:
            known = ", ".join(made) or "none"
            yield f"depends on '{name}', which is no choice before it; there are: {known}"
            continue
        for value in values:
            if not made[name].may_be(value):
                yield f"depends on {name} = {value!r}, which it never is"
