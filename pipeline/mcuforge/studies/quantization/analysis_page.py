"""A quantisation report as tables for the terminal and as one self-contained HTML page.

Pictures are SVG elements whose coordinates are computed here; the template escapes every text.
"""

from __future__ import annotations

import math
import shlex
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, NamedTuple

from rich import box

from mcuforge.quantization.ranges.drowned import Part
from mcuforge.report import html_page
from mcuforge.studies.quantization.analysis import TensorDamage, WeightRanges
from mcuforge.studies.quantization.comparison import Outcome
from mcuforge.wording.tables import Table

if TYPE_CHECKING:
    from mcuforge.studies.debug_quantization import QuantizationReport

WIDTH, HEIGHT = 480.0, 90.0  # of a picture, in pixels
_METRICS_IN_TERMINAL = 2  # so that 80 columns suffice
_PARTS_IN_TERMINAL = 4
_PARTS_ON_PAGE = 64
_MOST_CHANNELS = 256  # drawn one by one; more are drawn as the largest of several


class Bar(NamedTuple):
    """A rectangle of a picture, in pixels from its upper left corner."""

    x: float
    y: float
    width: float
    height: float


class HistogramPicture(NamedTuple):
    """Bars with logarithmic heights, and where the range chosen begins and ends."""

    bars: list[Bar]
    low: float
    high: float
    left: str
    right: str


class WeightPicture(NamedTuple):
    """A bar from the smallest to the largest weight of each channel; `zero` is the line of 0."""

    bars: list[Bar]
    zero: float
    top: str
    bottom: str


def histogram_picture(tensor: TensorDamage) -> HistogramPicture:
    """The float model's values, with the range drawn in; wide enough for both."""
    bars = tensor.histogram
    left, right = min(bars.low, tensor.low), max(bars.high, tensor.high)
    scale = WIDTH / (right - left) if right > left else 0.0
    tallest = math.log1p(max(bars.counts, default=0)) or 1.0
    each = (bars.high - bars.low) / max(len(bars.counts), 1)
    drawn = []
    for number, count in enumerate(bars.counts):
        height = HEIGHT * math.log1p(count) / tallest
        x = (bars.low + number * each - left) * scale
        drawn.append(_bar(x, HEIGHT - height, max(each * scale, 0.5), height))
    low, high = ((end - left) * scale for end in (tensor.low, tensor.high))
    return HistogramPicture(drawn, round(low, 2), round(high, 2), f"{left:.4g}", f"{right:.4g}")


def weight_picture(layer: WeightRanges) -> WeightPicture:
    """Each output channel's range of weights."""
    lows, highs = _grouped(layer.low, min), _grouped(layer.high, max)
    top, bottom = max(*highs, 0.0), min(*lows, 0.0)
    scale = HEIGHT / (top - bottom) if top > bottom else 0.0
    each = WIDTH / len(lows)
    bars = [
        _bar(i * each, (top - high) * scale, each * 0.8, (high - low) * scale)
        for i, (low, high) in enumerate(zip(lows, highs, strict=True))
    ]
    return WeightPicture(bars, round(top * scale, 2), f"{top:.4g}", f"{bottom:.4g}")


def _grouped(values: Sequence[float], choose: Callable[[Sequence[float]], float]) -> list[float]:
    size = -(-len(values) // _MOST_CHANNELS)
    return [choose(values[i : i + size]) for i in range(0, len(values), size)]


def _bar(x: float, y: float, width: float, height: float) -> Bar:
    return Bar(round(x, 2), round(y, 2), round(width, 2), round(max(height, 0.0), 2))


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
    """The report as one HTML page that loads nothing. Every value is escaped."""
    tensors = report.damage.tensors
    headings, rows = outcome_rows(report)
    weights = sorted(report.damage.weights, key=lambda w: w.spread, reverse=True)
    return html_page.render(
        "quantization.html.j2",
        report=report,
        tensors=list(zip(tensors, shares(tensors), map(histogram_picture, tensors), strict=True)),
        headings=headings,
        rows=rows,
        weights=[(layer, weight_picture(layer)) for layer in weights],
        parts=parts_rows(report, _PARTS_ON_PAGE),
        options=[
            (way.settings, shlex.join(way.options))
            for way in (report.present, *report.outcomes)
            if way.options
        ],
        problems=problems(report),
        width=int(WIDTH),
        height=int(HEIGHT),
    )
