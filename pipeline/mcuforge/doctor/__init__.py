"""Does this machine have what mcuforge needs? `check()` looks, and imports nothing heavy."""

from __future__ import annotations

from pathlib import Path

from mcuforge.doctor import packages, tools
from mcuforge.doctor.findings import Finding, Report

__all__ = ["Finding", "Report", "check"]


def check(renode: Path | None = None) -> Report:
    """Look for every tool and library. `renode` is where Renode is said to be."""
    return Report((*tools.findings(renode), *packages.findings()))
