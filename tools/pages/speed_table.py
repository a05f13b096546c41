"""The table of instructions and code beside TensorFlow Lite Micro, from benchmarks/speed.json."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

_RECORD = Path(__file__).parents[2] / "benchmarks" / "speed.json"


def markdown(board: str = "mps2-an386") -> str:
    """A row for each model that was measured with both engines, then the geometric mean."""
    models: dict[str, dict[str, Any]] = json.loads(_RECORD.read_text(encoding="utf-8"))[board]
    both = {name: ours for name, ours in models.items() if ours.get("tflm")}
    lines = [
        "| model | instructions | with TFLM | ratio | code | with TFLM | instr./MAC |",
        "|---|---:|---:|---:|---:|---:|---:|",
        *(_row(name, ours) for name, ours in both.items()),
    ]
    ratios = [ours["instructions"] / ours["tflm"]["instructions"] for ours in both.values()]
    mean = math.exp(sum(map(math.log, ratios)) / len(ratios))
    return "\n".join([*lines, f"| geometric mean | | | {mean:.2f} | | | |"])


def _row(name: str, ours: dict[str, Any]) -> str:
    tflm = ours["tflm"]
    cells = [
        name,
        f"{ours['instructions']:,}",
        f"{tflm['instructions']:,}",
        f"{ours['instructions'] / tflm['instructions']:.2f}",
        f"{ours['code']:,} B",
        f"{tflm['code']:,} B",
        f"{ours['instructions'] / ours['macs']:.2f}",
    ]
    return f"| {' | '.join(cells)} |"
