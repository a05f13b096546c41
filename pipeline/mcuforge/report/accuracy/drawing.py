"""The plots of a run's accuracy."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from markupsafe import Markup

from mcuforge.report import plots
from mcuforge.report.accuracy.detector import Detection
from mcuforge.report.accuracy.errors import Scatter
from mcuforge.report.accuracy.histogram import Histogram
from mcuforge.report.accuracy.plain import DEVICE, FLOAT
from mcuforge.report.accuracy.waveforms import Line, Waveform
from mcuforge.wording.escape import plot_text

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

INPUT, TRUTH = "input", "truth"
# Whose values have which colour, everywhere on the page.
_COLOURS = {
    FLOAT: plots.SERIES[1], DEVICE: plots.SERIES[0], TRUTH: plots.SERIES[2], INPUT: plots.MUTED
}  # fmt: skip
_STYLES = {FLOAT: "--", TRUTH: "-."}
WIDE, SQUARE = (8.0, 2.6), (4.6, 4.2)


def _colour(name: str, place: int) -> str:
    return _COLOURS.get(name, plots.SERIES[(2 + place) % len(plots.SERIES)])


def histogram(
    name: str,
    description: str,
    of: Histogram,
    unit: str,
    counted: str = "values",
    size: tuple[float, float] = WIDE,
) -> Markup:
    """Outlines of a series each over the same bins, heights logarithmic."""

    def draw(figure: Figure) -> None:
        axes = figure.subplots()
        bins = len(next(iter(of.counts.values())))
        edges = np.linspace(of.low, of.high, bins + 1)
        for place, (series, counts) in enumerate(of.counts.items()):
            colour = _colour(series, place)
            axes.stairs(counts, edges, color=colour, fill=True, alpha=0.18)
            axes.stairs(
                counts, edges, color=colour, linewidth=1.6, label=plot_text(series),
                linestyle=_STYLES.get(series, "-"),
            )  # fmt: skip
        axes.set_xlabel(plot_text(unit))
        axes.set_ylabel(counted)
        axes.set_yscale("log")
        axes.set_ylim(bottom=0.7)  # a single value still shows
        axes.yaxis.set_major_formatter("{x:,.0f}")
        axes.minorticks_off()
        if len(of.counts) > 1:
            axes.legend()

    return plots.plot(name, description, draw, size)


def roc(name: str, of: Detection) -> Markup:
    """The curves, with the device's thresholds as marks."""
    described = ", ".join(f"{whose}: area {curve.area:.4f}" for whose, curve in of.curves.items())

    def draw(figure: Figure) -> Mapping[str, str]:
        axes, titles = figure.subplots(), {}
        axes.plot([0, 1], [0, 1], color=plots.LINE, linewidth=1, linestyle=":", label="by chance")
        for place, (whose, curve) in enumerate(of.curves.items()):
            axes.plot(
                curve.false_alarms, curve.found, color=_colour(whose, place), linewidth=1.8,
                linestyle=_STYLES.get(whose, "-"), label=f"{whose}, area {curve.area:.4f}",
            )  # fmt: skip
        for place, (point, marker) in enumerate(zip(of.thresholds, "osD", strict=False)):
            shares, gid = point.shares[DEVICE], f"threshold-{place}"
            marks = axes.plot(
                shares.false_alarms, shares.found, marker=marker, color=plots.INK, markersize=7,
                markerfacecolor=_COLOURS[DEVICE], linestyle="none", label=plot_text(point.rule),
            )  # fmt: skip
            marks[0].set_gid(gid)
            titles[gid] = f"{point.rule}: {_share(shares.found)} found, "
            titles[gid] += f"{_share(shares.false_alarms)} false alarms"
        axes.set_xlabel(plot_text(f"false alarms: share of {of.classes[0]}"))
        axes.set_ylabel(plot_text(f"found: share of {of.classes[1]}"))
        axes.set_xlim(-0.02, 1.02)
        axes.set_ylim(-0.02, 1.02)
        axes.set_aspect("equal")
        axes.legend(loc="lower right", fontsize=8.5)
        return titles

    return plots.plot(name, f"ROC curve. {described}.", draw, SQUARE)


def scatter(name: str, of: Scatter, title: str) -> Markup:
    """The device's values against the true ones, with the line where they are equal."""

    def draw(figure: Figure) -> None:
        axes = figure.subplots()
        ends = [min(*of.expected, *of.actual), max(*of.expected, *of.actual)]
        axes.plot(ends, ends, color=plots.MUTED, linewidth=1, linestyle=":", label="equal")
        axes.scatter(of.expected, of.actual, s=12, color=_COLOURS[DEVICE], alpha=0.55, linewidths=0)
        axes.set_xlabel("truth")
        axes.set_ylabel("device")
        axes.set_title(plot_text(title), fontsize=10)

    return plots.plot(name, f"{title}: the device's values against the truth", draw, (3.4, 3.2))


def waveform(name: str, of: Waveform, title: str) -> Markup:
    """A panel for each channel; the input has its own where its lines are others in kind."""
    panels = _panels(of)

    def draw(figure: Figure) -> None:
        axes = figure.subplots(len(panels), 1, squeeze=False)[:, 0]
        for place, (label, lines) in zip(axes, panels, strict=True):
            for whose, line in lines.items():
                at = np.linspace(0, line.length - 1, len(line.values))
                place.plot(
                    at, line.values, color=_COLOURS[whose], linewidth=1.3, label=whose,
                    linestyle=_STYLES.get(whose, "-"),
                )  # fmt: skip
            place.set_ylabel(label)
        axes[-1].set_xlabel("time step")
        shown = {text: mark for each in axes for mark, text in zip(*_legend(each), strict=True)}
        figure.legend(shown.values(), shown, ncols=4, loc="outside upper center", fontsize=9)

    return plots.plot(name, title, draw, (8.0, 0.8 + 1.5 * len(panels)))


def _panels(of: Waveform) -> list[tuple[str, dict[str, Line]]]:
    """Which lines share a panel, and its label: input and outputs if they are alike in extent."""
    outputs = {whose: lines for whose, lines in of.lines.items() if whose != INPUT}
    given = of.lines.get(INPUT, ())
    if not outputs or all(_extent(lines) == _extent(given) for lines in outputs.values()):
        return _by_channel("value", of.lines)
    return _by_channel("input", {INPUT: given} if given else {}) + _by_channel("output", outputs)


def _by_channel(
    kind: str, lines: Mapping[str, Sequence[Line]]
) -> list[tuple[str, dict[str, Line]]]:
    count = max((len(each) for each in lines.values()), default=0)
    return [
        (
            kind if count == 1 else f"{kind} {channel}",
            {whose: each[channel] for whose, each in lines.items() if channel < len(each)},
        )
        for channel in range(count)
    ]


def _extent(lines: Sequence[Line]) -> tuple[int, int]:
    return len(lines), lines[0].length if lines else 0


def _legend(axes: Axes) -> tuple[list[Any], list[str]]:
    marks, texts = axes.get_legend_handles_labels()
    return list(marks), [str(text) for text in texts]


def _share(value: float) -> str:
    return f"{value:.2%}"
