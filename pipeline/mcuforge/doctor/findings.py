"""What the doctor found, as data, as a table and as JSON."""

from __future__ import annotations

import platform
from dataclasses import asdict, dataclass, field
from typing import Any

from rich.text import Text

from mcuforge.wording.tables import Table


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

    def table(self, *, wide: bool = False) -> Table:
        """A row a finding; `wide` has room for where it was found."""
        table = Table(box=None, pad_edge=False)
        headings = ("", "tool or library", "version", "needed for")
        for heading in (*headings, "where") if wide else headings:
            table.add_column(heading, overflow="fold")
        for f in self.findings:
            needed = Text(f.needed_for)
            if f.problem:
                needed.append((": " if wide else "\n") + f.problem, style="dim")
            where = [f.where or "-"] if wide else []
            table.add_row(_mark(f), f.name, f.version or "-", needed, *where)
        return table

    def advice(self, everywhere: bool = False) -> list[str]:
        """How to get what is missing or does not serve, a line for each way to install.

        What is required comes first. For the system that this runs on, or for every system.
        """
        wanted = sorted((f for f in self.findings if not f.ok), key=lambda f: not f.required)
        lines: dict[str, list[Finding]] = {}
        for f in wanted:
            lines.setdefault(_ways(f.install) if everywhere else f.install.here(), []).append(f)
        return [f"{', '.join(f.name for f in group)}: {way}" for way, group in lines.items()]

    def verdict(self) -> str:
        """One sentence: what does not work without what is missing."""
        if self.missing:
            return (
                "The main job, a .tflite all the way, cannot run here. Missing: "
                f"{', '.join(f'{f.name} ({f.needed_for})' for f in self.missing)}."
            )
        optional = [f for f in self.findings if not f.ok]
        if not optional:
            return "Everything is here."
        prevented = dict.fromkeys(f.needed_for for f in optional)
        return f"The main job can run here. Optional, and missing: {'; '.join(prevented)}."


def _mark(finding: Finding) -> Text:
    if finding.ok:
        return Text("ok", style="green")
    if finding.required:
        return Text("missing", style="red")
    return Text("optional", style="yellow")


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
