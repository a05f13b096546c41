"""The report's site: pages of several commands, each of which leads to all others."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest
from markupsafe import Markup

from mcuforge.errors import ForgeError
from mcuforge.report import html_page, plots, site
from mcuforge.report.html_page import Section
from mcuforge.report.site import Page

HOSTILE = '</title><script>alert("1")</script>{{ 7 }}&<!-- /pages -->'


class _Read(HTMLParser):
    """Links, ids, and the text of a page."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.links: list[str] = []
        self.ids: list[str] = []
        self.tags: list[str] = []
        self.text = ""
        self.feed(path.read_text())
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        self.tags.append(tag)
        self.links += [str(values["href"])] if tag == "a" else []
        self.ids += [str(values["id"])] if "id" in values else []

    def handle_data(self, data: str) -> None:
        self.text += data


def page(kind: str = "run", name: str = "model on board", text: str = "first") -> Page:
    section = Section("verdict", "Verdict", "What one sees.", Markup("<p>{}</p>").format(text))
    return Page(
        kind, name, name, (section,), facts=(("flash", "12 B"),), badge="exact", state="good"
    )


def links_of(output: Path, file: str) -> set[str]:
    return {link for link in _Read(output / "report" / file).links if not link.startswith("#")}


def test_each_page_leads_to_all_others_whoever_wrote_it(tmp_path: Path) -> None:
    run, profile = page(), page("profile", "model's time")
    assert site.publish(tmp_path, [run]) == tmp_path / "report" / "index.html"
    site.publish(tmp_path, [profile])
    files = {"index.html", run.file, profile.file}
    assert files == {path.name for path in (tmp_path / "report").glob("*.html")}
    for file in files:
        assert links_of(tmp_path, file) == files
    assert [entry.file for entry in site.read(tmp_path)] == [run.file, profile.file]


def test_a_page_of_the_same_name_is_replaced_and_the_order_of_writing_does_not_matter(
    tmp_path: Path,
) -> None:
    pages = [page(), page(name="other"), page("bench")]
    for each in pages:
        site.publish(tmp_path / "one", [each])
    site.publish(tmp_path / "two", [page(text="old"), pages[2]])
    site.publish(tmp_path / "two", [pages[1], pages[0]])
    one, two = (
        {path.name: path.read_bytes() for path in (tmp_path / folder / "report").iterdir()}
        for folder in ("one", "two")
    )
    assert one == two


def test_names_stay_text(tmp_path: Path) -> None:
    hostile = replace(page(name=HOSTILE, text=HOSTILE), title=HOSTILE, badge=HOSTILE, lead=HOSTILE)
    site.publish(tmp_path, [hostile])
    site.publish(tmp_path, [page()])
    assert re.fullmatch(r"run-[a-z0-9_]+\.html", hostile.file)
    for file in ("index.html", hostile.file, page().file):
        read = _Read(tmp_path / "report" / file)
        assert read.tags.count("script") == 1 and HOSTILE in read.text
        assert links_of(tmp_path, file) == {"index.html", hostile.file, page().file}


def test_a_page_that_is_gone_leaves_the_list(tmp_path: Path) -> None:
    site.publish(tmp_path, [page(), page("bench")])
    (tmp_path / "report" / page("bench").file).unlink()
    site.publish(tmp_path, [page()])
    assert links_of(tmp_path, "index.html") == {"index.html", page().file}


@pytest.mark.parametrize(
    "entry",
    [
        {},
        {
            "file": "../../escape.html",
            "kind": "run",
            "name": "x",
            "facts": [],
            "badge": "",
            "state": "",
        },
        {"file": "none-x.html", "kind": "none", "name": "x", "facts": [], "badge": "", "state": ""},
        {"file": "run-x.html", "kind": "run", "name": "x", "facts": [1], "badge": "", "state": ""},
    ],
)
def test_a_damaged_list_is_told_in_words(tmp_path: Path, entry: dict[str, object]) -> None:
    site.publish(tmp_path, [page()])
    content = {"mcuforge": "1", "pages": [{"badge": "", "state": "", **entry}]}
    (tmp_path / "report" / "pages.json").write_text(json.dumps(content))
    with pytest.raises(ForgeError, match="damaged"):
        site.publish(tmp_path, [page()])


def test_ids_are_unique_and_every_part_has_its_link() -> None:
    made = html_page.page("t", page().sections)
    assert re.findall(r'href="(#[^"]+)"', made) == ["#content", "#content", "#verdict"]
    ids = re.findall(r'\bid="([^"]+)"', made)
    assert len(ids) == len(set(ids))


def test_plots_use_the_colours_of_the_page_and_unique_ids() -> None:
    pytest.importorskip("matplotlib")

    def draw(figure: object) -> dict[str, str]:
        axes = figure.subplots()  # type: ignore[attr-defined]
        bars = axes.bar(["a<b", "c"], [1, 2], color=plots.SERIES[1])
        bars[0].set_gid("first")
        return {"first": "a & b"}

    one, again, other = (plots.plot(name, 'a "plot"', draw) for name in ("one", "one", "other"))
    assert one == again
    assert (
        "var(--series-2)" in one and "var(--muted)" in one and "#0" not in one.replace("#one", "")
    )
    assert "<title>a &amp; b</title>" in one and "a&lt;b" in one
    ids = [set(re.findall(r'\bid="([^"]+)"', text)) for text in (one, other)]
    assert ids[0] and not ids[0] & ids[1]
    assert 'aria-label="a &quot;plot&quot;"' in one


def test_without_matplotlib_words_stand_in_the_place_of_a_plot(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(plots.drawing, "can_draw", lambda: False)
    assert "[report]" in plots.plot("x", "y", lambda _figure: None)
