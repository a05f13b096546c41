"""Samples of the run as pictures."""

from __future__ import annotations

from markupsafe import Markup

from mcuforge.report import RunReport, html_page

ID, TITLE = "samples", "Samples"
SAYS = "Some samples, and those in which the device is farthest from the float model."


def body(report: RunReport) -> Markup | None:
    """The galleries, if the samples are pictures."""
    if not report.galleries:
        return None
    return html_page.render("sections/samples.html.j2", galleries=report.galleries)
