"""The network as a graph: every op with its details, whatever its names are."""

from __future__ import annotations

import re
import sys
from dataclasses import replace
from html.parser import HTMLParser

import pytest
from graphs import graph, relu_chain

from mcuforge.frontend.graph import Activation, Conv2DAttributes, Graph, Padding, Variable
from mcuforge.planning import cost, planner
from mcuforge.processes import graphviz
from mcuforge.processes.graphviz import Box, Line
from mcuforge.proof.parity import Comparison, Verdict
from mcuforge.report import Costs, RunReport, network, network_picture, run_page
from mcuforge.report.network import TIMES
from mcuforge.report.sections import graph as section
from mcuforge.report.sections.time import OpTime, Times

HOSTILE = [
    '<script>alert("1")</script>',
    "quotes ' and \"",
    "\\N\\G %s {{ 7 }} $x$",
    "<b>label</b><br/>",
    "lines\nof\r\ttext\0",
    "long" * 2500,
    "日本語" * 40 + "é\U0001f600\u202e",
    "--><svg onload=alert(1)>",
]


def report_of(made: Graph, engine: str = "aot") -> RunReport:
    plan = planner.plan(made)
    verdict = Verdict(1, (Comparison("board", 4, 0, 0, 0.0, decides=True),))
    return RunReport(
        "net", made.model_hash, "board", engine, verdict, (), None,
        Costs(1, 2, 3, 3, 3, 4, 5, None),
        tuple(cost.summary(plan)["ops"]), details={"graph": network.of(plan, engine)},
    )  # fmt: skip


def renamed(made: Graph, names: list[str]) -> Graph:
    tensors = [replace(t, name=names[t.index % len(names)]) for t in made.tensors]
    return replace(made, tensors=tuple(tensors))


class _Read(HTMLParser):
    """Tags, ids, links and attributes of a page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.ids: list[str] = []
        self.links: list[str] = []
        self.handlers: list[str] = []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        for name, value in attrs:
            self.ids += [str(value)] if name == "id" else []
            self.links += [str(value)] if name == "href" else []
            self.handlers += [name] if name.startswith("on") else []


needs_graphviz = pytest.mark.skipif(not graphviz.is_installed(), reason="no pygraphviz")


@needs_graphviz
def test_every_box_leads_to_the_details_of_its_op(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")  # no `dot` is asked for
    report = report_of(renamed(relu_chain(len(HOSTILE)), HOSTILE))
    page = run_page.as_html([report, replace(report, board="other")])
    read = _Read(page)
    assert read.tags.count("script") == 1 and not read.handlers
    assert len(read.ids) == len(set(read.ids))
    targets = [link[1:] for link in read.links if link.startswith("#op-")]
    assert set(targets) <= set(read.ids)
    boxes = re.findall(r'<a class="node [^"]*" href="#(op-[^"]+)"', page)
    assert len(set(boxes)) == 2 * len(HOSTILE)
    body = section.body(report)
    assert body is not None and len(body) < 60_000 and "long" * 60 not in body
    graphviz.place.cache_clear()
    monkeypatch.setenv("FONTCONFIG_FILE", "/no/fonts")
    assert page == run_page.as_html([report, replace(report, board="other")])


@needs_graphviz
def test_a_graph_shows_what_an_op_computes_and_where_its_tensors_lie() -> None:
    page = section.body(report_of(relu_chain(2)))
    assert page is not None
    assert "RELU" in page and "int8[1, 64]" in page and "scale 0.5 · zero point 3" in page
    assert page.count('class="border input"') == page.count('class="border output"') == 1
    assert page.count('class="edge"') == 3 and page.count(f">1 {TIMES} 64</text>") == 3
    assert "64 B in the arena, from byte " in page and 'made by <a href="#op-' in page
    tflm = section.body(report_of(relu_chain(2), "tflm"))
    assert tflm is not None
    assert "in the arena" not in tflm and "with kernels of its own" in tflm


def test_the_colours_follow_what_was_measured() -> None:
    report = report_of(relu_chain(3))
    ops = tuple(OpTime(at, 10 * at, at / 10, f"<b>limit {at}") for at in range(3))
    times = Times("instructions", 100, 1.0, ops)
    page = section.body(replace(report, details={**report.details, "time": times}))
    assert page is not None
    assert "&lt;b&gt;limit 2" in page and "<b>limit" not in page
    unknown = replace(times, ops=tuple(replace(op, amount=None, share=None) for op in ops))
    assert section.body(replace(report, details={**report.details, "time": unknown}))
    if graphviz.is_installed():
        assert re.findall(r"level-(\d)\"? ?[^>]*href", page) == ["0", "3", "5"]
        assert ">20.0 %</text>" in page and "instructions: little" in page


def test_without_graphviz_words_stand_in_the_place_of_the_picture(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(graphviz, "is_installed", lambda: False)
    page = section.body(report_of(renamed(relu_chain(3), HOSTILE)))
    assert page is not None
    assert "[report]" in page and "<svg" not in page
    assert page.count('<details class="op-line"') == 3


def test_of_thousands_of_ops_and_tensors_the_first_are_shown(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(section, "MOST_OPS", 10)
    report = report_of(relu_chain(1))
    found = report.details["graph"]
    op = replace(found.ops[0], inputs=(("input", 0),) * 60)
    ops = tuple(replace(op, index=at) for at in range(3000))
    many = replace(report, details={"graph": replace(found, ops=ops)})
    page = section.body(many)
    assert page is not None
    assert page.count('<details class="op-line"') == 10
    assert "2,990 more ops are not shown" in page and "20 more tensors are in" in page


@pytest.mark.parametrize("length", [0, 1, 500])
def test_any_number_of_ops_is_shown_or_told_in_words(length: int) -> None:
    page = section.body(report_of(relu_chain(length)))
    assert page is not None
    assert ("no ops" in page) == (length == 0)
    assert ("too large for a picture" in page) == (length == 500)
    assert page.count('id="op-') >= length


def test_a_layout_that_takes_too_long_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    graphviz.place.cache_clear()
    monkeypatch.setattr(graphviz, "TIMEOUT_SECONDS", 0.0)
    assert graphviz.place((Box(10, 11),) * 2, (Line(0, 1),)) is None
    graphviz.place.cache_clear()
    monkeypatch.setattr(graphviz, "TIMEOUT_SECONDS", 10.0)
    monkeypatch.setattr(sys, "executable", "/bin/false")
    assert graphviz.place((Box(10, 12),) * 2, (Line(0, 1),)) is None
    graphviz.place.cache_clear()


def test_lines_past_many_boxes_are_too_much() -> None:
    boxes = (Box(10, 10),) * 300
    chain = tuple(Line(n, n + 1) for n in range(299))
    assert graphviz.too_much(boxes, chain) is None
    skipping = tuple(Line(n, n + 150) for n in range(150))
    assert graphviz.too_much(boxes, chain + skipping) is not None
    assert graphviz.too_much(boxes, chain * 5) is not None


def test_what_a_model_keeps_is_a_box_before_what_reads_it() -> None:
    made = graph([(1, 4)] * 3, [("ADD", (0, 1), 2)], [0], [2])
    state = replace(made.tensors[1], is_variable=True)
    tensors = (made.tensors[0], state, made.tensors[2])
    kept = replace(made, tensors=tensors, variables=(Variable(1, None),))  # type: ignore[arg-type]
    found = network.Network(
        (network.OpFacts(0, "ADD", "sum", (("input", 0), ("state", 1)), (2,), (), (), (), 0, 0, 0,
                         None, None),),
        {t.index: network.TensorFacts("t", "int8[1, 4]", (1, 4), 4, 0, None, None, None, "", None,
                                      0 if t.index == 2 else None, False, t.is_variable)
         for t in kept.tensors},
        (("in", 0),), (("out", 2),),
    )  # fmt: skip
    picture = network_picture.draw(found, {})
    assert isinstance(picture, network_picture.Picture)
    assert [node.kind for node in picture.nodes] == ["input", "state", "op", "output"]
    assert len(picture.edges) == 3


def test_options_are_words() -> None:
    attributes = Conv2DAttributes(Padding.SAME, 2, 1, 1, 1, Activation.RELU6)
    assert dict(network.options(attributes)) == {
        "padding": "SAME",
        "stride": f"2 {TIMES} 1",
        "dilation": f"1 {TIMES} 1",
        "activation": "RELU6",
    }


def test_names_are_cut_to_what_fits() -> None:
    assert network_picture.fitted("short", 10) == "short"
    assert network_picture.fitted("日本語日本語", 6) == "日本…"
    assert network_picture.fitted("abcdef", 5) == "abcd…"
    assert network.shown("a\x1b[31mb\n") == "a?[31mb?"
    assert network_picture.amount(16_128_000) == "16.1 M"
    assert network_picture.percent(0.00001) == "< 0.1 %" and network_picture.percent(0) == "0.0 %"
