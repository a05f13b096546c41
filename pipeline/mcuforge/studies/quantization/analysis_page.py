"""A quantisation report as tables for the terminal and as a page of the report's site."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich import box

from mcuforge.quantization.ranges.drowned import Part
from mcuforge.report import html_page, metric_label, site
from mcuforge.report.html_page import Section
from mcuforge.report.site import Page
from mcuforge.studies.quantization import analysis_pictures
from mcuforge.studies.quantization.analysis import TensorDamage
from mcuforge.studies.quantization.comparison import Outcome
from mcuforge.wording.tables import Table

if TYPE_CHECKING:
    from mcuforge.studies.debug_quantization import QuantizationReport

_METRICS_IN_TERMINAL = 2  # so that 80 columns suffice
_PARTS_IN_TERMINAL = 4
_PARTS_ON_PAGE = 64
_OF_PARTS = (
    "The channels and branches of inputs, outputs and of what is joined or sliced, worst first: "
    "one step serves a whole tensor, and may drown a small part of it."
)
_OF_VALUES = (
    "Histograms of the float model's values on held-out samples, heights logarithmic. Red: the "
    "range chosen. Values beyond it are clipped, room without values is lost."
)
_OF_WEIGHTS = (
    "From the smallest to the largest weight of each output channel; red is zero. Spread is the "
    "largest channel's magnitude over the smallest's: with one scale for all, the smallest loses "
    "that factor."
)


def shares(tensors: Sequence[TensorDamage]) -> list[float]:
    """Each layer's part of what all layers, one at a time, bring to the output."""
    total = sum(t.alone for t in tensors)
    return [t.alone / total if total > 0 else 0.0 for t in tensors]


def labels(tensors: Sequence[TensorDamage]) -> list[str]:
    """The layers' names; where a layer has several tensors, with the op of each."""
    layers = [t.layer for t in tensors]
    return [
        t.layer if layers.count(t.layer) == 1 else f"{t.layer} ({t.op.lower()})" for t in tensors
    ]


def tensor_table(report: QuantizationReport) -> Table:
    """Every tensor, most damage first; the page and the JSON know more of each."""
    damage = report.damage
    table = Table(
        box=box.SIMPLE_HEAD,
        pad_edge=False,
        title=f"{report.model}, {report.conversion}",
        caption=f"Held-out samples: {damage.samples}. error: the largest. alone: the part of what "
        "single layers, quantised alone, bring to the output.",
    )
    table.add_column("layer", overflow="fold")
    for heading in ("range", "clipped", "SQNR dB", "cosine", "error", "alone"):
        table.add_column(heading, justify="right", no_wrap=True)
    tensors = damage.tensors
    for tensor, label, share in zip(tensors, labels(tensors), shares(tensors), strict=True):
        table.add_row(
            label,
            f"{tensor.low:.3g} ... {tensor.high:.3g}",
            f"{tensor.clipped:.2%}",
            f"{tensor.sqnr_db:.1f}",
            f"{tensor.cosine:.5f}",
            f"{tensor.max_error:.3g}",
            f"{share:.0%}",
        )
    return table


def parts_table(report: QuantizationReport) -> Table | None:
    """The channels and branches of tensors that hold several, worst first; None without any."""
    table = Table(
        box=box.SIMPLE_HEAD,
        pad_edge=False,
        title=f"{report.model}, part by part",
        caption="Of inputs, outputs and what is joined or sliced. R²: 1 - squared error / squared "
        f"deviation from the mean. The {_PARTS_IN_TERMINAL} worst of each; more are on the page.",
    )
    table.add_column("tensor", overflow="fold")
    table.add_column("part", overflow="fold")
    for heading in ("seen", "SQNR dB", "own", "R²"):
        table.add_column(heading, justify="right", no_wrap=True)
    for row in parts_rows(report, _PARTS_IN_TERMINAL):
        table.add_row(*row)
    return table if table.row_count else None


def parts_rows(report: QuantizationReport, most: int) -> list[list[str]]:
    """At most so many rows of cells for each way in which a tensor falls into parts."""
    tensors = report.damage.tensors
    rows = []
    for tensor, label in zip(tensors, labels(tensors), strict=True):
        for division in tensor.parts:
            if len(division.parts) > 1:
                worst = sorted(division.parts, key=lambda part: part.sqnr_db)[:most]
                place = f" of axis {division.axis}" if division.kind == "channel" else ""
                name = f"{label} ({division.role})"
                rows += [_part_row(name, f"{division.kind} {p.name}{place}", p) for p in worst]
    return rows


def _part_row(name: str, kind: str, part: Part) -> list[str]:
    seen = f"{part.low:.3g} ... {part.high:.3g}"
    if part.r2 is None:
        return [name, kind, seen, "-", "-", "-"]
    return [name, kind, seen, f"{part.sqnr_db:.1f}", f"{part.own_sqnr_db:.1f}", f"{part.r2:.3g}"]


def outcome_table(report: QuantizationReport) -> Table:
    """Each way to quantise, overall, with the first metrics."""
    headings, rows = outcome_rows(report, _METRICS_IN_TERMINAL)
    left_out = [name for name, _ in report.float_metrics[_METRICS_IN_TERMINAL:]]
    on_page = ", ".join([*left_out, "the options that give each"])
    table = Table(
        box=box.SIMPLE_HEAD,
        pad_edge=False,
        title=f"{report.model}, quantised in other ways",
        caption=f"On the page: {on_page}.",
    )
    table.add_column(headings[0], min_width=12, overflow="fold")
    for heading in headings[1:]:
        table.add_column(heading, justify="right", no_wrap=True)
    for row in rows:
        table.add_row(*row)
    return table


def outcome_rows(
    report: QuantizationReport, most_metrics: int | None = None
) -> tuple[list[str], list[list[str]]]:
    """Headings and cells; the first row is the float model, the second the model as converted."""
    metrics = report.float_metrics[:most_metrics]
    names = [name for name, _ in metrics]
    headings = ["quantisation", "error", *names, "flash", "arena", "instructions"]
    floats = ["float", "0", *(f"{value:.4g}" for _, value in metrics), "-", "-", "-"]
    rows = [floats, _row(report.present, names, "this model: ")]
    rows += [_row(outcome, names, "") for outcome in report.outcomes]
    return headings, rows


def _row(outcome: Outcome, names: Sequence[str], before: str) -> list[str]:
    quality = dict(outcome.metrics)
    return [
        before + outcome.settings,
        "-" if outcome.noise is None else f"{outcome.noise:.3g}",
        *(f"{quality[name]:.4g}" if name in quality else "-" for name in names),
        *("-" if size is None else f"{size:,} B" for size in (outcome.flash, outcome.arena)),
        "-" if outcome.instructions is None else f"{outcome.instructions:,}",
    ]


def problems(report: QuantizationReport) -> list[str]:
    """What could not be measured and why, each reason once, with all that it holds for."""
    by_reason: dict[str, list[str]] = {}
    for outcome in (report.present, *report.outcomes):
        if outcome.problem is not None:
            by_reason.setdefault(outcome.problem, []).append(outcome.settings)
    return [f"{'; '.join(names)}: {reason}" for reason, names in by_reason.items()]


def as_html(report: QuantizationReport) -> str:
    """The report as a page outside of any site."""
    return site.standalone(page(report))


def page(report: QuantizationReport) -> Page:
    """The report as a page of the site. Every value is escaped."""
    return Page(
        kind="quantization",
        name=report.model,
        title=f"{report.model}: what quantisation costs",
        sections=_sections(report),
        facts=(("quantised with", report.conversion), *_facts(report)),
    )


def _facts(report: QuantizationReport) -> list[tuple[str, str]]:
    quality = dict(report.present.metrics)
    return [
        (f"{metric_label(name)} (float / quantised)", f"{value:.4g} / {quality[name]:.4g}")
        for name, value in report.float_metrics
        if name in quality
    ]


def _sections(report: QuantizationReport) -> tuple[Section, ...]:
    damage, made = report.damage, []

    def add(name: str, title: str, says: str, **values: object) -> None:
        body = html_page.render(f"quantization/{name}.html.j2", **values)
        made.append(Section(name, title, says, body))

    add("advice", "Recommendation", "What the measurements below advise.",
        report=report, cards=_cards(report))  # fmt: skip
    add("tensors", "Tensors", "Every activation, most damage first: begin with the first ones.",
        tensors=list(zip(damage.tensors, shares(damage.tensors), strict=True)))  # fmt: skip
    parts = parts_rows(report, _PARTS_ON_PAGE)
    if parts:
        add("parts", "Part by part", _OF_PARTS, rows=parts)
    texts, rows = outcome_rows(report)
    headings = [(texts[0], "text"), *((text, "") for text in texts[1:])]
    add("ways", "Each way to quantise", "What other settings would give, and cost.",
        board=report.board, headings=headings,
        rows=rows, options=_options(report), problems=problems(report))  # fmt: skip
    size = {"width": int(analysis_pictures.WIDTH), "height": int(analysis_pictures.HEIGHT)}
    add("values", "Values and ranges", _OF_VALUES,
        tensors=[(t, analysis_pictures.histogram_picture(t)) for t in damage.tensors],
        **size)  # fmt: skip
    weights = sorted(damage.weights, key=lambda w: w.spread, reverse=True)
    add("weights", "Weights, channel by channel", _OF_WEIGHTS,
        weights=[(layer, analysis_pictures.weight_picture(layer)) for layer in weights],
        **size)  # fmt: skip
    return tuple(made)


def _cards(report: QuantizationReport) -> list[tuple[str, str, str]]:
    """A label, a value and a note each."""
    present, quality = report.present, dict(report.present.metrics)
    cards = [
        (metric_label(name), f"{quality[name]:.4g}", f"float {value:.4g}")
        for name, value in report.float_metrics
        if name in quality
    ]
    if present.noise is not None:
        cards.append(("error at the output", f"{present.noise:.3g}", "relative energy"))
    return cards


def _options(report: QuantizationReport) -> list[tuple[str, str]]:
    return [
        (way.settings, shlex.join(way.options))
        for way in (report.present, *report.outcomes)
        if way.options
    ]
