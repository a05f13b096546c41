"""The report in a browser: quiet, readable everywhere, and nothing in it leads astray."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
from chromium import DESKTOP, PHONE, visited
from playwright.sync_api import Browser, Page

pytestmark = [pytest.mark.sim, pytest.mark.tensorflow]

# What a run of a model folder shows in any case.
SECTIONS = ("verdict", "parity", "time", "samples")
# The least contrast of WCAG 2, level AA, for text.
LEAST_CONTRAST = 4.5
CONTRAST = """() => {
  const channels = (text) => text.match(/[\\d.]+/g).map(Number);
  const light = (text) => {
    const [r, g, b] = channels(text).map((v) => v / 255).map(
      (v) => (v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const back = (element) => {
    for (let at = element; at; at = at.parentElement) {
      const colour = getComputedStyle(at).backgroundColor;
      if (channels(colour)[3] !== 0) return colour;
    }
    return "rgb(255, 255, 255)";
  };
  const poor = [];
  for (const element of document.querySelectorAll("main *, aside *")) {
    const own = [...element.childNodes].some((n) => n.nodeType === 3 && n.textContent.trim());
    if (!own || element.closest("svg, script, style") || !element.checkVisibility()) continue;
    const pair = [getComputedStyle(element).color, back(element)].map(light).sort((a, b) => b - a);
    const contrast = (pair[0] + 0.05) / (pair[1] + 0.05);
    const words = element.textContent.trim().slice(0, 60);
    if (contrast < LEAST) poor.push(`${contrast.toFixed(2)}: ${words}`);
  }
  return [...new Set(poor)];
}""".replace("LEAST", str(LEAST_CONTRAST))


def pages(report: Path) -> list[Path]:
    found = sorted(report.glob("*.html"))
    assert {path.name.split("-")[0] for path in found} >= {"index.html", "run"}
    return found


def run_page(report: Path) -> Path:
    return next(report.glob("run-*.html"))


def test_pages_load_nothing_and_complain_of_nothing(browser: Browser, report: Path) -> None:
    for path in pages(report):
        with visited(browser, path) as visit:
            assert visit.complaints == []
            assert [url for url in visit.requests if not url.startswith("data:")] == [path.as_uri()]


def test_all_sections_are_there_and_visible(browser: Browser, report: Path) -> None:
    with visited(browser, run_page(report)) as visit:
        shown = visit.page.locator("main section")
        ids = [shown.nth(n).get_attribute("id") for n in range(shown.count())]
        assert set(SECTIONS) <= set(ids)
        for number in range(shown.count()):
            box = shown.nth(number).bounding_box()
            assert box and box["height"] > 50 and box["width"] > 300, ids[number]
            assert shown.nth(number).locator(".says").inner_text().strip()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_can_be_read_in_both_schemes(browser: Browser, report: Path, scheme: str) -> None:
    for path in pages(report):
        with visited(browser, path, scheme=scheme) as visit:
            assert visit.page.evaluate(CONTRAST) == [], path.name


def test_dark_and_light_are_a_press_apart_and_plots_follow(browser: Browser, report: Path) -> None:
    with visited(browser, run_page(report), scheme="dark") as visit:
        assert _brightness(visit.page) < 60
        visit.page.locator("#theme").press("Enter")
        assert _brightness(visit.page) > 200


def _brightness(page: Page) -> float:
    colour = page.evaluate("getComputedStyle(document.body).backgroundColor")
    return sum(map(float, colour[4:-1].split(","))) / 3


@pytest.mark.parametrize("width", [PHONE, DESKTOP])
def test_no_page_is_wider_than_its_window(browser: Browser, report: Path, width: int) -> None:
    for path in pages(report):
        with visited(browser, path, width) as visit:
            assert visit.page.evaluate("document.documentElement.scrollWidth") <= width, path.name


def test_every_link_leads_somewhere_in_the_folder(browser: Browser, report: Path) -> None:
    for path in pages(report):
        with visited(browser, path) as visit:
            links = visit.page.locator("a[href], svg a").evaluate_all(
                "all => all.map(a => a.href.baseVal ?? a.href)"
            )
            for link in links:
                _assert_leads(visit.page, path, link)


def _assert_leads(page: Page, path: Path, link: str) -> None:
    parts = urlsplit(link if ":" in link else f"{path.as_uri()}{link}")
    target = Path(unquote(parts.path))
    assert parts.scheme == "file" and target.parent == path.parent and target.is_file(), link
    if parts.fragment and target == path:
        found = page.evaluate("id => !!document.getElementById(id)", unquote(parts.fragment))
        assert found, link


def test_the_keyboard_reaches_and_works_everything(browser: Browser, report: Path) -> None:
    with visited(browser, run_page(report)) as visit:
        page = visit.page
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.className") == "skip"
        page.keyboard.press("Enter")
        assert page.evaluate("location.hash") == "#content"
        table = page.locator("#time table.sortable").first
        before = table.locator("tbody tr").all_inner_texts()
        heading = table.locator("th button").last
        heading.press("Enter")
        assert table.locator("th[aria-sort]").count() == 1
        heading.press("Enter")
        rows = table.locator("tbody tr").all_inner_texts()
        assert sorted(rows) == sorted(before) and len(rows) > 3
        field = page.locator("#time input.filter").first
        field.fill("conv_2d")
        left = table.locator("tbody tr:visible").all_inner_texts()
        assert 0 < len(left) < len(rows) and all("conv_2d" in row.lower() for row in left)


def test_without_scripts_everything_is_still_there(browser: Browser, report: Path) -> None:
    with visited(browser, run_page(report), java_script_enabled=False) as visit:
        for section in SECTIONS:
            assert visit.page.locator(f"#{section}").is_visible()


def test_it_prints_without_what_only_a_screen_needs(browser: Browser, report: Path) -> None:
    with visited(browser, run_page(report), scheme="dark") as visit:
        visit.page.emulate_media(media="print")
        assert not visit.page.locator("aside").is_visible()
        assert _brightness(visit.page) == 255
        assert visit.page.pdf().startswith(b"%PDF")


def test_pictures_have_words_and_headings_their_order(browser: Browser, report: Path) -> None:
    for path in pages(report):
        with visited(browser, path) as visit:
            page = visit.page
            assert page.locator("h1").count() == 1
            assert page.locator("img:not([alt]), svg[role=img]:not([aria-label])").count() == 0
            ids = page.locator("[id]").evaluate_all("all => all.map(e => e.id)")
            assert len(ids) == len(set(ids)), path.name
