"""Does this machine have what mcuforge needs? `check()` looks, and imports nothing heavy."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from rich.console import Group, RenderableType
from rich.text import Text

from mcuforge.doctor import packages, tools
from mcuforge.doctor.findings import Finding, Report

__all__ = ["Finding", "Report", "as_json", "check", "table"]


def check(renode: Path | None = None) -> Report:
    """Look for every tool and library. `renode` is where Renode is said to be."""
    return Report((*tools.findings(renode), *packages.findings()))


def table(report: Report) -> RenderableType:
    """What people are shown: a row a finding, then how to install what is missing."""
    advice = report.advice(everywhere=True)
    if not advice:
        return report.table()
    lines = ["", "How to install what is missing:", *(f"- {line}" for line in advice)]
    return Group(report.table(), Text("\n".join(lines)))


def as_json(report: Report) -> dict[str, Any]:
    """JSON values: `ok`, and every finding with its own `ok` and how to install it."""
    return report.as_json()
