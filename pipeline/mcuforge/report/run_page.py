"""A run as a page of the site."""

from __future__ import annotations

from collections.abc import Sequence

from mcuforge.engines import AOT
from mcuforge.report import RunReport, html_page, sections
from mcuforge.report.html_page import Section
from mcuforge.report.sections import verdict
from mcuforge.report.site import Page


def of(report: RunReport) -> Page:
    """The page of one model on one board."""
    engine = "" if report.engine == AOT else f" with {report.engine}"
    name = f"{report.model} on {report.board}{engine}"
    badge, state = _judgement(report)
    return Page(
        kind="run",
        name=name,
        title=name,
        lead=f"SHA-256 of the .tflite: {report.sha256}",
        sections=sections.of(report),
        facts=verdict.headline(report),
        badge=badge,
        state=state,
    )


def _judgement(report: RunReport) -> tuple[str, str]:
    """A word on the whole run, and its state."""
    if not report.verdict.exact:
        return "differs", "bad"
    held = all(gate.held for gate in report.gates)
    return ("byte-exact", "good") if held else ("a gate failed", "bad")


def as_html(reports: Sequence[RunReport]) -> str:
    """The reports as one page that loads nothing. Every value is escaped."""
    pages = [of(report) for report in reports]
    if len(pages) == 1:
        return html_page.page(pages[0].title, pages[0].sections, lead=pages[0].lead)
    parts = [_numbered(page, number) for number, page in enumerate(pages)]
    return html_page.page("mcuforge report", [section for part in parts for section in part])


def _numbered(page: Page, number: int) -> list[Section]:
    return [
        Section(f"{s.id}-{number}", f"{page.name}: {s.title}", s.says, s.body)
        for s in page.sections
    ]
