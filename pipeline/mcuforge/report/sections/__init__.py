"""The sections of a run's page, a module each.

A module has `ID`, `TITLE`, `SAYS` (the sentence that tells what one sees, and what to do about it)
and `body(report)`, the HTML of the section, or None where there is nothing to show. Some have
`collect(facts)` too: what the section needs of the run, as a dataclass of plain values, or None.
It is kept in `RunReport.details` under the section's `ID`, and goes into the JSON document.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol, cast

from markupsafe import Markup

from mcuforge.report import RunReport, plots
from mcuforge.report.facts import RunFacts
from mcuforge.report.html_page import Section
from mcuforge.report.sections import (
    accuracy,
    features,
    gates,
    graph,
    integration,
    memory,
    parity,
    samples,
    time,
    variants,
    verdict,
)


class SectionModule(Protocol):
    """What a module of a section has."""

    ID: str
    TITLE: str
    SAYS: str

    @staticmethod
    def body(report: RunReport) -> Markup | None:
        """The section's HTML."""


# In the order of the page.
MODULES = cast(
    tuple[SectionModule, ...],
    (
        verdict,
        gates,
        parity,
        features,
        memory,
        time,
        graph,
        accuracy,
        samples,
        variants,
        integration,
    ),
)


def collect(facts: RunFacts) -> Mapping[str, Any]:
    """The details of a run, by the section's `ID`."""
    collected = {
        module.ID: module.collect(facts) for module in MODULES if hasattr(module, "collect")
    }
    return {name: details for name, details in collected.items() if details is not None}


def of(report: RunReport) -> tuple[Section, ...]:
    """The sections of a run's page."""
    with plots.named_after(f"r{report.key}"):
        bodies = [(module, module.body(report)) for module in MODULES]
    return tuple(
        Section(module.ID, module.TITLE, module.SAYS, body)
        for module, body in bodies
        if body is not None
    )
