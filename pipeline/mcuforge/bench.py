"""One model with each engine, side by side: instructions, flash, RAM, arena, stack."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from importlib.util import find_spec
from io import BytesIO
from pathlib import Path
from typing import Any

from rich.markup import escape
from rich.table import Table

from mcuforge import __version__, atomic, driver, engines
from mcuforge.boards import Board
from mcuforge.errors import ParityError, ToolError
from mcuforge.prove import OnStage
from mcuforge.report import Costs, RunReport
from mcuforge.simulate.choose import choose

_ROWS: tuple[tuple[str, Callable[[Costs], int | None], str], ...] = (
    ("instructions / inference", lambda c: c.instructions, ""),
    ("flash: code", lambda c: c.text, " B"),
    ("flash: constants", lambda c: c.constants, " B"),
    ("RAM: arena", lambda c: c.arena, " B"),
    ("RAM: arena used", lambda c: c.arena_used, " B"),
    ("RAM: stack used", lambda c: c.stack, " B"),
)


@dataclass(frozen=True)
class Benchmark:
    """The reports of one model on one board, one for each engine, and why an engine is missing."""

    model: str
    board: str
    samples: int
    reports: tuple[RunReport, ...]
    missing: str | None = None
    simulator: str = "QEMU"


def run(
    model: Path,
    board: Board,
    output: Path,
    *,
    count: int,
    on_stage: OnStage,
    name: str | None = None,
    simulator: str = "auto",
    renode: Path | None = None,
    force: bool = False,
) -> Benchmark:
    """Build, simulate and prove the model, a `.tflite`, with every engine that there is.

    TFLM takes part where TFLM_ROOT is set, with an arena tightened to what it uses. `simulator`,
    `renode` and `force` are those of `driver.run`. Raises `ForgeError` as that does, and
    `ParityError` where an engine's results are wrong.
    """
    simulated = choose(board, simulator, renode).title
    root = engines.root()
    if root:
        engines.require_root(board)  # before the first engine takes its time
    chosen = engines.ENGINES if root else (engines.AOT,)
    reports = []
    for engine in chosen:
        report = driver.run(
            model,
            board,
            output,
            count=count,
            inputs_file=None,
            port=None,
            on_stage=lambda stage, done, total, engine=engine: on_stage(  # type: ignore[misc]
                f"{engine} {stage}", done, total
            ),
            name=name,
            simulator=simulator,
            renode=renode,
            engine=engine,
            tighten_arena=engine == engines.TFLM,
            force=force,
        )
        if not report.verdict.exact:
            raise ParityError(f"{engine} on {board.name}: {report.verdict.divergence}")
        reports.append(report)
    missing = None if root else f"{engines.ROOT} is not set: only the engine aot was measured."
    return Benchmark(reports[0].model, board.name, count, tuple(reports), missing, simulated)


def rows(benchmark: Benchmark) -> list[tuple[str, list[int | None], str]]:
    """A label, a value for each engine, and the unit."""
    return [
        (label, [value(report.costs) for report in benchmark.reports], unit)
        for label, value, unit in _ROWS
    ]


def table(benchmark: Benchmark) -> Table:
    """The rows for the terminal; with two engines also the second over the first."""
    result = Table(
        title=f"{escape(benchmark.model)} on {escape(benchmark.board)} in {benchmark.simulator}"
    )
    result.add_column("")
    for report in benchmark.reports:
        result.add_column(report.engine, justify="right")
    both = len(benchmark.reports) == 2
    if both:
        result.add_column("ratio", justify="right")
    for label, values, unit in rows(benchmark):
        cells = ["-" if v is None else f"{v:,}{unit}" for v in values]
        result.add_row(label, *cells, *([_ratio(values)] if both else []))
    return result


def _title(benchmark: Benchmark) -> str:
    return f"{benchmark.model} on {benchmark.board} in {benchmark.simulator}"


def _ratio(values: Sequence[int | None]) -> str:
    first, second = values
    return f"{second / first:.2f}" if first and second is not None else "-"


def as_json(benchmark: Benchmark) -> str:
    """The benchmark as JSON text: for each engine the costs, in bytes and instructions."""
    content: dict[str, Any] = {
        "mcuforge": __version__,
        "model": benchmark.model,
        "sha256": benchmark.reports[0].sha256,
        "board": benchmark.board,
        "simulator": benchmark.simulator,
        "samples": benchmark.samples,
        "engines": {r.engine: asdict(r.costs) for r in benchmark.reports},
        "missing": benchmark.missing,
    }
    return json.dumps(content, indent=2) + "\n"


def can_draw() -> bool:
    """True where matplotlib is installed."""
    return find_spec("matplotlib") is not None


def draw(benchmark: Benchmark, path: Path) -> None:
    """Write a PNG with a panel for each row. Raises `ForgeError` without matplotlib, and
    where the file cannot be written.
    """
    if not can_draw():
        raise ToolError(
            "The picture needs matplotlib, which is not installed: pip install 'mcuforge[plot]'."
        )
    from matplotlib.figure import Figure

    shown = rows(benchmark)
    names = [report.engine for report in benchmark.reports]
    figure = Figure(figsize=(10, 5.5), layout="constrained")
    for axes, (label, values, unit) in zip(
        figure.subplots(2, len(shown) // 2).flat, shown, strict=True
    ):
        bars = axes.bar(names, [v or 0 for v in values], color=["#1f6f8b", "#e08e45"][: len(names)])
        axes.bar_label(bars, [f"{v:,}" if v is not None else "-" for v in values], fontsize=8)
        axes.set_title(f"{label}{f' [{unit.strip()}]' if unit else ''}", fontsize=10)
        axes.set_yticks([])
        axes.margins(y=0.15)
        axes.spines[["top", "right", "left"]].set_visible(False)
    figure.suptitle(_title(benchmark))
    # Without the version of matplotlib, which it would write into the file.
    content = BytesIO()
    figure.savefig(content, format="png", dpi=120, metadata={"Software": "mcuforge"})
    atomic.write_bytes(path, content.getvalue())
