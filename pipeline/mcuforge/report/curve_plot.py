"""The curve of arena against instructions, a mark for each plan."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from markupsafe import Markup

from mcuforge.report import plots
from mcuforge.report.curve import CurvePoint, more

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_FAR = 1.15  # times the largest arena: room that is beyond is told in words


def picture(curve: Sequence[CurvePoint], room: int | None) -> Markup:
    """The SVG, with a title for each mark; words without matplotlib.

    `room` are the bytes there are for an arena, None where they are no limit.
    """
    fastest, smallest = curve[0], curve[-1]
    description = (
        f"{len(curve)} plans: from the fastest, an arena of {fastest.arena_bytes:,} bytes, to the "
        f"smallest, {smallest.arena_bytes:,} bytes for {more(smallest, fastest)}. The table below "
        "has all of them."
    )
    return plots.plot("curve", description, lambda figure: _draw(figure, curve, room), (6.0, 2.7))


def _draw(figure: Figure, curve: Sequence[CurvePoint], room: int | None) -> dict[str, str]:
    axes = figure.subplots()
    titles = {}
    arenas = [point.arena_bytes for point in curve]
    extra = [_share(point, curve[0]) for point in curve]
    axes.plot(arenas, extra, color=plots.SERIES[0], linewidth=1.4, drawstyle="steps-post", zorder=2)
    for number, (point, x, y) in enumerate(zip(curve, arenas, extra, strict=True)):
        gid = f"plan{number}"
        titles[gid] = title(point, curve[0])
        axes.plot(
            [x], [y], marker="o", markersize=9 if point.chosen else 6, linestyle="none", gid=gid,
            markeredgecolor=plots.SERIES[0], zorder=3,
            markerfacecolor=plots.SERIES[0] if point.chosen else plots.CARD,
        )  # fmt: skip
        if point.chosen:
            smallest = point is curve[-1]  # else the place below and before it is free
            axes.annotate(
                "this one", (x, y), xytext=(9, 4) if smallest else (-6, -12),
                textcoords="offset points", ha="left" if smallest else "right", fontsize=8,
            )  # fmt: skip
    _mark_room(axes, max(arenas), room)
    _label(axes, curve)
    return titles


def _share(point: CurvePoint, fastest: CurvePoint) -> float:
    """Instructions beyond those of the fastest plan: a percentage, or a number without these."""
    if fastest.instructions:
        return 100 * point.extra_instructions / fastest.instructions
    return point.extra_instructions


def _mark_room(axes: Axes, largest: int, room: int | None) -> None:
    if room is None or room > _FAR * largest:
        return
    axes.axvspan(room, _FAR * largest, color=(plots.BAD, 0.12), linewidth=0, zorder=0)
    axes.annotate(
        "no room", (room, 1), xycoords=("data", "axes fraction"), xytext=(4, -11),
        textcoords="offset points", fontsize=8, color=plots.MUTED,
    )  # fmt: skip


def _label(axes: Axes, curve: Sequence[CurvePoint]) -> None:
    from matplotlib.ticker import FuncFormatter, MaxNLocator

    axes.set_xlim(0, _FAR * curve[0].arena_bytes)
    axes.margins(y=0.2)
    axes.set_xlabel("bytes of the arena")
    axes.xaxis.set_major_formatter(FuncFormatter(lambda at, _position: f"{at:,.0f}"))
    axes.xaxis.set_major_locator(MaxNLocator(nbins=6, integer=True))
    unit = " %" if curve[0].instructions else ""
    axes.yaxis.set_major_formatter(FuncFormatter(lambda at, _position: f"{at:,.3g}{unit}"))
    axes.yaxis.set_major_locator(MaxNLocator(nbins=5))
    axes.set_ylabel("more instructions")


def title(point: CurvePoint, fastest: CurvePoint) -> str:
    """What is said of a mark."""
    rows = f", {point.ops_by_row} ops row by row" if point.ops_by_row else ""
    how = f"{more(point, fastest)}{rows}" if point is not fastest else "the fastest plan"
    room = "" if point.fits else "\nno room for it on the board"
    return f"{point.arena_bytes:,} B: {how}{room}"
