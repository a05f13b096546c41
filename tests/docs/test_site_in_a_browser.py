"""The site, opened from the disk in Chromium: whole, readable on a phone, and the search finds."""

from __future__ import annotations

from pathlib import Path

import pytest
from test_site import build

chromium = pytest.importorskip("chromium", reason="needs playwright", exc_type=ImportError)
pytestmark = pytest.mark.slow


def background(page: object) -> str:
    said = page.evaluate("getComputedStyle(document.body).backgroundColor")  # type: ignore[attr-defined]
    return str(said)


def test_it_opens_from_the_disk_and_finds(tmp_path: Path) -> None:
    if chromium.found() is None:
        pytest.skip("needs Chromium (Debian: apt install chromium)")
    done = build(tmp_path)
    assert done.returncode == 0, done.stderr
    with chromium.started() as browser:
        with chromium.visited(browser, tmp_path / "reference" / "boards.html", 1300) as visit:
            visit.page.locator(".md-search__input").click()
            visit.page.keyboard.type("flash_wait_states")
            visit.page.locator('.md-search-result__item a[href*="boards.html"]').first.wait_for()
            light = background(visit.page)
            assert not visit.complaints
            assert not [url for url in visit.requests if not url.startswith(("file:", "data:"))]
        # 404.html is a web server's, whose paths begin at its root
        for path in sorted({*tmp_path.rglob("*.html")} - {tmp_path / "404.html"}):
            with chromium.visited(browser, path, 390, "dark") as visit:
                assert background(visit.page) != light, path
                wide = visit.page.evaluate("document.documentElement.scrollWidth")
                assert wide <= 390, f"{path} is {wide} pixels wide on a phone"
                assert not visit.complaints, path
