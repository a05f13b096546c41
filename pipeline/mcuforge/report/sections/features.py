"""The features that the device makes itself, against the Python that the model was trained with."""

from __future__ import annotations

from dataclasses import dataclass

from markupsafe import Markup

from mcuforge.report import RunReport, html_page
from mcuforge.report.facts import RunFacts

ID, TITLE = "features", "Features"
SAYS = (
    "What the recipe's C makes of raw samples on the device must be what its Python makes: of each "
    "golden sample, and of samples at the ends of what a sensor can say."
)


@dataclass(frozen=True)
class Features:
    """What was covered. `samples` are golden or random ones, `ends` those at the ends.

    `instructions` (in a simulator) or `cycles` are those of one sample; None where not counted.
    """

    function: str
    python: str
    c: tuple[str, ...]
    raw: str
    output: str
    elements: int
    samples: int
    ends: int
    bytes_compared: int
    bytes_differing: int
    instructions: int | None
    cycles: int | None


def collect(facts: RunFacts) -> Features | None:
    """What was covered; None where the recipe has no features."""
    made, ticks = facts.proof.raw, facts.proof.device.made_ticks
    if made is None or not ticks:
        return None
    compared = [c for c in facts.proof.verdict.comparisons if c.against == made.python]
    mean = sum(ticks) // len(ticks)
    return Features(
        function=made.features.function,
        python=made.python,
        c=tuple(path.name for path in made.features.c),
        raw=made.features.raw_text,
        output=made.features.output,
        elements=made.expected[0][0].size,
        samples=made.count,
        ends=len(made.raw) - made.count,
        bytes_compared=max((c.bytes_compared for c in compared), default=0),
        bytes_differing=max((c.bytes_differing for c in compared), default=0),
        instructions=facts.simulated.count(ticks) if facts.simulated else None,
        cycles=None if facts.simulated else facts.board.cycles(mean),
    )


def body(report: RunReport) -> Markup | None:
    """What was compared, and what it costs."""
    found = report.details.get(ID)
    if found is None:
        return None
    compared = [c for c in report.verdict.comparisons if c.against == found.python]
    return html_page.render("sections/features.html.j2", it=found, comparisons=compared)
