"""What a search found, as plots: quality against costs, every choice, what decides."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from markupsafe import Markup

from mcuforge.recipe.search import Choice, Option
from mcuforge.report import plots
from mcuforge.search import words
from mcuforge.search.figures import QUALITY, UNITS
from mcuforge.search.record import Record
from mcuforge.search.result import Result
from mcuforge.wording.escape import plot_text

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.ticker import MaxNLocator

_MOST_TICKS = 8
_LONGEST = 14  # characters of a tick


def against(result: Result, measured: Sequence[Record], cost: str) -> Markup:
    """Quality against a cost: a mark for each trial that was measured, the front joined."""
    best = [each for each in measured if each.number in result.front]
    quality = words.label(QUALITY, result.metric)
    description = (
        f"{quality} against {words.label(cost, None)} of {len(measured)} trials; on the front are "
        + ", ".join(f"trial {each.number}" for each in best)
    )

    def draw(figure: Figure) -> dict[str, str]:
        axes = figure.subplots()
        titles: dict[str, str] = {}
        for each in measured:
            x, y = _value(each, cost), _value(each, QUALITY)
            gid = f"trial{each.number}"
            titles[gid] = words.title(each, result)
            is_best = each.number in result.front
            axes.plot(
                [x], [y], marker="o", linestyle="none", gid=gid, markersize=8 if is_best else 5,
                color=plots.SERIES[0] if is_best else plots.MUTED,
                alpha=1 if is_best else 0.5, zorder=3 if is_best else 2,
            )  # fmt: skip
        _stairs(axes, result, best, cost)
        _bound(axes, result, cost)
        axes.set_xlabel(_with_unit(cost))
        axes.set_ylabel(plot_text(quality))
        axes.xaxis.set_major_formatter(lambda at, _: f"{at:,.0f}" if cost in UNITS else f"{at:.4g}")
        axes.xaxis.set_major_locator(_few())
        return titles

    return plots.plot(f"against-{cost}", description, draw, (5.2, 3.2))


def _stairs(axes: Axes, result: Result, best: Sequence[Record], cost: str) -> None:
    """The most quality for so much of a cost, whatever the others are."""
    more = next(o.more_is_better for o in result.objectives if o.name == QUALITY)
    points: list[tuple[float, float]] = []
    for x, y in sorted((_value(e, cost), _value(e, QUALITY) * (1 if more else -1)) for e in best):
        if not points or y > points[-1][1]:
            points.append((x, y))
    if points:
        xs, ys = zip(*points, strict=True)
        ys = tuple(y if more else -y for y in ys)
        axes.plot(xs, ys, drawstyle="steps-post", color=plots.SERIES[0], linewidth=1.2, zorder=1)


def _bound(axes: Axes, result: Result, cost: str) -> None:
    most = result.budgets.bounds().get(cost)
    if most is not None and axes.get_xlim()[1] >= most:
        axes.axvline(most, color=plots.BAD, linewidth=1.2, linestyle="--", zorder=1)
        axes.annotate(
            "budget", (most, 1), xycoords=("data", "axes fraction"), xytext=(4, -10),
            textcoords="offset points", fontsize=8, color=plots.MUTED,
        )  # fmt: skip


def parallel(result: Result, measured: Sequence[Record], choices: Sequence[Choice]) -> Markup:
    """Parallel coordinates: a line for each trial, across all choices and what came of them."""
    scales = [_Scale.of_choice(choice, measured) for choice in choices]
    scales += [_Scale.of_objective(o.name, result, measured) for o in result.objectives]
    description = (
        f"{len(measured)} trials as lines across {', '.join(s.label for s in scales)}; the "
        f"{len(result.front)} on the front are drawn strongly."
    )

    def draw(figure: Figure) -> dict[str, str]:
        axes = figure.subplots()
        titles: dict[str, str] = {}
        for number, scale in enumerate(scales):
            axes.axvline(number, color=plots.LINE, linewidth=1, zorder=1)
            for at, text in scale.ticks:
                axes.annotate(
                    plot_text(text), (number, at), xytext=(3, 0), textcoords="offset points",
                    fontsize=7.5, va="center", color=plots.MUTED, zorder=4,
                )  # fmt: skip
        rank = {number: at for at, number in enumerate(result.front)}
        for each in measured:
            is_best = each.number in rank
            gid = f"line{each.number}"
            titles[gid] = words.title(each, result)
            places = [(at, y) for at, s in enumerate(scales) if (y := s.place(each)) is not None]
            axes.plot(
                *zip(*places, strict=True), gid=gid,
                color=plots.SERIES[rank[each.number] % 8] if is_best else plots.MUTED,
                linewidth=1.8 if is_best else 0.7, alpha=1 if is_best else 0.35,
                zorder=3 if is_best else 2,
            )  # fmt: skip
        axes.set_xticks(range(len(scales)), [plot_text(s.label) for s in scales], fontsize=8.5)
        axes.set_yticks([])
        axes.grid(visible=False)
        axes.spines[["left", "bottom"]].set_visible(False)
        axes.set_xlim(-0.2, len(scales) - 0.35)
        axes.set_ylim(-0.06, 1.06)
        return titles

    size = (max(1.15 * len(scales), 6.0), 3.6)
    return plots.plot("parallel", description, draw, size, scrolls=len(scales) > 8)


class _Scale:
    """An axis from 0 to 1: where a trial is on it, and what is written beside it."""

    def __init__(
        self, label: str, places: Mapping[int, float], ticks: Sequence[tuple[float, str]]
    ) -> None:
        self.label, self._places, self.ticks = label, places, ticks

    def place(self, each: Record) -> float | None:
        """Where a trial is; None where it did not make the choice."""
        return self._places.get(each.number)

    @classmethod
    def of_choice(cls, choice: Choice, measured: Sequence[Record]) -> _Scale:
        """Of what was chosen."""
        made = {e.number: e.params[choice.name] for e in measured if choice.name in e.params}
        name = choice.name.rpartition(".")[2]
        if choice.values or not made:
            return cls._of_names(name, choice.values, made)
        numbers = {number: float(value) for number, value in made.items()}
        return cls._of_numbers(name, numbers, words.choice, log=choice.log)

    @classmethod
    def of_objective(cls, name: str, result: Result, measured: Sequence[Record]) -> _Scale:
        """Of what came of it."""
        numbers = {each.number: _value(each, name) for each in measured}
        return cls._of_numbers(
            words.label(name, result.metric), numbers, lambda v: words.figure(name, float(v))
        )

    @classmethod
    def _of_names(cls, label: str, values: Sequence[Option], made: Mapping[int, Option]) -> _Scale:
        listed = [words.choice(value) for value in values]
        at = {text: n / max(len(listed) - 1, 1) for n, text in enumerate(listed)}
        places = {number: at[words.choice(value)] for number, value in made.items()}
        step = -(-len(listed) // _MOST_TICKS)
        return cls(label, places, [(at[text], text[:_LONGEST]) for text in listed[::step]])

    @classmethod
    def _of_numbers(
        cls, label: str, numbers: Mapping[int, float], say: words.Say, *, log: bool = False
    ) -> _Scale:
        from math import log as ln

        scaled = {n: ln(value) if log else value for n, value in numbers.items()}
        low, high = min(scaled.values(), default=0.0), max(scaled.values(), default=1.0)
        span = (high - low) or 1.0
        ends = sorted(numbers.values())
        ticks = [(0.0, say(ends[0])), (1.0, say(ends[-1]))] if ends else []
        return cls(
            label, {n: (v - low) / span for n, v in scaled.items()}, ticks[: 1 + (low < high)]
        )


def importance(result: Result, shares: Mapping[str, Mapping[str, float]]) -> Markup:
    """How much each choice decides of each objective."""
    names = list(next(iter(shares.values())))
    told = "; ".join(
        f"{words.label(objective, result.metric)}: "
        + ", ".join(f"{name} {100 * share:.0f} %" for name, share in found.items())
        for objective, found in shares.items()
    )

    def draw(figure: Figure) -> None:
        panels = figure.subplots(1, len(shares), squeeze=False, sharey=True)[0]
        for axes, (objective, found) in zip(panels, shares.items(), strict=True):
            values = [100 * found[name] for name in names]
            axes.barh(range(len(names)), values, color=plots.SERIES[0], height=0.6)
            axes.set_yticks(range(len(names)), [plot_text(n.rpartition(".")[2]) for n in names])
            axes.invert_yaxis() if axes is panels[0] else None
            axes.set_title(plot_text(words.label(objective, result.metric)), fontsize=10)
            axes.set_xlim(0, 100)
            axes.xaxis.set_major_formatter(lambda at, _: f"{at:.0f} %")
            axes.xaxis.set_major_locator(_few(3))
            axes.grid(visible=False, axis="y")

    size = (max(2.1 * len(shares), 4.0) + 1, 0.32 * len(names) + 0.9)
    return plots.plot("importance", f"What decides. {told}.", draw, size)


def _few(most: int = 4) -> MaxNLocator:
    from matplotlib.ticker import MaxNLocator

    return MaxNLocator(nbins=most)


def _with_unit(cost: str) -> str:
    unit = UNITS.get(cost, "").strip()
    return f"{words.label(cost, None)}, {unit}" if unit else words.label(cost, None)


def _value(each: Record, name: str) -> float:
    assert each.outcome is not None
    return each.outcome.values()[name]
