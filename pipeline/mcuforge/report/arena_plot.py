"""The arena over time: a block a tensor, from the op that makes it to the last that reads it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from markupsafe import Markup

from mcuforge.planning.arena_blocks import (
    INPUT,
    OUTPUT,
    SCRATCH,
    TENSOR,
    Block,
    Loop,
    loop_of,
    shared_bytes,
)
from mcuforge.report import plots
from mcuforge.wording.escape import plot_text

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MOST_BLOCKS = 800  # drawn: the largest; browsers and people see no more
_LABELLED_OPS = 28  # of which each has its name under the picture
_LETTER = 5.2, 11  # pixels that a letter takes
_LEAST_LETTERS = 5
_LINES = "--"  # through a block of which only some rows lie there
_ROW_BY_ROW = "row by row together"
_MOST_TOLD = 8  # loops in words
_INCHES, _DPI = (8.6, 100.0), 96
_COLOURS = {
    INPUT: plots.SERIES[1],
    TENSOR: plots.SERIES[0],
    OUTPUT: plots.SERIES[2],
    SCRATCH: plots.SERIES[7],
}
_LEGEND = {
    INPUT: "input of the model",
    TENSOR: "tensor",
    OUTPUT: "output of the model",
    SCRATCH: "scratch of a kernel",
}


@dataclass(frozen=True)
class Arena:
    """What is drawn. `ops` holds the kind and the layer of each op, `loops` run row by row."""

    blocks: Sequence[Block]
    ops: Sequence[tuple[str, str]]
    bytes: int
    lower_bound: int
    peak_op: int
    loops: Sequence[Loop] = ()

    @property
    def peak(self) -> Loop:
        """The ops that make the peak: one, or those of a loop."""
        return loop_of(self.peak_op, self.loops)


def picture(arena: Arena) -> Markup:
    """The SVG, with a title for each block; words without matplotlib."""
    width = min(max(_INCHES[0], 1.3 + 0.26 * len(arena.ops)), _INCHES[1])
    height = 4.6 if len(arena.ops) <= _LABELLED_OPS else 4.2
    description = (
        f"The arena of {arena.bytes:,} bytes while {len(arena.ops)} ops run: {len(arena.blocks)} "
        f"blocks, the most at {arena.peak.title}. "
        + "".join(f"Row by row run {loop.title}. " for loop in arena.loops[:_MOST_TOLD])
        + "The table below has all blocks."
    )
    return plots.plot(
        "arena",
        description,
        lambda figure: _draw(figure, arena, width),
        (width, height),
        scrolls=True,
    )


def _draw(figure: Figure, arena: Arena, width: float) -> dict[str, str]:
    axes = figure.subplots()
    axes.set_xlim(-1.6, len(arena.ops) + 0.6)
    axes.set_ylim(0, max(arena.bytes, 1) * 1.04)
    _mark_peak(axes, arena)
    _mark_loops(axes, arena, (width - 1.2) * _DPI / (len(arena.ops) + 2.2))
    shown = sorted(
        range(len(arena.blocks)),
        key=lambda n: -arena.blocks[n].bytes * (arena.blocks[n].last - arena.blocks[n].first + 1),
    )[:MOST_BLOCKS]
    pixels = (width - 1.2) * _DPI / (len(arena.ops) + 2.2)  # that an op has
    tall = 300 / max(arena.bytes, 1)  # pixels of a byte
    titles: dict[str, str] = {}
    shared = shared_bytes(arena.blocks, arena.loops)
    striped = _striped_middles(arena, shared)
    for number in shown:
        block, gid = arena.blocks[number], f"block{number}"
        titles[gid] = _title(arena, block)
        _draw_block(axes, block, gid)
        if block.kind != SCRATCH and block.bytes * tall > _LETTER[1]:
            first, last = loop_of(block.first, arena.loops), loop_of(block.last, arena.loops)
            own = (
                first.last + 1 if (number, 0) in striped else block.first,
                last.first - 1 if (number, 1) in striped else block.last,
            )
            _name_block(axes, block, own, pixels)
    titles |= _draw_shared(axes, arena, shared, frozenset(shown))
    _label(axes, arena)
    _legend(figure, arena)
    return titles


def _striped_middles(
    arena: Arena, shared: Mapping[tuple[int, int], tuple[int, int]]
) -> set[tuple[int, int]]:
    """Blocks with stripes where a name would stand, in their first column (0) or their last (1)."""
    found = set()
    for (source, target), (low, high) in shared.items():
        for number, end in ((source, 1), (target, 0)):
            block = arena.blocks[number]
            if low <= block.offset + block.bytes // 2 < high:
                found.add((number, end))
    return found


def _draw_block(axes: Axes, block: Block, gid: str) -> None:
    from matplotlib.patches import Rectangle

    colour = _COLOURS[block.kind]
    axes.add_artist(
        Rectangle(
            (block.first - 0.47, block.offset), block.last - block.first + 0.94, block.bytes,
            facecolor=(colour, 0.33), edgecolor=colour, linewidth=0.9, gid=gid, in_layout=False,
        )
    )  # fmt: skip
    if block.rows:
        axes.add_artist(
            Rectangle(
                (block.first - 0.47, block.offset), block.last - block.first + 0.94, block.bytes,
                fill=False, edgecolor=(colour, 0.45), linewidth=0, hatch=_LINES, in_layout=False,
            )
        )  # fmt: skip


def _name_block(axes: Axes, block: Block, columns: tuple[int, int], pixels: float) -> None:
    """The block's layer, in the columns that it has for itself."""
    room = int(((columns[1] - columns[0] + 1) * pixels - 6) / _LETTER[0])
    if room >= _LEAST_LETTERS:
        rows = f", {block.rows[0]} of {block.rows[1]} rows" if block.rows else ""
        if len(rows) + _LEAST_LETTERS > room:
            rows = ""
        left = room - len(rows)
        name = block.layer if len(block.layer) <= left else block.layer[: left - 1] + "…"
        name += rows
        axes.text(
            sum(columns) / 2, block.offset + block.bytes / 2, plot_text(name),
            ha="center", va="center", fontsize=7, clip_on=True, in_layout=False,
        )  # fmt: skip


def _draw_shared(
    axes: Axes,
    arena: Arena,
    shared: Mapping[tuple[int, int], tuple[int, int]],
    shown: frozenset[int],
) -> dict[str, str]:
    """Stripes where an output lies over the input that its op reads for the last time."""
    from matplotlib.patches import Rectangle

    titles = {}
    for (source, target), (low, high) in shared.items():
        if source not in shown or target not in shown:
            continue
        first, second = arena.blocks[source], arena.blocks[target]
        gid = f"shared{target}-{source}"
        loop = loop_of(second.first, arena.loops)
        axes.add_artist(
            Rectangle(
                (loop.first - 0.47, low), loop.last - loop.first + 0.94, high - low,
                gid=gid, fill=False,
                edgecolor=plots.MUTED, linewidth=0, hatch="////", in_layout=False,
            )
        )  # fmt: skip
        titles[gid] = (
            f"{second.layer} is written over {high - low:,} B of {first.layer} that "
            f"{loop.title} {'have' if loop.last > loop.first else 'has'} read"
        )
    return titles


def _mark_peak(axes: Axes, arena: Arena) -> None:
    if arena.ops:
        axes.axvspan(
            arena.peak.first - 0.5, arena.peak.last + 0.5, color=(plots.BAD, 0.12), linewidth=0,
            zorder=0,
        )  # fmt: skip
    axes.axhline(arena.lower_bound, color=plots.BAD, linewidth=1.1, linestyle=(0, (5, 3)), zorder=3)


def _mark_loops(axes: Axes, arena: Arena, pixels: float) -> None:
    """A bracket above the ops of each loop."""
    for loop in arena.loops:
        ends, above = (loop.first - 0.45, loop.last + 0.45), axes.get_xaxis_transform()
        axes.plot(
            [ends[0], ends[0], ends[1], ends[1]], [0.985, 1.005, 1.005, 0.985], transform=above,
            color=plots.INK, linewidth=1.1, clip_on=False, in_layout=False,
        )  # fmt: skip
        room = (loop.last - loop.first + 1) * pixels / _LETTER[0]
        text = next((t for t in (_ROW_BY_ROW, "rows") if len(t) <= room), "")
        axes.text(sum(ends) / 2, 1.012, text, transform=above, ha="center", va="bottom", fontsize=7)


def _label(axes: Axes, arena: Arena) -> None:
    from matplotlib.ticker import FuncFormatter, MaxNLocator, MultipleLocator

    step = 16
    while arena.bytes / step > 9:
        step *= 2
    axes.yaxis.set_major_locator(MultipleLocator(step))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda at, _position: _bytes(at)))
    axes.set_ylabel("byte of the arena")
    axes.grid(axis="x", visible=False)
    if len(arena.ops) <= _LABELLED_OPS:
        names = [plot_text(f"{number} {kind}") for number, (kind, _) in enumerate(arena.ops)]
        axes.set_xticks(range(len(names)), names, rotation=40, ha="right", fontsize=8,
                        rotation_mode="anchor")  # fmt: skip
    else:
        axes.xaxis.set_major_locator(MaxNLocator(nbins=max(len(arena.ops) // 10, 8), integer=True))
        axes.set_xlabel("op, in the order in which they run")


def _bytes(count: float) -> str:
    return f"{count / 1024:g} KiB" if count >= 1024 else f"{count:g} B"


def _legend(figure: Figure, arena: Arena) -> None:
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    kinds = {block.kind for block in arena.blocks}
    marks: list[Any] = [
        Patch(facecolor=(colour, 0.33), edgecolor=colour, label=_LEGEND[kind])
        for kind, colour in _COLOURS.items()
        if kind in kinds
    ]
    marks.append(
        Patch(facecolor="none", edgecolor=plots.MUTED, linewidth=0, hatch="////",
              label="output over its input")
    )  # fmt: skip
    if any(block.rows for block in arena.blocks):
        colour = _COLOURS[TENSOR]
        marks.append(Patch(facecolor="none", edgecolor=colour, linewidth=0.9, hatch=_LINES,
                           label="some rows of a tensor"))  # fmt: skip
    loop = arena.peak.last > arena.peak.first
    marks.append(Patch(facecolor=(plots.BAD, 0.12), label=f"op{'s' * loop} of the peak"))
    dashes = (0, (5, 3))
    marks.append(Line2D([], [], color=plots.BAD, linestyle=dashes, label="least for any placement"))
    figure.legend(handles=marks, loc="outside upper left", ncols=4, fontsize=8)


def _title(arena: Arena, block: Block) -> str:
    begin = "before op 0" if block.first < 0 else f"op {block.first}"
    end = "after the last op" if block.last >= len(arena.ops) else f"op {block.last}"
    what = f"scratch of {block.layer}" if block.kind == SCRATCH else f"{block.layer} {block.type}"
    lives = begin if begin == end else f"{begin} to {end}"
    name = f"\ntensor {block.name}" if block.name and block.name != block.layer else ""
    return f"{what}\n{block.bytes:,} B at byte {block.offset:,}, {lives}{name}"
