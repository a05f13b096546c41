"""Every table at 80 columns and in a pipe: nothing is cut, no number breaks, a row is a line."""

from __future__ import annotations

import io
import os
import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from graphs import relu_chain
from made_up_damage import FINE, damage_of
from made_up_reports import a_report
from searches import measured

from mcuforge import boards, report
from mcuforge.build.firmware_size import Section
from mcuforge.build.map_digest import Contribution
from mcuforge.cli import boards as boards_command
from mcuforge.cli import build, fit_table, inspect, quantize_table
from mcuforge.cli.consoles import _Console
from mcuforge.doctor.findings import Finding, Install
from mcuforge.doctor.findings import Report as DoctorReport
from mcuforge.planning import planner
from mcuforge.proof.variants import Variant
from mcuforge.quantization.worked import work
from mcuforge.recipe.strategies import parse
from mcuforge.report import changes_text, gates
from mcuforge.report.changes import Changes, Figure, ModelChanges
from mcuforge.report.judgement import Judgement
from mcuforge.search import front_table, grid_report
from mcuforge.search import record as trials
from mcuforge.search.result import Result
from mcuforge.studies import bench, board_fits
from mcuforge.studies.debug_quantization import QuantizationReport
from mcuforge.studies.inspection import Inspection
from mcuforge.studies.profile import page
from mcuforge.studies.profile.estimate import Spent
from mcuforge.studies.profile.measurement import OpCost, Profile
from mcuforge.studies.quantization import analysis_page
from mcuforge.studies.quantization.comparison import Outcome
from mcuforge.wording.tables import Table

ROOT = Path(__file__).parents[3]
NAME = "the_second_branch_of_the_encoder_before_the_concatenation_of_both"
LARGE = 123_456_789
Make = Callable[[bool], Table]  # from whether there is room for more than 80 columns


def _report() -> report.RunReport:
    made = a_report()
    costs = replace(made.costs, text=1_234_567, constants=LARGE, ram=LARGE, instructions=LARGE)
    variant = Variant(NAME, {"mse": 0.012345}, {"mse": 0.012346}, LARGE, LARGE, LARGE)
    return replace(made, model=NAME, board="mps3-an547-helium", costs=costs, variants=(variant,))


def _gates(_: bool) -> Table:
    made = [
        Judgement(NAME, "pico", "aot", gate, subject, 1_000_000, LARGE, "B")
        for gate, subject in (("max-flash", "flash"), ("max-growth", "instructions / inference"))
    ]
    return gates.table([*made, replace(made[0], model="other", problem="it was not measured")])


def _changes(_: bool) -> Table:
    rows = (Figure("instructions / inference", LARGE, LARGE + 1), Figure("flash", 1, LARGE, " B"))
    model = ModelChanges(NAME, "mps3-an547-helium", "aot", rows, ())
    return changes_text.table(Changes("run 1", "run 2", (model,)), model)


def _profile() -> Profile:
    spent = {"nn_depthwise_conv2d_pairs_dsp_s8": Spent(16_812_480, 24_123_456)}
    op = OpCost(
        23, "DEPTHWISE_CONV_2D", NAME, ("depthwise_conv2d_pairs_dsp_s8",), 1_234_567,
        16_812_480, 24_123_456, spent,
    )  # fmt: skip
    return Profile(
        NAME, "00", "mps3-an547-helium", "cortex-m55", "aot", 25_000_000, 0, "estimated", 0.1,
        "so", 16_812_480, 24_123_456, (op, op), spent,
    )  # fmt: skip


def _analysis() -> QuantizationReport:
    damage = damage_of(replace(FINE, layer=NAME, low=-123.4, high=123.4, sqnr_db=-12.3))
    outcome = Outcome("percentile 0.1 99.9, without bias correction", 0.0123,
                      (("mse", 0.0123), ("auc", 0.912)), 1, 1_234_567, 123_456, LARGE)  # fmt: skip
    metrics = (("mse", 0.012), ("auc", 0.913))
    return QuantizationReport(
        NAME, "int8, min-max", damage, metrics, outcome, (outcome,), (), None, ()
    )


def _inspection() -> Inspection:
    chain = relu_chain(2, elements=2**20)
    tensors = tuple(replace(t, name=f"net/{NAME}_{i}/Relu") for i, t in enumerate(chain.tensors))
    graph = replace(chain, name=NAME, tensors=tensors)
    return Inspection(graph, boards.load("mps2-an386"), planner.plan(graph))


def _fits(wide: bool) -> Table:
    chain = relu_chain(2, elements=2**20)
    return fit_table._table(board_fits.survey(chain, boards.available()), wide=wide)


def _build(_: bool) -> Table:
    section = Section(".text", 0, LARGE, True, False)
    result: Any = SimpleNamespace(sizes=SimpleNamespace(sections=(section,)))
    contributions = (Contribution(".text", f"lib{NAME}.a({NAME}.c)", LARGE),) * 3
    return build._table(result, contributions, 2)


def _doctor(wide: bool) -> Table:
    install = Install("a", "b", "c", "d")
    found = Finding("arm-none-eabi-objcopy", "HEX and BIN files", True, install,
                    f"/usr/{NAME}/bin", "12.2.1", "it is too old")  # fmt: skip
    return DoctorReport((found,)).table(wide=wide)


def _worked(_: bool) -> Table:
    return quantize_table._table(work(np.array([0.123456, -1e6, 5.0]), parse("min-max"), 8))


def _combined() -> list[trials.Record]:
    """Combinations of a sweep, of which one failed."""
    costs = dict.fromkeys(("ram", "flash", "instructions", "cycles"), float(LARGE))
    params = {"model": "models/unet", "board": "mps3-an547-helium", "run.memory": "small"}
    made = measured(0, 0.87654, costs, params=params)
    assert made.outcome is not None
    good = replace(made, outcome=replace(made.outcome, facts={"metric": "mean_iou"}))
    return [
        good,
        trials.Record(1, 1, "failed", params, trials.Outcome("failed", reason="it does not fit")),
    ]


def _searched() -> Result:
    """A search whose front holds two trials."""
    names = ("quality", "ram", "flash", "cycles")
    settings = {
        "model": NAME, "board": "mps3-an547-helium", "metric": "mean_iou",
        "objectives": [{"name": n, "more_is_better": n == "quality"} for n in names],
        "budgets": {"max_flash": None, "max_ram": LARGE, "max_instructions": None,
                    "max_cycles": 10**9},
    }  # fmt: skip
    costs = dict.fromkeys((*names[1:], "instructions"), float(LARGE))
    params = {"levels": 3, "bottleneck": "dense", "quantization.bias_correction": True}
    records = (
        measured(17, 0.7, costs, params=params),
        measured(123, 0.6, {**costs, "ram": 1.0}, params={**params, "levels": 2, "rate": 1e-4}),
    )
    return Result("study", settings, records, 200)


TABLES: dict[str, Make] = {
    "report: parity": lambda _: report.parity_table(_report()),
    "report: summary": lambda _: report.summary_table([_report()]),
    "report: variants": lambda _: report.variants_table(_report()),
    "gates": _gates,
    "changes_text": _changes,
    "profile/page: ops": lambda wide: page.op_table(_profile(), wide=wide),
    "profile/page: functions": lambda _: page.function_table(_profile()),
    "bench": lambda _: bench.table(
        bench.Benchmark(NAME, "pico", 3, (_report(), replace(_report(), engine="tflm")))
    ),
    "analysis_page: tensors": lambda _: analysis_page.tensor_table(_analysis()),
    "analysis_page: outcomes": lambda _: analysis_page.outcome_table(_analysis()),
    "inspect: borders": lambda _: inspect._borders(_inspection()),
    "inspect: ops": lambda _: inspect._ops(_inspection()),
    "fit_table": _fits,
    "boards": lambda _: boards_command._table(boards.available()),
    "build": _build,
    "findings": _doctor,
    "quantize_table": _worked,
    "grid_report": lambda _: grid_report.table(_combined()),
    "front_table: figures": lambda _: front_table.figures_table(_searched()),
    "front_table: choices": lambda _: front_table.choices_table(_searched()),
}
ELSEWHERE = {"explore", "example"}  # three short columns each, in the command itself


def printed(make: Make, columns: int | None) -> list[str]:
    """The lines of a table in so many columns; None: in a pipe."""
    file = io.StringIO()
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("COLUMNS", raising=False)
        if columns is not None:
            patch.setenv("COLUMNS", str(columns))
        _Console(file=file, markup=False, emoji=False).print(make(columns is None))
    return [line.rstrip() for line in file.getvalue().splitlines()]


@pytest.mark.parametrize("name", TABLES)
def test_80_columns(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    lines = printed(TABLES[name], 80)
    assert all(len(line) <= 80 and "…" not in line for line in lines)
    monkeypatch.setenv("COLUMNS", "80")
    columns, text = TABLES[name](False).columns, "\n".join(lines)
    held = " ".join(str(cell) for column in columns for cell in (column.header, *column.cells))
    for number in re.findall(r"-?\d[\d,.]*\d(?![\w])", held):
        assert number in text, f"{number} breaks"
    for word in re.findall(r"(?<![\w/.-])[A-Za-z]{2,18}(?![\w/.-])", held):
        assert word in text, f"{word} breaks"


@pytest.mark.parametrize("name", TABLES)
def test_a_row_is_a_line_in_a_pipe(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("COLUMNS", raising=False)
    table, lines = TABLES[name](True), printed(TABLES[name], None)
    for cells in zip(*(c.cells for c in table.columns), strict=True):
        assert any(all(str(cell) in line for cell in cells) for line in lines), cells
    for text in (table.title, table.caption):
        if text is not None:
            assert all(any(part in line for line in lines) for part in str(text).splitlines())


def test_every_table_is_looked_at() -> None:
    made = {
        path.stem if path.stem != "__init__" else path.parent.name
        for path in (ROOT / "pipeline" / "mcuforge").rglob("*.py")
        if "wording.tables import Table" in path.read_text("utf-8")
    }
    assert made - ELSEWHERE == {Path(name.partition(":")[0]).name for name in TABLES}


@pytest.mark.skipif(sys.platform == "win32", reason="no pseudo-terminals")
def test_a_terminal_of_80_columns(tmp_path: Path) -> None:
    import pty

    leader, follower = pty.openpty()
    environment = {**os.environ, "TERM": "xterm", "COLUMNS": "80"}
    done = subprocess.Popen(
        [sys.executable, "-m", "mcuforge", "fit", str(ROOT / "models/autoencoder")],
        stdout=follower, stderr=subprocess.DEVNULL, env=environment, cwd=tmp_path,
    )  # fmt: skip
    os.close(follower)
    text = b""
    while True:
        try:
            part = os.read(leader, 4096)
        except OSError:  # the other end was closed
            break
        if not part:
            break
        text += part
    assert done.wait() == 0
    lines = re.sub(rb"\x1b\[[0-9;?]*[a-zA-Z]", b"", text).decode().splitlines()
    assert all(len(line.rstrip()) <= 80 and "…" not in line for line in lines)
    assert sum(line.rstrip().endswith(("yes", "row by row")) for line in lines) >= 10
