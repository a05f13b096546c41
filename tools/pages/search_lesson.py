"""Tables and pictures of the searches in benchmarks/searches, for the page on what they teach.

Each file there is what `mcuforge tune MODEL --json` printed, without the places of reports.

.venv/bin/python tools/pages/search_lesson.py
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_ROOT = Path(__file__).parents[2]
_SEARCHES = _ROOT / "benchmarks" / "searches"
PAGE = _ROOT / "docs" / "explanation" / "what-a-search-teaches.md"
_IMAGES = _ROOT / "docs" / "images"
_MADE = re.compile(
    r"<!-- (front|effects|counts): (\w+) begin -->\n.*?<!-- \1: \2 end -->", re.DOTALL
)
_FRONT, _BEATEN = "C1", "0.65"


@dataclass(frozen=True)
class Column:
    """A figure of a trial: `key` of the part `held_in` of its document, in so many of a `unit`."""

    label: str
    held_in: str
    key: str
    unit: float = 1

    def of(self, trial: dict[str, Any]) -> float:
        """Its value."""
        return float(trial[self.held_in][self.key] / self.unit)


_INSTRUCTIONS = "costs", "instructions"
INSTRUCTIONS = Column("instructions (M)", *_INSTRUCTIONS, 1e6)
FLASH = Column("flash (kB)", "costs", "flash", 1e3)


@dataclass(frozen=True)
class Kind:
    """What is shown of a model's trials.

    Quality, by a metric, against two `costs`; and one figure of the `pair` against the other, which
    lie on a diagonal where they are one measure on two kinds of samples; else both are objectives.
    `work` is what time was searched by: cycles or instructions.
    """

    quality: str
    label: str
    costs: tuple[Column, Column]
    pair: tuple[Column, Column]
    diagonal: bool = True
    work: str = "instructions"


KINDS = {
    "autoencoder": Kind(
        "auc",
        "AUC",
        (Column("cycles (M)", "costs", "cycles", 1e6), FLASH),
        (
            Column("MSE, trained on", "figures", "mse_trained_on"),
            Column("MSE, held out", "float_metrics", "mse"),
        ),
        work="cycles",
    ),
    "unet": Kind(
        "mean_iou",
        "mean IoU",
        (INSTRUCTIONS, Column("RAM (kB)", "costs", "ram", 1e3)),
        (
            Column("mean IoU, trained on", "figures", "mean_iou_trained_on"),
            Column("mean IoU, held out", "float_metrics", "mean_iou"),
        ),
    ),
    "vae": Kind(
        "psnr",
        "PSNR",
        (Column("KL (nats)", "figures", "kl"), Column("instructions (k)", *_INSTRUCTIONS, 1e3)),
        (Column("KL (nats)", "figures", "kl"), Column("silhouette", "figures", "silhouette")),
        diagonal=False,
    ),
}


@dataclass(frozen=True)
class Search:
    """A search as its document tells of it."""

    name: str
    content: dict[str, Any]

    @property
    def kind(self) -> Kind:
        """How its model is judged."""
        return KINDS[self.name]

    @property
    def complete(self) -> list[dict[str, Any]]:
        """The trials that were proven."""
        return [trial for trial in self.content["trials"] if trial["end"] == "complete"]

    @property
    def front(self) -> list[dict[str, Any]]:
        """Those that no other one beats, from the best quality down."""
        found = [trial for trial in self.complete if trial["on_front"]]
        return sorted(found, key=lambda trial: -trial["quality"])

    @property
    def options(self) -> list[str]:
        """What varied, in the order of the recipe."""
        seen: dict[str, set[str]] = {}
        for trial in self.complete:
            for name, value in trial["params"].items():
                seen.setdefault(name, set()).add(repr(value))
        return [name for name, values in seen.items() if len(values) > 1]

    @property
    def searched(self) -> tuple[Column, ...]:
        """Figures that are objectives beside quality and costs."""
        return () if self.kind.diagonal else self.kind.pair

    def lost(self, trial: dict[str, Any]) -> float:
        """What int8 took from the quality of the float model."""
        name = self.kind.quality
        return float(trial["float_metrics"][name] - trial["metrics"][name])


def load(name: str) -> Search:
    """The committed search of a model."""
    return Search(name, json.loads((_SEARCHES / f"{name}.json").read_text(encoding="utf-8")))


def made(text: str) -> str:
    """The page's text with its parts made anew."""
    return _MADE.sub(_part, text)


def write() -> None:
    """Make the page's tables and pictures anew."""
    import matplotlib

    PAGE.write_text(made(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
    same = {"svg.hashsalt": "mcuforge", "svg.fonttype": "none"}
    for name in KINDS:
        with matplotlib.rc_context(same):
            file = _IMAGES / f"search-{name}.svg"
            draw(load(name)).savefig(file, metadata={"Date": None})


def counts(search: Search) -> str:
    """How many trials ended in which way, and what each was."""
    content = search.content
    told = {"complete": "proven", "pruned": "given up while they trained",
            "cut": "over a budget before they trained", "failed": "failed"}  # fmt: skip
    ends = ", ".join(f"{n} {told[end]}" for end, n in content["counts"].items() if n)
    number = sum(content["counts"].values())
    front = len(content["front"])
    return f"{number} trials of {content['epochs']} epochs: {ends}. {front} are on the front."


def front_table(search: Search) -> str:
    """The front as Markdown: what was chosen, float beside int8, costs."""
    label = search.kind.label
    figures = [f"{label}, float", "int8", *(column.label for column in search.searched)]
    heads = ["trial", *search.options, *figures, "RAM", "flash", search.kind.work]
    return _table(heads, (_front_row(search, trial) for trial in search.front))


def effects_table(search: Search) -> str:
    """Means over the trials with each value of each option."""
    kind = search.kind
    pair = [column.label for column in kind.pair]
    heads = ["option", "trials", f"{kind.label}, float", "lost to int8", *pair, kind.work]
    return _table(heads, _effects(search))


def _effects(search: Search) -> Iterator[list[str]]:
    kind = search.kind
    for name in search.options:
        held = [trial for trial in search.complete if name in trial["params"]]
        values = sorted({trial["params"][name] for trial in held})
        if len(values) == len(held):
            continue  # of a range: no two trials are alike
        for value in values:
            chosen = [trial for trial in held if trial["params"][name] == value]
            yield [
                f"`{name}` = {_shown(value)}",
                str(len(chosen)),
                _mean(trial["float_metrics"][kind.quality] for trial in chosen),
                f"{round(fmean(search.lost(trial) for trial in chosen), 4) + 0:.4f}",
                *(_mean(column.of(trial) for trial in chosen) for column in kind.pair),
                f"{fmean(trial['costs'][kind.work] for trial in chosen):,.0f}",
            ]


def _front_row(search: Search, trial: dict[str, Any]) -> list[str]:
    name, costs = search.kind.quality, trial["costs"]
    return [
        str(trial["number"]),
        *(_shown(trial["params"].get(option)) for option in search.options),
        f"{trial['float_metrics'][name]:.4f}",
        f"{trial['metrics'][name]:.4f}",
        *(f"{column.of(trial):.3g}" for column in search.searched),
        f"{costs['ram']:,.0f} B",
        f"{costs['flash']:,.0f} B",
        f"{costs[search.kind.work]:,.0f}",
    ]


def _mean(values: Iterator[float]) -> str:
    return f"{fmean(values):.3g}"


def _shown(value: Any) -> str:
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:.3g}" if isinstance(value, float) else str(value)


def _table(heads: list[str], rows: Iterator[list[str]]) -> str:
    """Markdown; all columns but the first to the right."""
    lines = [heads, ["---", *["---:"] * (len(heads) - 1)], *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


_PARTS: dict[str, Callable[[Search], str]] = {
    "front": front_table,
    "effects": effects_table,
    "counts": counts,
}


def _part(match: re.Match[str]) -> str:
    kind, name = match.groups()
    content = _PARTS[kind](load(name))
    return f"<!-- {kind}: {name} begin -->\n{content}\n<!-- {kind}: {name} end -->"


def draw(search: Search) -> Figure:
    """Quality against two costs, the front marked; and one figure of the pair against the other."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(11, 3.4), layout="constrained")
    *left, right = figure.subplots(1, 3)
    for cost, axes in zip(search.kind.costs, left, strict=True):
        _draw_cost(search, axes, cost)
    _draw_pair(search, right)
    return figure


def _draw_cost(search: Search, axes: Axes, cost: Column) -> None:
    name = search.kind.quality
    for trial in search.complete:
        x, int8 = cost.of(trial), trial["metrics"][name]
        _dot(axes, trial, x, int8)
        axes.plot([x, x], [trial["float_metrics"][name], int8], color=_colour(trial), linewidth=1)
    axes.set(xlabel=cost.label, ylabel=f"{search.kind.label} (int8; line: to float)")


def _draw_pair(search: Search, axes: Axes) -> None:
    across, up = search.kind.pair
    for trial in search.complete:
        _dot(axes, trial, across.of(trial), up.of(trial))
    if search.kind.diagonal:
        ends = [*axes.get_xlim(), *axes.get_ylim()]
        line = [min(ends), max(ends)]
        axes.plot(line, line, color="0.8", linewidth=1, zorder=0)
    axes.set(xlabel=across.label, ylabel=up.label)


def _dot(axes: Axes, trial: dict[str, Any], x: float, y: float) -> None:
    axes.plot(x, y, "o", color=_colour(trial), markersize=5)
    axes.annotate(str(trial["number"]), (x, y), (3, 3), textcoords="offset points", fontsize=7)


def _colour(trial: dict[str, Any]) -> str:
    return _FRONT if trial["on_front"] else _BEATEN


if __name__ == "__main__":
    write()
