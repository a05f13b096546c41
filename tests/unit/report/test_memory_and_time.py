"""The sections Verdict, Memory and Time: figures that add up, whatever the model is called."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from html.parser import HTMLParser
from pathlib import Path

import pytest
from graphs import graph, relu_chain
from made_up_facts import made_up_facts, report_of
from stateful_models import accumulator

from mcuforge.frontend import read_graph
from mcuforge.frontend.graph import Graph
from mcuforge.planning import arena_blocks, make_plan, planner
from mcuforge.planning.target import Target
from mcuforge.proof.op_ticks import OpTicks
from mcuforge.report import Accuracy, RunReport, arena_plot, as_json, baselines, run_page
from mcuforge.report.sections import memory, time, verdict

MODELS = Path(__file__).parents[3] / "models"
HOSTILE = '</svg><script>alert("1")</script>{{ 7 }}$x$\0\n&'


class _Tags(HTMLParser):
    """Tags and text of a page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.ids: list[str] = []
        self.text = ""
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.ids += [str(value) for key, value in attrs if key == "id"]

    def handle_data(self, data: str) -> None:
        self.text += data


def bodies(report: RunReport) -> dict[str, str]:
    return {s.ID: str(s.body(report)) for s in (verdict, memory, time)}


@pytest.mark.parametrize("length", [0, 1, 5])
def test_networks_of_any_length_have_all_three(length: int, tmp_path: Path) -> None:
    found = bodies(report_of(made_up_facts(relu_chain(length), tmp_path)))
    assert set(found) == {"verdict", "memory", "time"}
    assert "byte-exact" in found["verdict"]
    assert ("op of the peak" in found["memory"]) or length == 0


def test_hundreds_of_ops_are_drawn_and_scroll(tmp_path: Path) -> None:
    report = report_of(made_up_facts(relu_chain(500), tmp_path))
    text = bodies(report)["memory"]
    assert text.count("<title>") >= 500 and 'class="plot scroll"' in text
    assert "All 501 blocks" in text


def test_of_too_many_blocks_the_largest_are_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(arena_plot, "MOST_BLOCKS", 20)
    small = arena_blocks.Block("tensor", "", "layer", "int8[4]", 0, 16, 0, 0, 1)
    count = arena_plot.MOST_BLOCKS + 50
    blocks = [replace(small, bytes=16 + (n >= 50), first=n, last=n) for n in range(count)]
    ops = [("RELU", "layer")] * count
    picture = arena_plot.picture(arena_plot.Arena(blocks, ops, 32, 32, 0))
    assert picture.count("17 B at byte 0") == picture.count("<title>") == arena_plot.MOST_BLOCKS


def test_pages_are_the_same_each_time(tmp_path: Path) -> None:
    facts = made_up_facts(relu_chain(6), tmp_path)
    assert bodies(report_of(facts)) == bodies(report_of(facts))
    assert as_json([report_of(facts)]) == as_json([report_of(facts)])


def named(made: Graph, name: str) -> Graph:
    return replace(made, tensors=tuple(replace(t, name=name) for t in made.tensors))


def test_no_name_becomes_markup(tmp_path: Path) -> None:
    facts = made_up_facts(named(relu_chain(3), HOSTILE), tmp_path)
    report = replace(report_of(facts), model=HOSTILE)
    for name, text in bodies(report).items():
        assert "script" not in _Tags(text).tags, name
    assert _Tags(bodies(report)["memory"]).tags.count("svg") == 1


def test_two_reports_on_a_page_share_no_id(tmp_path: Path) -> None:
    report = report_of(made_up_facts(relu_chain(3), tmp_path))
    ids = _Tags(run_page.as_html([report, replace(report, model="other")])).ids
    assert len(ids) == len(set(ids))


def test_json_holds_what_the_page_shows(tmp_path: Path) -> None:
    report = report_of(made_up_facts(relu_chain(3), tmp_path))
    details = json.loads(as_json([report]))["reports"][0]["details"]
    assert [op["amount"] for op in details["time"]["ops"]] == [400, 800, 1200]
    assert details["time"]["whole"] == 2440
    assert [b["bytes"] for b in details["memory"]["blocks"]] == [64] * 4
    assert details["verdict"]["flash_bytes"] == 4 << 20


# Time


def test_ops_add_up_to_the_inference(tmp_path: Path) -> None:
    found = time.collect(made_up_facts(relu_chain(3), tmp_path))
    assert (found.unit, found.whole, found.traced, found.outside, found.step) == (
        "instructions", 2440, 2400, 40, 40.0,
    )  # fmt: skip
    assert sum(op.share or 0 for op in found.ops) == pytest.approx(2400 / 2440)


def test_a_board_gives_cycles(tmp_path: Path) -> None:
    found = time.collect(made_up_facts(relu_chain(2), tmp_path, simulated=False))
    assert (found.unit, [op.amount for op in found.ops], found.step) == ("cycles", [10, 20], 1.0)


def test_cycles_of_counted_instructions_are_estimated_and_those_of_a_board_are_not(
    tmp_path: Path,
) -> None:
    found = time.collect(made_up_facts(relu_chain(3), tmp_path))
    assert found.cycles is not None and found.error is not None and 0 < found.error < 0.1
    assert 1.0 < found.cycles / found.whole < 1.6  # of look-ups on a Cortex-M4
    assert found.milliseconds == pytest.approx(found.cycles / 25_000)
    on_board = time.collect(made_up_facts(relu_chain(3), tmp_path, simulated=False))
    assert (on_board.cycles, on_board.error) == (61, None)
    other = time.collect(made_up_facts(relu_chain(3), tmp_path, engine="tflm"))
    assert other.cycles is None


def test_an_engine_that_cannot_tell_says_why(tmp_path: Path) -> None:
    ticks = OpTicks((), 50, "The device refused TRACE.")
    facts = made_up_facts(relu_chain(2), tmp_path, engine="tflm", ops=ticks)
    text = bodies(report_of(facts))["time"]
    assert "The device refused TRACE." in text and "share" not in text
    assert "RELU" in text and "lookup_s8" not in text  # no kernel of ours ran


def test_another_engine_is_traced_but_not_explained(tmp_path: Path) -> None:
    found = time.collect(made_up_facts(relu_chain(2), tmp_path, engine="tflm"))
    assert [(op.amount, op.limit) for op in found.ops] == [(400, ""), (800, "")]


def test_sections_are_there_without_details(tmp_path: Path) -> None:
    report = replace(report_of(made_up_facts(relu_chain(2), tmp_path)), details={})
    found = bodies(report)
    assert "byte-exact" in found["verdict"] and "RELU" in found["time"]
    assert found["memory"] == "None"


# Memory


def test_bytes_of_objects_add_up_and_the_harness_is_told_apart(tmp_path: Path) -> None:
    found = memory.collect(made_up_facts(relu_chain(2), tmp_path))
    assert {(s.use, s.object, s.bytes) for s in found.flash} == {
        ("kernels", "libmcuforge_net_kernels.a(conv2d_s8.c)", 0x30),
        ("C library", "libc.a(lib_a-memcpy.o)", 0x20),
        ("weights and parameters", "libmcuforge_net.a(net_constants.c)", 0x20),
        ("harness", "harness.c", 0x10),
    }
    assert {(s.use, s.bytes) for s in found.ram} == {("state and variables", 0xF0), ("harness", 16)}


def test_state_is_listed_beside_the_arena(tmp_path: Path) -> None:
    file = tmp_path / "model.tflite"
    file.write_bytes(accumulator())
    facts = made_up_facts(make_plan(file), tmp_path)
    found = memory.collect(facts)
    assert sum(state.bytes for state in found.state) == 7
    assert "kept from one inference to the next" in bodies(report_of(facts))["memory"]


def test_another_engine_places_tensors_by_itself(tmp_path: Path) -> None:
    text = bodies(report_of(made_up_facts(relu_chain(2), tmp_path, engine="tflm")))["memory"]
    assert "places tensors when it starts" in text and "<svg" not in text


# Verdict


def test_float32_takes_four_bytes_a_value(tmp_path: Path) -> None:
    graph = read_graph(MODELS / "autoencoder" / "artifacts" / "model.tflite", "net")
    plan = planner.plans(graph, Target.DSP).plain
    found = baselines.float32(plan)
    assert found.arena == 4 * (16_384 + 4_096)  # the output and the input of the op of the peak
    weights = [plan.graph.input(op, 1) for op in plan.graph.ops if len(op.inputs) > 1]
    assert found.constants > 4 * sum(w.elements for w in weights if w.dtype.bytes == 1) > 0
    report = replace(
        report_of(made_up_facts(relu_chain(2), tmp_path)),
        accuracy=(Accuracy("auc", 0.91, 0.9, 0.9),),
    )
    text = _Tags(bodies(report)["verdict"]).text
    assert "saved against float32" in text and "AUC on the device" in text


def benchmark(folder: Path, **changes: object) -> None:
    costs = {"text": 500, "constants": 100, "arena": 900, "arena_used": 800, "ram": 1}
    content = {
        "mcuforge": "1", "sha256": "ab" * 32, "board": "mps2-an386",
        "engines": {"tflm": costs | {"instructions": 4_000}},
    }  # fmt: skip
    (folder / "bench.json").write_text(json.dumps(content | changes))


def test_a_benchmark_of_the_same_model_and_board_stands_beside(tmp_path: Path) -> None:
    benchmark(tmp_path)
    facts = made_up_facts(relu_chain(2), tmp_path)
    found = verdict.collect(facts)
    assert found.tflm is not None and found.tflm.flash == 600
    report = report_of(facts)
    text = bodies(replace(report, costs=replace(report.costs, instructions=2_000)))["verdict"]
    assert "2.00 times fewer instructions" in text and "128 instead of 600 B of flash" in text


@pytest.mark.parametrize(
    "changes", [{"sha256": "cd" * 32}, {"board": "other"}, {"engines": {"tflm": {"text": "x"}}}]
)
def test_another_benchmark_does_not(changes: dict[str, object], tmp_path: Path) -> None:
    benchmark(tmp_path, **changes)
    assert verdict.collect(made_up_facts(relu_chain(2), tmp_path)).tflm is None


def test_a_damaged_benchmark_is_none(tmp_path: Path) -> None:
    (tmp_path / "bench.json").write_bytes(b"\xff{")
    assert verdict.collect(made_up_facts(relu_chain(2), tmp_path)).tflm is None


def test_the_headline_says_how_good_how_large_and_how_fast(tmp_path: Path) -> None:
    report = replace(
        report_of(made_up_facts(relu_chain(2), tmp_path)),
        accuracy=(Accuracy("auc", 0.91, 0.9, 0.85),),
    )
    found = dict(verdict.headline(report))
    assert found["AUC, device"] == "0.85" and found["flash"] == "128 B, 0.0%"
    assert found["time"].startswith("about ") and found["time"].endswith(" ms")
    assert dict(verdict.headline(replace(report, details={})))["RAM"] == "256 B"


def test_regions_are_those_of_the_board(tmp_path: Path) -> None:
    found = verdict.collect(made_up_facts(relu_chain(2), tmp_path))
    assert [(r.name, r.kind, r.used) for r in found.regions] == [
        ("FLASH", "flash", 0x80), ("RAM", "ram", 0x100),
    ]  # fmt: skip
    assert asdict(found)["stack_bytes"] == 8192


def test_ops_are_explained_by_what_they_do(tmp_path: Path) -> None:
    made = graph(
        [(1, 4, 4), (1, 16), (1, 16)],
        [("RESHAPE", (0,), 1), ("RELU", (1,), 2)],
        [0],
        [2],
    )
    found = time.collect(made_up_facts(made, tmp_path))
    assert [op.limit for op in found.ops] == [
        "Free: its output is the input's bytes.",
        "A look-up in a table for each of 16 values, 50 instructions each.",
    ]
