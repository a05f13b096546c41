"""`mcuforge bench`: what is compared, and what is written."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from json_documents import checked

from mcuforge import boards
from mcuforge import report as summary
from mcuforge.errors import ForgeError, ToolError, UsageError
from mcuforge.proof.parity import Comparison, Verdict
from mcuforge.report import Costs, RunReport, run_page, site
from mcuforge.studies import bench, bench_page
from mcuforge.studies.bench import Benchmark

MODEL = Path(__file__).parents[2] / "models" / "autoencoder" / "artifacts" / "model.tflite"


def report(engine: str, costs: Costs) -> RunReport:
    comparison = Comparison("device", 10, 0, 0, 0.0, decides=True)
    verdict = Verdict(1, (comparison,))
    return RunReport("net", "ab" * 32, "mps2-an386", engine, verdict, (), None, costs, ())


AOT = report("aot", Costs(6_000, 20_000, 10_000, 9_990, 10_000, 30_000, 400, 2_000))
TFLM = report("tflm", Costs(60_000, 25_000, 20_000, 19_992, 10_000, 40_000, 1_600, 3_000))
BOTH = Benchmark("net", "mps2-an386", 1, (AOT, TFLM))


def test_rows_hold_each_engine_in_order() -> None:
    values = {label: cells for label, cells, _ in bench.rows(BOTH)}
    assert values["instructions / inference"] == [2_000, 3_000]
    assert values["flash: code"] == [6_000, 60_000]
    assert values["RAM: arena used"] == [9_990, 19_992]
    assert values["RAM: stack used"] == [400, 1_600]


def test_the_table_shows_the_ratio_of_two_engines() -> None:
    shown = bench.table(BOTH)
    assert [str(c.header) for c in shown.columns] == ["", "aot", "tflm", "ratio"]
    assert [str(cell) for cell in shown.columns[3].cells][:2] == ["1.50", "10.00"]
    assert len(bench.table(Benchmark("net", "b", 1, (AOT,))).columns) == 2


def test_state_has_a_row_where_there_is_any(tmp_path: Path) -> None:
    assert "RAM: state" not in [label for label, _, _ in bench.rows(BOTH)]
    stateful = [
        replace(each, costs=replace(each.costs, state=state))
        for each, state in ((AOT, 1_234), (TFLM, None))
    ]
    both = replace(BOTH, reports=tuple(stateful))
    assert ("RAM: state", [1_234, None], " B") in bench.rows(both)
    assert [s for s in bench.rows(replace(both, reports=(stateful[1],))) if "state" in s[0]]
    assert json.loads(bench.as_json(both))["engines"]["aot"]["state"] == 1_234
    if bench.can_draw():
        bench.draw(both, tmp_path / "odd.png")
    rows = dict(summary.rows(stateful))
    assert rows["RAM: state"] == ["1,234 B", "in the arena"]
    assert "RAM: state" not in dict(summary.rows([AOT]))
    assert "1,234 B" in run_page.as_html(stateful[:1])
    assert "RAM: state" not in run_page.as_html([AOT])


def test_cycles_have_a_row_where_they_are_known(tmp_path: Path) -> None:
    assert all(label != "cycles / inference, estimated" for label, *_ in bench.rows(BOTH))
    costs = replace(AOT.costs, cycles=2_500, milliseconds=0.1, cycles_from="estimated")
    known = replace(AOT, costs=costs)
    both = replace(BOTH, reports=(known, TFLM))
    values = {label: cells for label, cells, _ in bench.rows(both)}
    assert values["cycles / inference, estimated"] == [2_500, None]
    rows = dict(summary.rows([known, TFLM]))
    assert rows["cycles / inference"] == ["2,500 (estimated)", "-"]
    assert rows["time / inference"] == ["0.100 ms", "-"]
    assert "cycles / inference" not in dict(summary.rows([AOT]))
    if bench.can_draw():
        bench.draw(both, tmp_path / "odd.png")


def test_json_holds_costs_by_engine() -> None:
    content = json.loads(bench.as_json(BOTH))
    assert content["engines"]["tflm"]["arena_used"] == 19_992
    assert content["simulator"] == "QEMU"
    assert content["missing"] is None and content["board"] == "mps2-an386"


def test_the_picture_is_a_png_and_the_same_every_time(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    for name in ("a.png", "b.png"):
        bench.draw(BOTH, tmp_path / name)
    content = (tmp_path / "a.png").read_bytes()
    assert content.startswith(b"\x89PNG") and content == (tmp_path / "b.png").read_bytes()
    bench.draw(Benchmark("net", "b", 1, (AOT,)), tmp_path / "c.png")
    assert content != (tmp_path / "c.png").read_bytes()


def test_the_page_compares_both_engines_and_escapes_names() -> None:
    evil = "<b>net</b>"
    both = replace(BOTH, model=evil, notes=("Warning: <i>unfair</i>",))
    made = bench_page.page(both)
    html = site.standalone(made)
    assert (made.kind, made.name) == ("bench", f"{evil} on mps2-an386")
    assert "<b>" not in html and "<i>" not in html and "&lt;i&gt;unfair" in html
    assert "60,000 B" in html and "tflm / aot: <strong>10.00</strong>" in html
    assert 'class="bar-1"><span style="width: 10.0%"' in html  # 6,000 B of 60,000 B
    assert made.facts[0] == ("instructions / inference", "2,000 / 3,000") and not made.badge
    alone = bench_page.page(Benchmark("net", "b", 1, (AOT,), missing="none set", failed="no link"))
    html = site.standalone(alone)
    assert "none set" in html and "no link" in html and 'class="bars"' not in html
    assert (alone.badge, alone.state) == ("failed", "bad")


def test_a_picture_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    (tmp_path / "file").touch()
    with pytest.raises(ForgeError, match=r"file/a\.png: cannot be written"):
        bench.draw(BOTH, tmp_path / "file" / "a.png")


def test_tflm_root_is_looked_at_before_anything_is_built(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TFLM_ROOT", str(tmp_path / "none"))
    monkeypatch.setattr(bench.driver, "run", lambda *_, **__: pytest.fail("it was built"))
    with pytest.raises(ToolError, match="there is no folder"):
        bench.run(MODEL, boards.load("mps2-an386"), tmp_path, count=1, on_stage=lambda *_: None)


def test_only_the_arena_of_tflm_is_tightened(tmp_path: Path) -> None:
    done = mcuforge("parity", str(MODEL), "--tighten-arena", cwd=tmp_path)
    assert done.returncode == 2
    assert "--tighten-arena is for --engine tflm" in done.stderr


def test_without_matplotlib_it_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(bench, "can_draw", lambda: False)
    with pytest.raises(ToolError, match=r"pip install .*\[report\]"):
        bench.draw(BOTH, tmp_path / "a.png")


def test_a_board_without_simulator_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="nothing simulates it"):
        bench.run(
            MODEL, boards.load("host"), tmp_path, count=1, on_stage=lambda *_: None, name=None
        )


def test_a_board_that_only_renode_has_is_measured_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake = tmp_path / "renode"
    fake.write_text("#!/bin/sh\necho Renode v1.16.1.12345\n")
    fake.chmod(0o755)
    asked: list[object] = []

    def run(*_: object, simulator: str, renode: Path, **__: object) -> RunReport:
        asked.extend((simulator, renode))
        return AOT

    monkeypatch.setattr(bench.driver, "run", run)
    monkeypatch.delenv("TFLM_ROOT", raising=False)
    monkeypatch.delenv("MCUFORGE_RENODE", raising=False)
    board = boards.load("nrf52840dk")
    wanted = {"count": 1, "on_stage": lambda *_: None, "simulator": "renode"}
    result = bench.run(MODEL, board, tmp_path, renode=fake, **wanted)
    assert asked == ["renode", fake]
    assert result.simulator.startswith("Renode 1.16.1")
    with pytest.raises(UsageError, match="Renode was not found at"):
        bench.run(MODEL, board, tmp_path, renode=tmp_path / "none", **wanted)


def mcuforge(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    """Run the command without TFLM."""
    environment = {k: v for k, v in os.environ.items() if k != "TFLM_ROOT"}
    command = [sys.executable, "-m", "mcuforge", *arguments]
    return subprocess.run(
        command, cwd=cwd, env=environment, capture_output=True, text=True, check=False
    )


@pytest.mark.sim
def test_without_tflm_root_aot_is_measured_alone(tmp_path: Path) -> None:
    done = mcuforge("bench", str(MODEL), "--count", "1", "--json", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    content = checked(done.stdout)
    assert list(content["engines"]) == ["aot"]
    assert content["missing"].startswith("TFLM_ROOT is not set")
    costs = content["engines"]["aot"]
    assert costs["instructions"] > 1_000_000
    assert costs["cycles"] > costs["instructions"] and costs["cycles_from"] == "estimated"
    assert json.loads((tmp_path / "build" / "bench.json").read_text()) == content
    assert (tmp_path / "build/report/bench-model_on_mps2_an386.html").is_file()


@pytest.mark.parametrize("command", ["run", "parity"])
def test_tflm_without_tflm_root_is_explained(command: str, tmp_path: Path) -> None:
    done = mcuforge(command, str(MODEL), "--engine", "tflm", cwd=tmp_path)
    assert done.returncode == 1
    for part in ("TFLM_ROOT is not set", "TARGET_ARCH=cortex-m4+fp", "cortex_m_generic/README.md"):
        assert part in done.stderr


def test_emit_needs_no_tflm_and_build_says_what_it_needs(tmp_path: Path) -> None:
    done = mcuforge(
        "emit", str(MODEL), "--engine", "tflm", "-o", "fw", "--name", "net", cwd=tmp_path
    )
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "fw" / "model" / "net.tflite").read_bytes() == MODEL.read_bytes()
    done = mcuforge("build", "fw", cwd=tmp_path)
    assert done.returncode == 1
    assert "TFLM_ROOT is not set" in done.stderr and "cannot be configured" in done.stderr
