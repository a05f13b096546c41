"""No table cuts a cell: at 80 columns cells fold, in a pipe they have room."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import rich.table
from graphs import relu_chain

from mcuforge import boards, report
from mcuforge.cli import boards as boards_command
from mcuforge.cli import inspect
from mcuforge.cli.consoles import result_console
from mcuforge.frontend.graph import Graph
from mcuforge.planning import planner
from mcuforge.proof.parity import Comparison, Verdict
from mcuforge.report import Costs, RunReport
from mcuforge.studies.inspection import Inspection
from mcuforge.wording import tables

ROOT = Path(__file__).parents[3]
_LAYERS = [f"branch_{n}_of_the_second_encoder_stage_before_the_concatenation" for n in range(3)]
Printed = Callable[[rich.table.Table], list[str]]


@pytest.fixture
def printed(capsys: pytest.CaptureFixture[str]) -> Printed:
    def lines(table: rich.table.Table) -> list[str]:
        result_console.print(table)
        return [line.rstrip() for line in capsys.readouterr().out.splitlines()]

    return lines


@pytest.fixture
def graph() -> Graph:
    """Three layers whose names differ at one place."""
    chain = relu_chain(3, elements=2**20)
    names = ["in", *(f"functional/{layer}/Relu" for layer in _LAYERS)]
    tensors = [replace(t, name=n) for t, n in zip(chain.tensors, names, strict=True)]
    return replace(chain, tensors=tuple(tensors))


def _costs() -> Costs:
    return Costs(123_456, 1_234_567, 345_678, 345_678, 345_678, 456_789, 1_024, 123_456_789)


def _report(name: str) -> RunReport:
    same = Comparison("LiteRT, XNNPACK (its default)", 1_234_567, 0, 0, 0.0, decides=True)
    verdict = Verdict(128, (same,))
    return RunReport(name, "00", "mps3-an547-helium", "aot", verdict, (), None, _costs(), ())


@pytest.mark.parametrize("planned", [True, False])
def test_inspect_in_80_columns(
    planned: bool, graph: Graph, printed: Printed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    plan = planner.plan(graph) if planned else None
    lines = printed(inspect._ops(Inspection(graph, boards.load("host"), plan)))
    assert all(len(line) <= 80 and "…" not in line for line in lines)
    (heading,) = [line for line in lines if "layer" in line and "output" in line]
    start, end = heading.index("layer"), heading.index("output")
    cells = [line[start:end] for line in lines]
    for layer in _LAYERS:
        assert layer in "".join("".join(cells).split())
    assert sum("lookup_s8" in line for line in lines) == (3 if planned else 0)
    assert sum("[1, 1048576]" in line for line in lines) == 3


def test_inspect_in_a_pipe(graph: Graph, printed: Printed, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("COLUMNS", raising=False)
    lines = printed(inspect._ops(Inspection(graph, boards.load("host"), planner.plan(graph))))
    for layer in _LAYERS:
        (line,) = [line for line in lines if layer in line]
        assert "lookup_s8" in line


def test_reports_of_many_models(printed: Printed, monkeypatch: pytest.MonkeyPatch) -> None:
    """No number breaks: the models are shown in several tables."""
    reports = [_report(f"model_{n}") for n in range(7)]
    monkeypatch.setenv("COLUMNS", "80")
    made = tables.fitting(result_console, reports, report.summary_table)
    assert len(made) > 1
    lines = [line for table in made for line in printed(table)]
    assert all(len(line) <= 80 and "…" not in line for line in lines)
    text = "\n".join(lines)
    assert text.count("123,456,789") == text.count("1,234,567 B") == 7
    monkeypatch.delenv("COLUMNS")
    (whole,) = tables.fitting(result_console, reports, report.summary_table)
    assert sum("model_0" in line and "model_6" in line for line in printed(whole)) == 1


@pytest.mark.parametrize("columns", ["80", "60"])
def test_other_tables(columns: str, printed: Printed, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    boards = boards_command.boards.available()
    for table in (report.parity_table(_report("m" * 50)), boards_command._table(boards)):
        lines = printed(table)
        assert all(len(line) <= int(columns) and "…" not in line for line in lines)
        kept = "".join("".join(lines).split())
        assert "mmmm" in kept or all(board.name in kept for board in boards) or columns == "60"


def test_every_table_is_one_that_folds() -> None:
    found = [
        str(path.relative_to(ROOT))
        for path in (ROOT / "pipeline").rglob("*.py")
        if re.search(r"from rich.table import|rich\.table\.Table\(", path.read_text("utf-8"))
    ]
    assert found == []
