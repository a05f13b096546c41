"""The C interface of the model, with code that is ready to copy."""

from __future__ import annotations

from dataclasses import replace

from markupsafe import Markup

from mcuforge.engines import TFLM
from mcuforge.report import RunReport, examples, html_page, integration
from mcuforge.report.facts import RunFacts
from mcuforge.report.integration import Integration

ID, TITLE = "integration", "Integration"
MOST_BORDERS = 64
SAYS = (
    "This model in an application of yours. Write the project for your build system, copy the "
    "code, and put your sensor and your decision where the comments say so."
)


def collect(facts: RunFacts) -> Integration:
    """Names, sizes and scales of the model's interface."""
    return integration.of(
        facts.plan, facts.board, facts.engine, facts.described_by, facts.optimize, facts.memory,
        facts.max_ram,
    )  # fmt: skip


def body(report: RunReport) -> Markup | None:
    """The interface as a table, code for each task, and an example for each build system."""
    found = report.details.get(ID)
    if not isinstance(found, Integration):
        return None
    it = replace(found, arena_bytes=report.costs.arena)
    borders = len(it.inputs) + len(it.outputs)
    if borders > MOST_BORDERS:
        return Markup("<p>{}</p>").format(
            f"This model has {borders:,} inputs and outputs, too many for examples: "
            f"{it.name}_model.h names each of them."
        )
    return html_page.render(
        "sections/integration.html.j2",
        it=it,
        is_tflm=it.engine == TFLM,
        stack=report.costs.stack,
        examples=list(examples.for_tasks(it)),
        flavours=list(examples.for_systems(it)),
    )
