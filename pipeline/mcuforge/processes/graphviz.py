"""Places boxes and the lines between them by Graphviz, which `pygraphviz` brings along.

Sizes in, coordinates out: no text reaches Graphviz, so that neither names nor the fonts of this
machine change the result. It runs in a child process, which a graph of any shape cannot keep.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.util import find_spec

from mcuforge.processes import groups, python_worker

MAX_BOXES, MAX_LINES = 400, 1200
MAX_STEPS = 6_000  # of all lines, from one row to the next: each is a place that Graphviz seeks
TIMEOUT_SECONDS = 15.0


@dataclass(frozen=True)
class Box:
    """A box and its size in pixels."""

    width: int
    height: int


@dataclass(frozen=True)
class Line:
    """An arrow between two boxes, by their numbers, and room for its label in pixels; 0: none."""

    begin: int
    end: int
    label_width: int = 0
    label_height: int = 0


@dataclass(frozen=True)
class PlacedLine:
    """Where an arrow runs: the points of cubic Bézier curves, where it ends, its label's centre."""

    points: tuple[tuple[float, float], ...]
    tip: tuple[float, float]
    label: tuple[float, float] | None


@dataclass(frozen=True)
class Layout:
    """Size of all, centres of the boxes, and the lines, in pixels from the upper left corner."""

    width: float
    height: float
    boxes: tuple[tuple[float, float], ...]
    lines: tuple[PlacedLine, ...]


def is_installed() -> bool:
    """True where pygraphviz is there, which holds Graphviz itself."""
    return find_spec("pygraphviz") is not None


def too_much(boxes: Sequence[Box], lines: Sequence[Line]) -> str | None:
    """Why a graph is not placed: what it has too much of; None where it can be."""
    if len(boxes) > MAX_BOXES:
        return f"{len(boxes):,} boxes, more than {MAX_BOXES}"
    if len(lines) > MAX_LINES:
        return f"{len(lines):,} lines, more than {MAX_LINES:,}"
    if _steps(len(boxes), lines) > MAX_STEPS:
        return "lines that run past too many boxes"
    return None


def _steps(boxes: int, lines: Sequence[Line]) -> int:
    """Rows that all lines pass; a line begins at a lower number than it ends, or goes back."""
    rows = [0] * boxes
    for line in sorted(lines, key=lambda line: line.begin):
        if line.begin < line.end:
            rows[line.end] = max(rows[line.end], rows[line.begin] + 1)
    return sum(abs(rows[line.end] - rows[line.begin]) for line in lines)


@lru_cache(maxsize=8)
def place(boxes: tuple[Box, ...], lines: tuple[Line, ...]) -> Layout | None:
    """The places of the boxes, from top to bottom, and of the lines; None where Graphviz cannot.

    The same for the same sizes.
    """
    request = {
        "boxes": [[box.width, box.height] for box in boxes],
        "lines": [[x.begin, x.end, x.label_width, x.label_height] for x in lines],
    }
    try:
        done = groups.run(
            python_worker.command("mcuforge.processes.graphviz_worker"),
            input=json.dumps(request).encode(),
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=TIMEOUT_SECONDS,
        )
    except subprocess.TimeoutExpired:
        return None
    if done.returncode != 0:
        return None
    answer = json.loads(done.stdout)
    return Layout(
        answer["width"],
        answer["height"],
        tuple((x, y) for x, y in answer["boxes"]),
        tuple(
            PlacedLine(
                tuple((x, y) for x, y in line["points"]),
                tuple(line["tip"]),
                tuple(line["label"]) if line["label"] else None,
            )
            for line in answer["lines"]
        ),
    )
