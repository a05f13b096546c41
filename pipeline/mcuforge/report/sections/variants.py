"""The model beside other models for the same task."""

from __future__ import annotations

from markupsafe import Markup

from mcuforge import report as summary
from mcuforge.report import RunReport, html_page

ID, TITLE = "variants", "Beside its variants"
SAYS = "Quantised in the same way, judged on the same samples by TFLM on the host."


def body(report: RunReport) -> Markup | None:
    """A column a model."""
    if not report.variants:
        return None
    return html_page.render(
        "sections/variants.html.j2", report=report, rows=summary.variant_rows(report)
    )
