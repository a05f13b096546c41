"""A profile as a page: every op and function, and no markup of a model's."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mcuforge.report import plots, site
from mcuforge.studies.profile import site_page
from mcuforge.studies.profile.estimate import Spent
from mcuforge.studies.profile.measurement import OpCost, Profile

EVIL = "<b>$x$</b>"
OPS = (
    OpCost(0, "CONV_2D", EVIL, ("conv2d_s8",), 500, 800, 1000, {EVIL: Spent(700, 900)}),
    OpCost(1, "SOFTMAX", "s", (), 0, 200, 500, {"softmax": Spent(200, 500)}),
)
FUNCTIONS = {EVIL: Spent(700, 900), "softmax": Spent(200, 500)}
PROFILE = Profile(
    EVIL, "ab", "board", "cortex-m4", "aot", 1_000_000, 0, "estimated", 0.1, "so it is",
    1000, 1500, OPS, FUNCTIONS,
)  # fmt: skip


def test_it_holds_all_figures_and_escapes_names(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plots.drawing, "can_draw", lambda: False)
    made = site_page.page(PROFILE)
    html = site.standalone(made)
    assert made.name == f"{EVIL} on board" and "<b>" not in html
    for words in ("1.500 ms", "3.00", "66.7%", "softmax", "so it is", "a view", "60.0%"):
        assert words in html
    assert [s.id for s in made.sections] == ["inference", "ops", "functions"]


def test_bars_are_drawn_with_a_title_each() -> None:
    pytest.importorskip("matplotlib")
    html = site.standalone(site_page.page(PROFILE))
    assert "<title>0 CONV_2D: &lt;b&gt;$x$&lt;/b&gt; 0.900 ms</title>" in html
    assert "<title>0 CONV_2D: the rest 0.100 ms</title>" in html and "<b>" not in html


def test_what_a_board_measured_has_no_functions_and_an_untraced_engine_no_ops() -> None:
    measured = replace(PROFILE, source="measured", instructions=None, functions={}, ops=())
    made = site_page.page(replace(measured, engine="tflm"))
    assert [s.id for s in made.sections] == ["inference"] and made.name.endswith("with tflm")
    assert "Measured: so it is." in site.standalone(made)
