"""What a trial is judged by: quality and costs, which of them is better, and what budgets allow."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from mcuforge.boards import Board
from mcuforge.planning import cycles
from mcuforge.recipe import metric_names

QUALITY, RAM, FLASH, ARENA = "quality", "ram", "flash", "arena"
CYCLES, INSTRUCTIONS = "cycles", "instructions"
COSTS = (RAM, FLASH, CYCLES, INSTRUCTIONS)  # which are shown always; arena is part of RAM
UNITS = {RAM: " B", FLASH: " B", ARENA: " B", CYCLES: "", INSTRUCTIONS: ""}
LABELS = {
    RAM: "RAM", FLASH: "flash", ARENA: "arena", CYCLES: "cycles", INSTRUCTIONS: "instructions"
}  # fmt: skip


@dataclass(frozen=True)
class Objective:
    """A figure that is to become large, or else small."""

    name: str
    more_is_better: bool

    def loss(self, values: Mapping[str, float]) -> float:
        """Its value as one that is to become small."""
        return -values[self.name] if self.more_is_better else values[self.name]


def objectives(
    names: Iterable[str], metric: str | None, figures: Iterable[tuple[str, bool]] = ()
) -> tuple[Objective, ...]:
    """The objectives of these names, where quality is measured by `metric`, and further figures."""
    less = metric is not None and metric_names.less_is_better(metric) is True
    named = (Objective(name, name == QUALITY and not less) for name in names)
    return (*named, *(Objective(name, more) for name, more in figures))


def default_objectives(board: Board) -> tuple[str, ...]:
    """What is searched for where a recipe does not say: the cycles of a known core, which tell of
    its time; else instructions."""
    work = INSTRUCTIONS if cycles.error(board) is None else CYCLES
    return (QUALITY, RAM, FLASH, work)


@dataclass(frozen=True)
class Budgets:
    """The most that a model may cost: bytes, and work of one inference. None: no bound."""

    max_flash: int | None = None
    max_ram: int | None = None
    max_instructions: int | None = None
    max_cycles: int | None = None

    def bounds(self) -> dict[str, int]:
        """Those that there are, by the cost."""
        given = {
            FLASH: self.max_flash,
            RAM: self.max_ram,
            INSTRUCTIONS: self.max_instructions,
            CYCLES: self.max_cycles,
        }
        return {name: most for name, most in given.items() if most is not None}

    def excess(self, costs: Mapping[str, float]) -> dict[str, float]:
        """Cost -> by what share it is above its bound, of those that are known; negative below."""
        return {
            name: costs[name] / most - 1 for name, most in self.bounds().items() if name in costs
        }

    def broken(self, costs: Mapping[str, float]) -> str | None:
        """Which bounds these costs break, in words; None where all are kept."""
        found = [
            f"{LABELS[name]} {costs[name]:,.0f}{UNITS[name]} of {most:,}{UNITS[name]}"
            for name, most in self.bounds().items()
            if name in costs and costs[name] > most
        ]
        return ", ".join(found) or None

    def gates(self) -> dict[str, int]:
        """Those that there are, as a recipe's `[gates]` names them."""
        return {name: most for name, most in self.as_dict().items() if most is not None}

    def as_dict(self) -> dict[str, Any]:
        """Plain values."""
        return asdict(self)
