"""Every engine against the oracle."""

from __future__ import annotations

from markupsafe import Markup

from mcuforge.report import RunReport, html_page

ID, TITLE = "parity", "Every engine against TFLM"
SAYS = "Those that decide must equal TFLM on the host on every byte; the others are beside them."


def body(report: RunReport) -> Markup | None:
    """A row an engine."""
    return html_page.render("sections/parity.html.j2", comparisons=report.verdict.comparisons)
