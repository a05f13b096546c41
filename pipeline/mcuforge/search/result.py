"""What a search found so far: its trials, and which of them no other one beats."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from mcuforge.recipe.search import same
from mcuforge.search import front
from mcuforge.search.figures import COSTS, Budgets, Objective
from mcuforge.search.ledger import Ledger
from mcuforge.search.record import COMPLETE, ENDS, Record


@dataclass(frozen=True)
class Result:
    """A search. `asked` is how many trials there are to be."""

    study: str
    settings: Mapping[str, Any]
    records: tuple[Record, ...]
    asked: int

    @property
    def model(self) -> str:
        """The recipe's name."""
        return str(self.settings["model"])

    @property
    def board(self) -> str:
        """The board's name."""
        return str(self.settings["board"])

    @property
    def metric(self) -> str | None:
        """What quality is."""
        return self.settings["metric"]  # type: ignore[no-any-return]

    @cached_property
    def objectives(self) -> tuple[Objective, ...]:
        """What was searched for."""
        return tuple(Objective(**each) for each in self.settings["objectives"])

    @property
    def shown(self) -> tuple[str, ...]:
        """What is shown of a trial: the objectives, and the other costs that are known."""
        names = [each.name for each in self.objectives]
        known = {name for each in self.records if each.outcome for name in each.outcome.costs}
        return (*names, *(cost for cost in COSTS if cost not in names and cost in known))

    @cached_property
    def budgets(self) -> Budgets:
        """What a model may cost."""
        return Budgets(**self.settings["budgets"])

    @property
    def done(self) -> int:
        """How many trials are over."""
        return sum(each.is_over for each in self.records)

    @cached_property
    def counts(self) -> dict[str, int]:
        """How many ended in which way."""
        found = Counter(each.state for each in self.records)
        return {end: found[end] for end in ENDS}

    @cached_property
    def candidates(self) -> tuple[Record, ...]:
        """The trials that were measured, are exact, and keep to all budgets."""
        return tuple(
            each
            for each in self.records
            if each.state == COMPLETE
            and each.outcome is not None
            and self.budgets.broken(each.outcome.costs) is None
        )

    @cached_property
    def front(self) -> tuple[int, ...]:
        """The numbers of the trials that no other one beats, the best quality first."""
        values = {e.number: e.outcome.values() for e in self.candidates if e.outcome is not None}
        return front.front(values, self.objectives)

    def record(self, number: int) -> Record:
        """A trial. Raises `KeyError` where there is none."""
        return {each.number: each for each in self.records}[number]

    @cached_property
    def varied(self) -> list[str]:
        """The choices that came out differently in some trials."""
        names = dict.fromkeys(name for each in self.records for name in each.params)
        first = self.records[0] if self.records else None
        return [
            name
            for name in names
            if any(first is not None and not _same(each, first, name) for each in self.records)
        ]


def of(ledger: Ledger) -> Result:
    """What a search's storage holds now."""
    return Result(ledger.name, ledger.settings, tuple(ledger.records()), ledger.total)


def _same(one: Record, other: Record, name: str) -> bool:
    if name not in one.params or name not in other.params:
        return (name in one.params) == (name in other.params)
    return same(one.params[name], other.params[name])
