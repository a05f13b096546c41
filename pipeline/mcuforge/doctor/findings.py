"""What the doctor found, as data, as a table and as JSON."""

from __future__ import annotations

import platform
from dataclasses import asdict, dataclass, field
from typing import Any

from rich.markup import escape
from rich.table import Table


@dataclass(frozen=True)
class Install:
    """How to install something on each system: a command, or words."""

    debian: str
    fedora: str
    macos: str
    windows: str

    def here(self) -> str:
        """The way for the system that this runs on."""
        by_system = {"Darwin": self.macos, "Windows": self.windows}
        if platform.system() in by_system:
            return by_system[platform.system()]
        return self.fedora if _like_fedora() else self.debian


@dataclass(frozen=True)
class Finding:
    """One tool or library.

    `required`: the main job (`mcuforge run` on a Keras model) cannot do without. `where` is a path,
    None if it was not found. `problem` says why what was found does not serve.
    """

    name: str
    needed_for: str
    required: bool
    install: Install
    where: str | None = None
    version: str | None = None
    problem: str | None = None

    @property
    def ok(self) -> bool:
        """Found, and it serves."""
        return self.where is not None and self.problem is None


@dataclass(frozen=True)
class Report:
    """All findings."""

    findings: tuple[Finding, ...] = field(default=())

    @property
    def missing(self) -> tuple[Finding, ...]:
        """What the main job needs and does not have."""
        return tuple(f for f in self.findings if f.required and not f.ok)

    @property
    def ok(self) -> bool:
        """True where the main job can run."""
        return not self.missing

    def as_json(self) -> dict[str, Any]:
        """JSON values: `ok`, and every finding with its own `ok`."""
        return {"ok": self.ok, "findings": [{**asdict(f), "ok": f.ok} for f in self.findings]}

    def table(self) -> Table:
        """A row a finding; where it was found, or what is wrong, under what it is needed for."""
        table = Table(box=None, pad_edge=False)
        for heading in ("", "tool or library", "version", "needed for, where"):
            table.add_column(heading, overflow="fold")
        for f in self.findings:
            found = escape(f.problem or f.where or "not found")
            cell = f"{escape(f.needed_for)}\n[dim]{found}[/]"
            table.add_row(_mark(f), escape(f.name), escape(f.version or "-"), cell)
        return table

    def advice(self, everywhere: bool = False) -> list[str]:
        """How to get what is missing or does not serve, a line each; what is required first.

        For the system that this runs on, or for every system.
        """
        wanted = sorted((f for f in self.findings if not f.ok), key=lambda f: not f.required)
        return [f"{f.name}: {_ways(f.install) if everywhere else f.install.here()}" for f in wanted]


def _mark(finding: Finding) -> str:
    if finding.ok:
        return "[green]ok[/]"
    return "[red]missing[/]" if finding.required else "[yellow]optional[/]"


def _ways(install: Install) -> str:
    if {install.debian} == {install.fedora, install.macos, install.windows}:
        return install.debian
    return (
        f"Debian: {install.debian}; Fedora: {install.fedora}; "
        f"macOS: {install.macos}; Windows: {install.windows}"
    )


def _like_fedora() -> bool:
    try:
        release = platform.freedesktop_os_release()
    except OSError:
        return False
    names = f"{release.get('ID', '')} {release.get('ID_LIKE', '')}".split()
    return "fedora" in names or "rhel" in names
