"""The table of a folder of models: what is accepted, exact, and what it costs, or why it is not."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TypedDict

from mcuforge.wording.escape import markdown_code, markdown_text


class Row(TypedDict):
    """A model. `exact` is None where nothing was compared, `reason` says why something is not."""

    model: str
    accepted: bool
    exact: bool | None
    arena: int | None
    instructions: int | None
    reason: str | None


def write(rows: Sequence[Row], folder: Path) -> None:
    """`zoo.json` and `zoo.md`."""
    ordered = sorted(rows, key=lambda row: row["model"])
    (folder / "zoo.json").write_text(json.dumps(ordered, indent=2) + "\n")
    lines = [
        f"{summary(ordered)}\n",
        "| model | accepted | exact | arena | instructions | reason |",
        "|---|---|---|---:|---:|---|",
        *map(_line, ordered),
    ]
    (folder / "zoo.md").write_text("\n".join(lines) + "\n")


def summary(rows: Sequence[Row]) -> str:
    """How many of them are accepted, and exact."""
    accepted, exact = (sum(bool(row[key]) for row in rows) for key in ("accepted", "exact"))
    return f"{len(rows)} models: {accepted} accepted, {exact} of these exact. See zoo.md, zoo.json."


def _line(row: Row) -> str:
    words = {True: "yes", False: "**no**", None: ""}
    numbers = ["" if n is None else f"{n:,}" for n in (row["arena"], row["instructions"])]
    first = (row["reason"] or "").split("\n")[0]
    cells = [markdown_code(row["model"]), words[row["accepted"]], words[row["exact"]], *numbers]
    return f"| {' | '.join([*cells, markdown_text(first)])} |"
