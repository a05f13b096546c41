"""Does this machine have what mcuforge needs? `check()` looks, and imports nothing heavy.

This machine -> findings, and how to install what is missing. Knows nothing of models.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from rich.console import Group, RenderableType
from rich.text import Text

from mcuforge import documents
from mcuforge.doctor import packages, tools
from mcuforge.doctor.findings import Finding, Report
from mcuforge.documents.machine import DOCTOR

__all__ = ["Finding", "Report", "as_json", "check", "table"]

_SIMULATORS = ("qemu-system-arm", "renode")


def check(renode: Path | None = None) -> Report:
    """Look for every tool and library. `renode` is where Renode is said to be."""
    found = (*tools.findings(renode), *packages.findings())
    simulators = {f.name: f.ok for f in found if f.name in _SIMULATORS}
    if any(simulators.values()):  # one is enough
        found = tuple(replace(f, required=False) if f.name in _SIMULATORS else f for f in found)
    return Report(found)


def table(report: Report, *, wide: bool = False) -> RenderableType:
    """What people are shown: a row a finding, then what that means, and what to install."""
    shown: list[RenderableType] = [report.table(wide=wide), Text(f"\n{report.verdict()}")]
    advice = "\n".join(f"- {line}" for line in report.advice())
    if advice:  # not folded, so that commands can be copied
        shown += [Text(f"How to install:\n{advice}", no_wrap=True, overflow="ignore")]
    return Group(*shown)


def as_json(report: Report) -> dict[str, Any]:
    """The JSON document: `ok`, and every finding with its own `ok` and how to install it."""
    return documents.document(DOCTOR, report.as_json())
