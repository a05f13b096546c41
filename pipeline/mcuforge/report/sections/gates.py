"""What the run had to keep to."""

from __future__ import annotations

from markupsafe import Markup

from mcuforge.report import RunReport, html_page

ID, TITLE = "gates", "Gates"
SAYS = "The bounds that were set for this run. One that fails, or cannot be judged, fails the run."


def body(report: RunReport) -> Markup | None:
    """A row a gate, if any was set."""
    if not report.gates:
        return None
    return html_page.render("sections/gates.html.j2", gates=report.gates)
