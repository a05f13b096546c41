"""What a model must keep to: a recipe's `[gates]` table, or options on the command line.

[gates]
max_flash = "64k"             # bytes: a number, or 64k and 1M of 1024
max_ram = "32k"
max_instructions = "5M"       # of one inference: a number, or 500k and 5M of 1000
max_cycles = "8M"             # of one inference: measured on hardware, estimated in a simulator
max_difference = 3            # steps of TFLM's outputs from LiteRT's reference kernels
min_accuracy = 0.9            # of the main metric, on the device
min_metric = { auc = 0.9 }    # of metrics where more is better
max_metric = { mse = 0.01 }   # of those where less is better
baseline = "baseline.json"    # an older report.json, beside the recipe
max_growth = "1%"             # of flash, RAM and instructions, and loss of accuracy [0%]
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Annotated, Any

from msgspec import UNSET, Meta, UnsetType

from mcuforge.files import typed_toml
from mcuforge.files.typed_toml import Problem, Table, Text
from mcuforge.recipe import metric_names
from mcuforge.wording import amounts

TABLE = "gates"
_FAR = 1e300  # NaN is in no range
Bounds = tuple[tuple[str, float], ...]


@dataclass(frozen=True)
class Gates:
    """Bounds of what a run measures; None or none at all where there is no bound.

    `max_flash` and `max_ram` in bytes, `max_growth` as a share of the baseline's figure. The
    metrics are bounded by name, `min_accuracy` bounds the main one.
    """

    max_flash: int | None = None
    max_ram: int | None = None
    max_instructions: int | None = None
    max_cycles: int | None = None
    max_difference: float | None = None
    min_accuracy: float | None = None
    min_metric: Bounds = ()
    max_metric: Bounds = ()
    baseline: str | None = None
    max_growth: float | None = None

    def overridden(self, by: Gates) -> Gates:
        """These with the bounds of `by` in the place of their own; metrics name by name."""
        given: dict[str, Any] = {
            field.name: value
            for field in fields(by)
            if (value := getattr(by, field.name)) not in (None, ())
        }
        for name in ("min_metric", "max_metric"):
            given[name] = tuple((dict(getattr(self, name)) | dict(getattr(by, name))).items())
        return replace(self, **given)


NONE = Gates()

_Bytes = Annotated[
    int | str, Meta(description='must be bytes: a number, or a text such as "64k" or "1M"')
]
_Count = Annotated[
    int | str, Meta(description='must be a number, or a text such as "500k" or "5M"')
]
_Number = Annotated[
    float,
    Meta(ge=-_FAR, le=_FAR, description="must be a finite number"),
]
_NotNegative = Annotated[float, Meta(ge=0, le=_FAR, description="must be a number, at least 0")]
_Percent = Annotated[str, Meta(description='must be a percentage, such as "1%"')]


class GatesTable(Table, frozen=True, forbid_unknown_fields=True):
    """The `[gates]` table of a recipe: what `mcuforge run` fails for."""

    max_flash: _Bytes | UnsetType = UNSET
    max_ram: _Bytes | UnsetType = UNSET
    max_instructions: _Count | UnsetType = UNSET
    max_cycles: _Count | UnsetType = UNSET
    max_difference: _NotNegative | UnsetType = UNSET
    min_accuracy: _Number | UnsetType = UNSET
    min_metric: dict[str, _Number] | UnsetType = UNSET
    max_metric: dict[str, _Number] | UnsetType = UNSET
    baseline: Text | UnsetType = UNSET
    max_growth: _Percent | UnsetType = UNSET


_READ: dict[str, Callable[[str], float]] = {
    "max_flash": amounts.BYTES.read,
    "max_ram": amounts.BYTES.read,
    "max_instructions": amounts.NUMBER.read,
    "max_cycles": amounts.NUMBER.read,
    "max_growth": amounts.read_percent,
}


def problems(content: Any, metric: str) -> list[Problem]:
    """What is wrong with a `[gates]` table beyond its types, in a recipe with this `metric`."""
    if not isinstance(content, dict) or typed_toml.problems(content, GatesTable, TABLE):
        return []  # which are told already
    found = [
        Problem(f"{TABLE}.{name}", text)
        for name, read in _READ.items()
        if (text := _problem_of_amount(read, content.get(name)))
    ]
    given = metric_names.GIVEN.get(metric, metric_names.ALL)
    for key, lower in (("min_metric", True), ("max_metric", False)):
        for name in content.get(key, {}):
            text = metric_names.problem_with_bound(name, lower=lower, among=given)
            found += [Problem(f"{TABLE}.{key}", text)] if text else []
    if "min_accuracy" in content and metric == "none":
        found.append(Problem(f"{TABLE}.min_accuracy", "metric 'none' measures no accuracy"))
    return found


def _problem_of_amount(read: Callable[[str], float], value: int | str | None) -> str | None:
    if isinstance(value, str):
        try:
            read(value)
        except ValueError as error:
            return str(error).rstrip(".")
    elif value is not None and not 1 <= value <= amounts.LARGEST:
        return f"{value} is not from 1 to {amounts.LARGEST:,}"
    return None


def from_table(folder: Path, content: Mapping[str, Any]) -> Gates:
    """The `[gates]` table of a recipe in `folder`, known to have no problems."""
    values = dict(content)
    for name, read in _READ.items():
        if isinstance(values.get(name), str):
            values[name] = read(values[name])
    for name in ("min_metric", "max_metric"):
        values[name] = tuple(values.get(name, {}).items())
    if "baseline" in values:
        values["baseline"] = str(folder / values["baseline"])
    return Gates(**values)
