"""The graph and the examples in a browser: by pointer, by keyboard, without scripts, on paper."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from chromium import PHONE, visited
from playwright.sync_api import Browser, Page
from stateful_models import wake_word

from mcuforge import boards, planning
from mcuforge.planning import cost
from mcuforge.processes import graphviz
from mcuforge.proof.parity import Comparison, Verdict
from mcuforge.report import Costs, RunReport, integration, network, run_page

pytestmark = pytest.mark.skipif(not graphviz.is_installed(), reason="needs pygraphviz")


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("page")
    (folder / "wake.tflite").write_bytes(wake_word())
    board = boards.load("mps2-an386")
    plan = planning.plan_for(board, folder / "wake.tflite")
    verdict = Verdict(1, (Comparison("board", 4, 0, 0, 0.0, decides=True),))
    details = {"graph": network.of(plan, "aot"), "integration": integration.of(plan, board)}
    costs = Costs(1, 2, 64, 64, 64, 4, 392, None)
    report = RunReport(
        "wake",
        "ab",
        board.name,
        "aot",
        verdict,
        (),
        None,
        costs,
        tuple(cost.summary(plan)["ops"]),
        details=details,
    )
    (folder / "page.html").write_text(run_page.as_html([report]))
    return folder / "page.html"


@pytest.fixture
def page(browser: Browser, path: Path) -> Iterator[Page]:
    with visited(browser, path) as visit:
        yield visit.page
        assert visit.complaints == []


def shown(page: Page) -> list[str]:
    """The headings of the ops whose details are to be seen."""
    return [text.split("\n")[0] for text in page.locator(".op:visible h3").all_inner_texts()]


def test_boxes_open_the_details_of_their_op(page: Page) -> None:
    (first,) = shown(page)
    assert "FULLY_CONNECTED" in first  # what most of the work is
    page.locator(".network a").nth(0).click()
    assert shown(page) == ["0 READ_VARIABLE layer2"]
    page.locator(".network a").nth(1).press("Enter")
    assert shown(page) == ["1 CONCATENATION layer3"]
    assert page.evaluate("document.activeElement.id").endswith("-1")
    page.locator(".op:visible .tensors a").first.click()  # the op that made its input
    assert shown(page) == ["0 READ_VARIABLE layer2"]


def test_the_table_of_ops_leads_to_the_graph(page: Page) -> None:
    page.locator("#time tbody a").nth(2).click()
    assert shown(page) == ["2 STRIDED_SLICE layer7"]
    assert page.locator(".network a.chosen").bounding_box()["y"] > 0  # type: ignore[index]


def test_ops_are_found_by_their_words(page: Page) -> None:
    field = page.locator("#graph input[type=search]")
    field.fill("fully_connected")
    found, dim = page.locator(".network a.found"), page.locator(".network a.dim")
    assert found.count() == 2 and dim.count() == page.locator(".network a").count() - 2
    assert page.locator("#graph [role=status]").inner_text() == f"2 of {2 + dim.count()} ops"
    field.fill("")
    assert found.count() == dim.count() == 0


def test_the_picture_has_several_sizes(page: Page) -> None:
    width = "document.querySelector('svg.network').getBoundingClientRect().width"
    page.get_by_role("button", name="Natural size").click()
    natural = page.evaluate(width)
    page.get_by_role("button", name="Larger").click()
    assert page.evaluate(width) == pytest.approx(1.25 * natural)
    page.get_by_role("button", name="Fit width").click()
    assert page.evaluate(width) <= page.locator(".graph-view").bounding_box()["width"]  # type: ignore[index]


def test_tabs_follow_the_arrow_keys(page: Page) -> None:
    tabs = page.get_by_role("tablist", name="Build systems").get_by_role("tab")
    code = page.locator("[data-tabs='Build systems'] .tab:visible pre")
    assert "add_subdirectory(wake-cmake)" in "".join(code.all_inner_texts())
    tabs.nth(0).press("ArrowRight")
    assert tabs.nth(1).get_attribute("aria-selected") == "true"
    assert "k_sleep" in "".join(code.all_inner_texts())
    tabs.nth(1).press("Home")
    tabs.nth(0).press("ArrowLeft")
    assert "make -C wake-library" in "".join(code.all_inner_texts())


def test_on_paper_all_tabs_are_there_and_no_panel(page: Page) -> None:
    page.emulate_media(media="print")
    tabs = page.locator("#integration .tab")
    assert tabs.count() > 10
    assert all(tabs.nth(n).is_visible() for n in range(tabs.count()))
    assert page.locator("svg.network").is_visible()
    assert not page.locator(".graph-panel").is_visible()


def test_without_scripts_boxes_lead_to_details_and_all_code_is_there(
    browser: Browser, path: Path
) -> None:
    with visited(browser, path, PHONE, java_script_enabled=False) as visit:
        link = visit.page.locator(".network a").nth(3).get_attribute("href")
        visit.page.goto(f"{path.as_uri()}{link}")
        assert shown(visit.page) == ["3 ASSIGN_VARIABLE layer7"]
        assert visit.page.locator("#integration .tab:visible").count() > 10
