"""Accuracy of made-up runs in a browser: quiet, coloured, and no wider than a phone."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from chromium import PHONE, visited
from judged_runs import Run, Side
from playwright.sync_api import Browser

from mcuforge.proof.parity import Comparison, Verdict
from mcuforge.recipe import Metric
from mcuforge.report import Costs, RunReport, plots, run_page, site
from mcuforge.report.sections import accuracy

LABELS = np.arange(200) % 12
ANSWERS = np.where(np.arange(200) % 7 == 0, (LABELS + 5) % 12, LABELS)
WORDS = tuple(f"a class of a name that is long, {n}" for n in range(12))


def test_a_large_matrix_and_a_threshold_fit_a_phone(
    browser: Browser, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(plots.drawing, "can_draw", lambda: False)  # which takes longer than this
    outputs = np.eye(12)[ANSWERS] * 0.9
    classes = Run(
        Metric.CLASSIFICATION, Side((4,)), Side((12,)), np.zeros((200, 4)), outputs,
        {"labels": LABELS}, outputs, WORDS,
    )  # fmt: skip
    scores = (np.arange(200) % 100 / 100)[:, np.newaxis]
    detector = Run(
        Metric.CLASSIFICATION, Side((4,)), Side((1,)), np.zeros((200, 4)), scores,
        {"labels": (np.arange(200) % 100 > 60).astype(int)}, scores,
    )  # fmt: skip
    verdict = Verdict(1, (Comparison("board", 4, 0, 0, 0.0, decides=True),))
    costs = Costs(1, 2, 3, 3, 3, 4, 5, None)
    pages = [
        run_page.of(
            RunReport(
                name,
                "ab",
                "board",
                "aot",
                verdict,
                (),
                None,
                costs,
                (),
                details={accuracy.ID: accuracy.collect(run.facts())},
            )
        )
        for name, run in (("classes", classes), ("detector", detector))
    ]
    site.publish(tmp_path, pages)
    for page in pages:
        with visited(browser, tmp_path / "report" / page.file, PHONE) as visit:
            assert visit.complaints == []
            assert visit.page.evaluate("document.documentElement.scrollWidth") <= PHONE
            shown = visit.page.locator("#accuracy")
            cells = shown.locator(".confusion td")
            assert cells.count() == (144 if page is pages[0] else 4)
            painted = cells.evaluate_all("all => all.map(c => getComputedStyle(c).backgroundColor)")
            assert len(set(painted)) > 2  # the stronger the share, the stronger the colour
            assert shown.locator("pre.copyable").count() == (0 if page is pages[0] else 1)
