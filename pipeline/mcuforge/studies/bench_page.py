"""A comparison of engines as a page of the report's site."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from mcuforge.report import html_page
from mcuforge.report.html_page import Section
from mcuforge.report.site import Page
from mcuforge.studies import bench
from mcuforge.studies.bench import Benchmark

_SAYS = (
    "What each engine takes for the same bytes, on the same board. Shorter bars are better; a "
    "ratio above 1 is what aot saves."
)


class Bar(NamedTuple):
    """One engine's value; `part` is its share of the largest, in percent."""

    engine: str
    value: str
    part: float


class Row(NamedTuple):
    """What is compared, a bar for each engine, and the second over the first."""

    label: str
    bars: tuple[Bar, ...]
    ratio: str


def page(benchmark: Benchmark) -> Page:
    """The page. Every value is escaped."""
    rows = [_row(benchmark, *row) for row in bench.rows(benchmark)]
    body = html_page.render("bench/engines.html.j2", benchmark=benchmark, rows=rows)
    title = "The engines side by side"
    return Page(
        kind="bench",
        name=f"{benchmark.model} on {benchmark.board}",
        title=f"{bench.title(benchmark)}: engines compared",
        lead=f"SHA-256 of the .tflite: {benchmark.reports[0].sha256}",
        sections=(Section("engines", title, _SAYS, body),),
        facts=tuple((r.label, " / ".join(bar.value for bar in r.bars)) for r in rows[:4]),
        badge="failed" if benchmark.failed else "",
        state="bad" if benchmark.failed else "",
    )


def _row(benchmark: Benchmark, label: str, values: Sequence[int | None], unit: str) -> Row:
    largest = max((value or 0 for value in values), default=0) or 1
    bars = tuple(
        Bar(r.engine, "-" if v is None else f"{v:,}{unit}", 100 * (v or 0) / largest)
        for r, v in zip(benchmark.reports, values, strict=True)
    )
    return Row(label, bars, bench.ratio(values) if len(values) == 2 else "")
