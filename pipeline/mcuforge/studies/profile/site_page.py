"""A profile as a page of the report's site."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from markupsafe import Markup

from mcuforge.engines import AOT
from mcuforge.report import html_page, plots
from mcuforge.report.html_page import Section
from mcuforge.report.site import Page
from mcuforge.studies.profile import page as tables
from mcuforge.studies.profile.measurement import OpCost, Profile
from mcuforge.wording.escape import plot_text

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_MOST_COLOURS = len(plots.SERIES) - 1  # of functions; the last is for the rest
_OF_OPS = "Each op's share of an inference. The longest bars are where time is to be gained."
_OF_FUNCTIONS = (
    "The functions of the firmware, the dearest first: what several ops share counts once here."
)


def page(profile: Profile) -> Page:
    """The page. Every value is escaped."""
    engine = "" if profile.engine == AOT else f" with {profile.engine}"
    return Page(
        kind="profile",
        name=f"{profile.model} on {profile.board}{engine}",
        title=f"{tables.title(profile)}: where the time goes",
        lead=f"SHA-256 of the .tflite: {profile.sha256}",
        sections=_sections(profile),
        facts=tuple((label, value) for label, value, _ in _cards(profile)),
    )


def _sections(profile: Profile) -> tuple[Section, ...]:
    made = [
        _section(profile, "inference", "One inference", "What it takes, and how that is known.")
    ]
    if profile.ops:
        made.append(_section(profile, "ops", "Op by op", _OF_OPS, picture=_bars(profile)))
    if profile.functions:
        made.append(_section(profile, "functions", "Functions", _OF_FUNCTIONS))
    return tuple(made)


def _section(profile: Profile, name: str, title: str, says: str, **values: object) -> Section:
    rows = tables.op_rows(profile) if name == "ops" else tables.function_rows(profile)
    body = html_page.render(
        f"profile/{name}.html.j2",
        cards=_cards(profile), note=tables.note(profile), source=profile.source, rows=rows,
        **values,
    )  # fmt: skip
    return Section(name, title, says, body)


def _cards(profile: Profile) -> list[tuple[str, str, str]]:
    """A label, a value and a note each."""
    clock = f"{profile.core} at {profile.clock_hz / 1e6:g} MHz"
    cards = [
        (f"time, {profile.source}", f"{profile.milliseconds(profile.cycles):.3f} ms", clock),
        (f"cycles, {profile.source}", f"{profile.cycles:,}", f"± {profile.error:.0%}"),
    ]
    if profile.instructions is not None:
        cards.append(("instructions", f"{profile.instructions:,}", "counted"))
    macs = sum(op.macs for op in profile.ops)
    if macs:
        cards.append(("cycles/MAC", f"{profile.cycles / macs:.2f}", f"of {macs:,} MACs"))
    return cards


def _bars(profile: Profile) -> Markup:
    """A bar for each op, divided by the dearest functions."""

    def draw(figure: Figure) -> Mapping[str, str]:
        axes, titles = figure.subplots(), {}
        places = list(range(len(profile.ops)))
        left = [0.0] * len(places)
        shown = list(profile.functions)[:_MOST_COLOURS]
        for number, name in enumerate([*shown, None]):
            widths = [
                _part(profile, op, name, at) for op, at in zip(profile.ops, left, strict=True)
            ]
            colour = plots.SERIES[number if name else -1] if shown else plots.SERIES[0]
            label = plot_text(name or "the rest")
            bars = axes.barh(places, widths, left=left, label=label, color=colour)
            for op, bar, width in zip(profile.ops, bars, widths, strict=True):
                gid = f"bar-{number}-{op.index}"
                bar.set_gid(gid)
                titles[gid] = f"{op.index} {op.kind}: {name or 'the rest'} {width:.3f} ms"
            left = [at + width for at, width in zip(left, widths, strict=True)]
        axes.set_yticks(places, [plot_text(f"{op.index} {op.kind}") for op in profile.ops])
        axes.set_ylim(len(places) - 0.4, -0.6)
        axes.set_xlabel(f"ms, {profile.source}")
        axes.grid(visible=False, axis="y")
        if shown:
            figure.legend(fontsize=8, loc="outside lower center", ncols=2)
        return titles

    height = 1.2 + 0.26 * max(len(profile.ops), 3) + 0.12 * len(profile.functions)
    described = "milliseconds of each op, divided by functions"
    return plots.plot("ops", described, draw, (8.5, min(height, 200.0)))


def _part(profile: Profile, op: OpCost, function: str | None, before: float) -> float:
    """Milliseconds of a function within an op; what is left after `before` for None."""
    if function is None:
        return max(profile.milliseconds(op.cycles) - before, 0.0)
    spent = op.functions.get(function)
    return profile.milliseconds(spent.cycles) if spent else 0.0
