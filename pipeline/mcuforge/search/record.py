"""A trial as it is kept: what it tries, how far it is, and what came of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from mcuforge.recipe.search import Option

WAITING, RUNNING = "waiting", "running"
# How a trial may end: measured and proven; given up while it trained; cut before it trained, as a
# budget would break; failed.
COMPLETE, PRUNED, CUT, FAILED = "complete", "pruned", "cut", "failed"
ENDS = (COMPLETE, PRUNED, CUT, FAILED)


@dataclass(frozen=True)
class Outcome:
    """What came of a trial; the same wherever it ran, but for `seconds`.

    `costs` were measured on the linked firmware: bytes, and instructions of one inference, from
    which its cycles are estimated;
    `forecast` are those that the plan of the untrained model tells. `metrics` are those of the
    device, `float_metrics` of the float model. `curve` and `figures` are what the training script
    told. `reason` says why there is no more. `facts` are words about the model.
    """

    end: str
    quality: float | None = None
    costs: Mapping[str, float] = field(default_factory=dict)
    forecast: Mapping[str, float] = field(default_factory=dict)
    metrics: Mapping[str, float] = field(default_factory=dict)
    float_metrics: Mapping[str, float] = field(default_factory=dict)
    figures: Mapping[str, float] = field(default_factory=dict)
    curve: tuple[tuple[int, float], ...] = ()
    reason: str = ""
    facts: Mapping[str, str] = field(default_factory=dict)
    seconds: float = 0.0

    def values(self) -> dict[str, float]:
        """What objectives look at, by name."""
        known = {"quality": self.quality} if self.quality is not None else {}
        return {**self.figures, **self.metrics, **known, **self.costs}

    def as_dict(self) -> dict[str, Any]:
        """Plain values for a storage."""
        return asdict(self)

    @classmethod
    def from_dict(cls, stored: Mapping[str, Any]) -> Outcome:
        """What `as_dict` gave, as JSON gives it back."""
        curve = tuple((int(done), float(quality)) for done, quality in stored["curve"])
        return cls(**{**stored, "curve": curve})


@dataclass(frozen=True)
class Record:
    """A trial. `number` counts from 0 within its search, `key` is the storage's own.

    `beat` grows while a worker is at it; `taken` counts how often one began with it.
    """

    number: int
    key: int
    state: str
    params: Mapping[str, Option]
    outcome: Outcome | None = None
    worker: str = ""
    beat: int = 0
    taken: int = 0

    @property
    def is_over(self) -> bool:
        """Whether there is nothing more to do."""
        return self.state in ENDS
