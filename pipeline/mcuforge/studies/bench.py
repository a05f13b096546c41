"""One model with each engine, side by side: instructions, flash, RAM, arena, stack."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from io import BytesIO
from pathlib import Path
from typing import Any

from mcuforge import documents, driver, engines
from mcuforge.boards import Board
from mcuforge.build import build
from mcuforge.documents.bench import SCHEMA
from mcuforge.emit import project
from mcuforge.engines import tflm_library
from mcuforge.errors import ForgeError, ParityError
from mcuforge.files import atomic, json_text
from mcuforge.planning import FIT, SPEED, plan_for
from mcuforge.planning.plan import Plan
from mcuforge.planning.rows.borders import WHOLE_BORDERS, BorderRows
from mcuforge.proof.prove import OnStage
from mcuforge.recipe import Recipe
from mcuforge.report import Costs, RunReport
from mcuforge.simulate.choose import QEMU_NAME, choose
from mcuforge.studies.profile.estimate import CORES, core_of
from mcuforge.studies.profile.measurement import of_firmware
from mcuforge.wording import drawing
from mcuforge.wording.drawing import can_draw as can_draw
from mcuforge.wording.escape import plot_text
from mcuforge.wording.tables import Table

_CYCLES = "cycles / inference, estimated"
_STATE = "RAM: state"  # "-": within the engine's arena
_TFLM_WHOLE = "tflm has no rows in and out: its inputs and outputs are whole."
_ROWS: tuple[tuple[str, Callable[[Costs], int | None], str], ...] = (
    ("instructions / inference", lambda c: c.instructions, ""),
    (_CYCLES, lambda c: c.cycles, ""),
    ("flash: code", lambda c: c.text, " B"),
    ("flash: constants", lambda c: c.constants, " B"),
    ("RAM: arena", lambda c: c.arena, " B"),
    ("RAM: arena used", lambda c: c.arena_used, " B"),
    (_STATE, lambda c: c.state, " B"),
    ("RAM: stack used", lambda c: c.stack, " B"),
)


@dataclass(frozen=True)
class Benchmark:
    """The reports of one model on one board, one for each engine, and why an engine is missing.

    `failed` says why an engine that was to be measured could not be. `notes` say what the figures
    were measured with, and what makes them no fair comparison.
    """

    model: str
    board: str
    samples: int
    reports: tuple[RunReport, ...]
    missing: str | None = None
    simulator: str = "QEMU"
    failed: str | None = None
    notes: tuple[str, ...] = ()


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
    optimize: str = SPEED,
    memory: str = FIT,
    max_ram: int | None = None,
    borders: BorderRows = WHOLE_BORDERS,
    described_by: Recipe | None = None,
) -> Benchmark:
    """Build, simulate and prove the model, a `.tflite`, with every engine that there is.

    TFLM takes part where TFLM_ROOT is set, with an arena tightened to what it uses; why it fails
    stands in the result, beside the figures of aot. `simulator`, `renode`, `force`, `optimize`,
    `memory`, `max_ram`, `borders` and `described_by` are those of `driver.run`; TFLM takes whole
    inputs, and gives whole outputs. Raises `ForgeError` as that
    does, `ParityError` where results of aot are wrong.
    """
    simulated = choose(board, simulator, renode)
    root = engines.root()
    if root:
        engines.require_root(board)  # before the first engine takes its time
    failed = None
    notes: list[str] = []

    def measured(engine: str) -> RunReport:
        streamed = borders if engine == engines.AOT else WHOLE_BORDERS
        report = driver.run(
            model,
            board,
            output,
            count=count,
            inputs_file=None,
            port=None,
            on_stage=lambda stage, done, total: on_stage(f"{engine} {stage}", done, total),
            name=name,
            simulator=simulator,
            renode=renode,
            engine=engine,
            tighten_arena=engine == engines.TFLM,
            force=force,
            optimize=optimize,
            memory=memory,
            max_ram=max_ram,
            borders=streamed,
            described_by=described_by,
        )
        if not report.verdict.exact:
            raise ParityError(f"{engine} on {board.name}: {report.verdict.divergence}")
        if simulated.name != QEMU_NAME or board.core is None or board.core.name not in CORES:
            return report  # of which no cycles can be estimated
        on_stage(f"{engine} cycles", 0, 1)
        try:
            plan = plan_for(
                board, model, name, optimize,
                whole=engine == engines.TFLM, memory=memory, max_ram=max_ram,
                borders=streamed,
            )  # fmt: skip
            return _with_cycles(report, plan, board, output)
        except ForgeError as error:
            notes.append(f"Cycles of {engine} are not known: {error.message}")
            return report
        finally:
            on_stage(f"{engine} cycles", 1, 1)

    reports = [measured(engines.AOT)]
    if root:
        notes += [_TFLM_WHOLE] * bool(borders)
        try:
            reports.append(measured(engines.TFLM))
        except ForgeError as error:
            failed = f"{engines.TFLM} could not be measured: {error.message}"
    missing = None if root else f"{engines.ROOT} is not set: only the engine aot was measured."
    return Benchmark(
        model=reports[0].model,
        board=board.name,
        samples=count,
        reports=tuple(reports),
        missing=missing,
        simulator=simulated.title,
        failed=failed,
        notes=(*_notes(board, reports), *notes),
    )


def _with_cycles(report: RunReport, plan: Plan, board: Board, output: Path) -> RunReport:
    """The report with the estimated cycles of the firmware that it is about."""
    folder = output / project.folder_name(report.model, board, report.engine)
    found = of_firmware(plan, board, build(folder, board.name).elf, report.engine)
    costs = replace(
        report.costs,
        cycles=found.cycles,
        milliseconds=found.milliseconds(found.cycles),
        cycles_from=found.source,
    )
    return replace(report, costs=costs)


def _notes(board: Board, reports: Sequence[RunReport]) -> tuple[str, ...]:
    """The library, what the build warned of, and where only one engine uses Helium."""
    notes = [f"{r.engine}: {r.library}" for r in reports if r.library]
    notes += [f"Warning: {warning}" for r in reports for warning in r.warnings]
    if any(r.costs.cycles is not None for r in reports):
        notes.append(
            f"Cycles are estimated, within {core_of(board).error:.0%} (docs/how-to/profiling.md)."
        )
    core = board.core
    theirs = [r for r in reports if r.library]
    if core is not None and core.mve and theirs:
        helium = tflm_library.HELIUM in str(theirs[0].library)
        if helium != core.helium:
            with_it, without = ("tflm", "aot") if helium else ("aot", "tflm")
            notes.append(
                f"Warning: {with_it} was built with Helium, {without} without: no fair comparison. "
                "mps3-an547-helium has it for aot, a library for cortex-m55 with CMSIS-NN for tflm."
            )
    return tuple(notes)


def rows(benchmark: Benchmark) -> list[tuple[str, list[int | None], str]]:
    """A label, a value for each engine, and the unit.

    That of state where the model has any, that of cycles where they are known.
    """
    found = [
        (label, [value(report.costs) for report in benchmark.reports], unit)
        for label, value, unit in _ROWS
    ]
    left_out = {_STATE: 0, _CYCLES: None}
    return [row for row in found if any(v != left_out.get(row[0], "") for v in row[1])]


def table(benchmark: Benchmark) -> Table:
    """The rows for the terminal; with two engines also the second over the first."""
    result = Table(title=title(benchmark))
    result.add_column("")
    for report in benchmark.reports:
        result.add_column(report.engine, justify="right")
    both = len(benchmark.reports) == 2
    if both:
        result.add_column("ratio", justify="right")
    for label, values, unit in rows(benchmark):
        cells = ["-" if v is None else f"{v:,}{unit}" for v in values]
        result.add_row(label, *cells, *([ratio(values)] if both else []))
    return result


def title(benchmark: Benchmark) -> str:
    """What was compared, and where."""
    counted = benchmark.reports[0].costs.counted or ""
    note = f", instructions: {counted}" if counted.startswith("least") else ""
    return f"{benchmark.model} on {benchmark.board} in {benchmark.simulator}{note}"


def ratio(values: Sequence[int | None]) -> str:
    """The second value over the first."""
    first, second = values
    return f"{second / first:.2f}" if first and second is not None else "-"


def as_json(benchmark: Benchmark) -> str:
    """The benchmark as JSON text: for each engine the costs, in bytes and instructions."""
    content: dict[str, Any] = {
        "model": benchmark.model,
        "sha256": benchmark.reports[0].sha256,
        "board": benchmark.board,
        "simulator": benchmark.simulator,
        "samples": benchmark.samples,
        "engines": {r.engine: asdict(r.costs) for r in benchmark.reports},
        "libraries": {r.engine: r.library for r in benchmark.reports if r.library},
        "missing": benchmark.missing,
        "failed": benchmark.failed,
        "notes": list(benchmark.notes),
    }
    return json_text.dumps(documents.document(SCHEMA, content))


def require_drawing() -> None:
    """Raise `ToolError` without matplotlib."""
    drawing.require(can_draw())


def draw(benchmark: Benchmark, path: Path) -> None:
    """Write a PNG with a panel for each row. Raises `ForgeError` without matplotlib, and
    where the file cannot be written.
    """
    require_drawing()
    from matplotlib.figure import Figure

    shown = rows(benchmark)
    names = [report.engine for report in benchmark.reports]
    figure = Figure(figsize=(10, 5.5), layout="constrained")
    panels = figure.subplots(2, -(-len(shown) // 2)).flat
    for axes, (label, values, unit) in zip(panels, shown, strict=False):
        bars = axes.bar(names, [v or 0 for v in values], color=["#1f6f8b", "#e08e45"][: len(names)])
        axes.bar_label(bars, [f"{v:,}" if v is not None else "-" for v in values], fontsize=8)
        axes.set_title(f"{label}{f' [{unit.strip()}]' if unit else ''}", fontsize=10)
        axes.set_yticks([])
        axes.margins(y=0.15)
        axes.spines[["top", "right", "left"]].set_visible(False)
    for axes in panels:  # the last of an odd number
        axes.set_axis_off()
    figure.suptitle(plot_text(title(benchmark)))
    # Without the version of matplotlib, which it would write into the file.
    content = BytesIO()
    figure.savefig(content, format="png", dpi=120, metadata={"Software": "mcuforge"})
    atomic.write_bytes(path, content.getvalue())
