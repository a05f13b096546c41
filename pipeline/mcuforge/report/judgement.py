"""A gate of a run, and whether it holds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

GROWTH = "max-growth"


@dataclass(frozen=True)
class Judgement:
    """A gate of one model on one board, and whether it holds.

    `limit`, `actual` and `baseline`, the earlier figure of a gate on growth, are in `unit`. `upper`
    tells a limit that may not be exceeded from one that must be reached. `problem` says why the
    gate cannot be judged, and so does not hold.
    """

    model: str
    board: str
    engine: str
    gate: str
    subject: str
    limit: float | None = None
    actual: float | None = None
    unit: str = ""
    upper: bool = True
    baseline: float | None = None
    problem: str | None = None

    @property
    def held(self) -> bool:
        """True where the figure was measured and is within its limit. NaN is within none."""
        if self.problem is not None or self.limit is None or self.actual is None:
            return False
        return self.actual <= self.limit if self.upper else self.actual >= self.limit

    @property
    def title(self) -> str:
        """The gate, and what it is about where its name does not tell."""
        return f"{self.gate} of {self.subject}" if self.gate == GROWTH else self.gate

    @property
    def verdict(self) -> str:
        """Held, or by how much not, or why not judged."""
        if self.problem is not None:
            return f"cannot be judged: {self.problem}"
        if self.held or self.limit is None or self.actual is None:
            return "held"
        excess = abs(self.actual - self.limit)
        share = f" ({excess / abs(self.limit):.2%})" if self.limit else ""
        return f"{_figure(excess, self.unit, 3)}{share} too {'much' if self.upper else 'little'}"

    @property
    def text(self) -> str:
        """The whole finding in one sentence."""
        where = f"{self.model} on {self.board}"
        where += f" with {self.engine}" if self.engine != "aot" else ""
        if self.problem is not None:
            return f"{where}: {self.title} {self.verdict}."
        asks = "allows" if self.upper else "asks for"
        earlier = f" (baseline {self.shown(self.baseline)})" if self.baseline is not None else ""
        return (
            f"{where}: {self.subject} {self.shown(self.actual)}, {self.gate} {asks} "
            f"{self.shown(self.limit)}{earlier}: {self.verdict}."
        )

    def shown(self, value: float | None) -> str:
        """A figure in words."""
        return "-" if value is None else _figure(value, self.unit)

    def as_json(self) -> dict[str, Any]:
        """As it stands in a document."""
        return {
            "gate": self.gate,
            "subject": self.subject,
            "unit": self.unit,
            "limit": self.limit,
            "actual": self.actual,
            "baseline": self.baseline,
            "held": self.held,
            "problem": self.problem,
            "text": self.text,
        }


def _figure(value: float, unit: str = "", digits: int = 6) -> str:
    number = f"{value:,}" if isinstance(value, int) else f"{value:.{digits}g}"
    return f"{number} {unit}".rstrip()
