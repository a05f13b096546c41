"""Does it fit, is it exact, how good and how fast is it?"""

from __future__ import annotations

from markupsafe import Markup

from mcuforge import report as summary
from mcuforge.report import RunReport, html_page

ID, TITLE = "verdict", "Verdict"
SAYS = "Whether the device computes what it should, and what that costs. Warnings say what to do."


def body(report: RunReport) -> Markup | None:
    """The verdict in words, and the figures of the run."""
    return html_page.render(
        "sections/verdict.html.j2",
        report=report,
        rows=[(label, cells[0]) for label, cells in summary.rows([report])],
        warnings=summary.all_warnings(report),
        float_line=summary.float_line(report),
    )
