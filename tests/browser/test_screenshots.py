"""Pictures of the report, as the documentation shows them: `make screenshots` makes them anew."""

from __future__ import annotations

import os
import struct
from pathlib import Path

import pytest
from chromium import DESKTOP, PHONE, visited
from command_line import mcuforge
from playwright.sync_api import Browser

ROOT = Path(__file__).parents[2]
IMAGES = ROOT / "docs" / "images"
# Name, width of the window and colour scheme.
SHOTS = (
    ("report", DESKTOP, "light"),
    ("report-dark", DESKTOP, "dark"),
    ("report-phone", PHONE, "light"),
)
HEIGHT = 900
MOST_BYTES = 300_000  # a picture of a repository


def size(png: bytes) -> tuple[int, int]:
    assert png.startswith(b"\x89PNG")
    width, height = struct.unpack(">II", png[16:24])
    return int(width), int(height)


@pytest.mark.parametrize("name", [name for name, _, _ in SHOTS])
def test_the_documentation_has_its_pictures(name: str) -> None:
    png = (IMAGES / f"{name}.png").read_bytes()
    width = {shot: width for shot, width, _ in SHOTS}[name]
    assert size(png) == (width, HEIGHT) and len(png) <= MOST_BYTES


@pytest.mark.slow
@pytest.mark.sim
@pytest.mark.tensorflow
def test_pictures_are_made(browser: Browser, tmp_path: Path) -> None:
    done = mcuforge("run", ROOT / "models" / "unet", "-o", tmp_path)
    assert done.code == 0, done
    page = next((tmp_path / "report").glob("run-*.html"))
    folder = Path(os.environ.get("MCUFORGE_SCREENSHOTS", tmp_path))
    for name, width, scheme in SHOTS:
        with visited(browser, page, width, scheme) as visit:
            png = visit.page.screenshot(path=folder / f"{name}.png")
            assert size(png) == (width, HEIGHT) and visit.complaints == []
            assert len(png) > 20_000, "an empty page"
