"""The pages that commands write for an output folder: one site, `report/index.html`.

Each command brings pages; those of other commands stay. `pages.json` lists them all, and every page
carries that list, between two marks, so that it leads to all others. A page is a file of its own
that loads nothing: it can be sent to somebody without the rest.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from mcuforge import __version__
from mcuforge.emit import c_names
from mcuforge.errors import ForgeError
from mcuforge.files import atomic, json_text, locks
from mcuforge.report import html_page, results
from mcuforge.report.html_page import PAGES_BEGIN, PAGES_END, Section

FOLDER, INDEX, MANIFEST = "report", "index.html", "pages.json"
_MOST_PAGES = 1000
# The kinds of pages in their order, with the words above their links.
HEADINGS = {
    "run": "Runs",
    "profile": "Profiles",
    "bench": "Engines compared",
    "quantization": "Quantisation",
    "explore": "Latent spaces",
    "tune": "Searches",
    "sweep": "Combinations",
    "history": "History",
}


@dataclass(frozen=True)
class Page:
    """A page of the site. `kind` is one of `HEADINGS`, `name` what its link says.

    `facts` are labels and values for the overview, `badge` a word of judgement there, and `state`
    what that is: "good", "warn", "bad" or "".
    """

    kind: str
    name: str
    title: str
    sections: tuple[Section, ...]
    lead: str = ""
    facts: tuple[tuple[str, str], ...] = ()
    badge: str = ""
    state: str = ""

    @property
    def file(self) -> str:
        """The page's file: another for each kind and name."""
        return _file(self.kind, self.name)


@dataclass(frozen=True)
class Entry:
    """What the list of pages holds of each."""

    file: str
    kind: str
    name: str
    facts: tuple[tuple[str, str], ...] = ()
    badge: str = ""
    state: str = ""

    @property
    def heading(self) -> str:
        """The words above links of its kind."""
        return HEADINGS[self.kind]


def index(output: Path) -> Path:
    """The page to begin with."""
    return output / FOLDER / INDEX


def check(output: Path, *, force: bool = False) -> None:
    """Raise `ForgeError` where the site would replace something that mcuforge did not write."""
    site = output / FOLDER
    pages = [page for kind in HEADINGS for page in sorted(site.glob(f"{kind}-*.html"))]
    results.check(index(output), site / MANIFEST, *pages, force=force)


def publish(output: Path, pages: Sequence[Page], *, force: bool = False) -> Path:
    """Add pages to the site of an output folder, or replace them; returns the page to begin with.

    Raises `ForgeError` where a file of that name is not mcuforge's, or cannot be written.
    """
    site = output / FOLDER
    with locks.writing(output):
        check(output, force=force)
        entries = {entry.file: entry for entry in read(output)}
        for page in pages:
            entries[page.file] = _entry(page)
        listed = _ordered(list(entries.values()))
        files = {
            site / entry.file: text
            for entry in listed
            if (text := _linked(site / entry.file, entry, listed)) is not None
        }
        files |= {site / page.file: _page(page, listed) for page in pages}
        files[site / INDEX] = _overview(listed)
        files[site / MANIFEST] = json_text.dumps(
            {"mcuforge": __version__, "pages": [asdict(entry) for entry in listed]}
        )
        atomic.write_all({path: text.encode() for path, text in files.items()})
    return site / INDEX


def standalone(page: Page) -> str:
    """A page outside of any site."""
    return html_page.page(page.title, page.sections, lead=page.lead)


def read(output: Path) -> list[Entry]:
    """The pages that the site of an output folder has. Those whose file is gone are left out."""
    manifest = output / FOLDER / MANIFEST
    if not manifest.is_file():
        return []
    try:
        content = json.loads(manifest.read_bytes())
        entries = [_read_entry(each) for each in content["pages"][:_MOST_PAGES]]
    except (ValueError, KeyError, TypeError) as error:
        raise ForgeError(
            f"{manifest}: damaged, and with it the list of the report's pages ({error}). Remove "
            f"{manifest.parent}; the next commands make its pages again."
        ) from None
    return [entry for entry in entries if (manifest.parent / entry.file).is_file()]


def _read_entry(values: dict[str, Any]) -> Entry:
    facts = tuple((str(label), str(value)) for label, value in values["facts"])
    texts = {key: str(values[key]) for key in ("file", "kind", "name", "badge", "state")}
    if texts["kind"] not in HEADINGS or texts["file"] != _file(texts["kind"], texts["name"]):
        raise ValueError("a page of another name")
    return Entry(facts=facts, **texts)


def _file(kind: str, name: str) -> str:
    return f"{kind}-{c_names.identifier(name)}.html"


def _entry(page: Page) -> Entry:
    return Entry(page.file, page.kind, page.name, page.facts, page.badge, page.state)


def _ordered(entries: list[Entry]) -> list[Entry]:
    kinds = list(HEADINGS)
    return sorted(entries, key=lambda entry: (kinds.index(entry.kind), entry.name))


def _page(page: Page, listed: Sequence[Entry]) -> str:
    pages = _links(page.file, listed)
    return html_page.page(page.title, page.sections, lead=page.lead, pages=pages, in_site=True)


def _links(current: str, listed: Sequence[Entry]) -> str:
    """The list of the site's pages, on the page `current`."""
    groups = [
        (heading, [entry for entry in listed if entry.kind == kind])
        for kind, heading in HEADINGS.items()
    ]
    return html_page.render("pages.html.j2", current=current, groups=[g for g in groups if g[1]])


def _linked(path: Path, entry: Entry, listed: Sequence[Entry]) -> str | None:
    """An older page with the list of now; None where there is none, or its marks are gone."""
    if not path.is_file():
        return None
    before, mark, rest = path.read_text("utf-8", "replace").partition(PAGES_BEGIN)
    _, end, after = rest.partition(PAGES_END)
    return f"{before}{mark}{_links(entry.file, listed)}{end}{after}" if mark and end else None


def _overview(listed: Sequence[Entry]) -> str:
    labels = list(dict.fromkeys(label for entry in listed for label, _ in entry.facts))
    body = html_page.render("sections/overview.html.j2", pages=listed, labels=labels)
    says = "What was made in this folder. Each card leads to its page; red ones need a look first."
    section = Section("overview", "Results", says, body)
    return html_page.page("mcuforge report", [section], pages=_links(INDEX, listed), in_site=True)
