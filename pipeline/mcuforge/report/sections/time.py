"""Where an inference spends its work."""

from __future__ import annotations

from markupsafe import Markup

from mcuforge.planning import cost
from mcuforge.report import RunReport, html_page

ID, TITLE = "time", "Ops"
SAYS = "What each op computes and keeps in flash, and which kernel computes it."


def body(report: RunReport) -> Markup | None:
    """A row an op."""
    return html_page.render(
        "sections/time.html.j2", report=report, passed_over=cost.passed_over(report.ops)
    )
