"""`mcuforge run`."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from mcuforge import boards, recipe, report
from mcuforge.cli.arguments import INPUT_MODEL
from mcuforge.cli.common import (
    board_option,
    borders_of,
    count_option,
    engine_option,
    force_option,
    history_option,
    json_option,
    memory_option,
    optimize_option,
    output_option,
    ram_choice,
    rows_options,
    simulator_options,
    steps_option,
    tighten_option,
)
from mcuforge.cli.consoles import echo, result_console, warn, write
from mcuforge.cli.gates import Asked, Demand, gate_options
from mcuforge.cli.option_sections import SectionedCommand
from mcuforge.cli.own_samples import OwnSamples, samples_options
from mcuforge.cli.progress import OnStage, stages
from mcuforge.cli.quantization import chosen, quantization_options
from mcuforge.cli.summaries import NONE, Summaries, summary_options
from mcuforge.convert.early_start import expect_conversion
from mcuforge.errors import GateError, ParityError
from mcuforge.files import atomic
from mcuforge.model_files.kind import Kind, recognise
from mcuforge.report import RunReport, earlier, gates, results
from mcuforge.report import history as past
from mcuforge.wording import tables

_DOCUMENT = "report.json"


@click.command(cls=SectionedCommand)
@click.argument("models", nargs=-1, required=True, type=INPUT_MODEL)
@board_option
@output_option
@samples_options
@count_option(None, "Use only so many samples.", takes_samples=True)
@simulator_options
@engine_option
@tighten_option
@steps_option
@gate_options(accuracy=True)
@history_option
@summary_options
@quantization_options
@optimize_option
@memory_option
@rows_options
@force_option
@json_option
def command(
    models: tuple[Path, ...],
    board_name: str,
    output: Path,
    own_samples: OwnSamples,
    count: int | None,
    simulator: str,
    renode: Path | None,
    engine: str,
    tighten_arena: bool,
    steps: int | None,
    asked: Asked,
    history: bool,
    summaries: Summaries,
    optimize: str,
    memory: str | None,
    input_as: str | None,
    output_as: str | None,
    force: bool,
    as_json: bool,
    **words: Any,
) -> None:
    """Take MODELS (model folders or .tflite files) all the way.

    Converts, emits the firmware, builds it, runs it in the simulator, proves that every byte
    agrees, and reports what it costs. Exit code 0 only if every byte agrees and every gate holds.
    A Keras model without a recipe takes --samples.
    """
    expect_conversion(*models)
    from mcuforge import driver

    board = boards.load(board_name)
    check_written(output, history=history, force=force)
    demands = [asked.of(model, output) for model in models]  # before the work, and what it writes
    reports = []
    tasks = own_samples.tasks(models, output, quiet=as_json)
    for task, demand in zip(tasks, demands, strict=True):
        settings = chosen(task.model, words)
        described = recipe.load(task.model) if recognise(task.model) is Kind.RECIPE else None
        with (
            summaries.of_errors(str(task.given)),
            stages(str(task.given)) as shown,
            drawn_later(shown) as on_stage,
        ):
            reports.append(
                driver.run(
                    task.model,
                    board,
                    output,
                    count=count,
                    inputs_file=task.inputs,
                    port=None,
                    simulator=simulator,
                    renode=renode,
                    on_stage=on_stage,
                    engine=engine,
                    tighten_arena=tighten_arena,
                    settings=settings,
                    force=force,
                    optimize=optimize,
                    memory=ram_choice(described, memory)[0],
                    max_ram=demand.gates.max_ram,
                    borders=borders_of(input_as, output_as, described, engine),
                    steps=steps,
                )
            )
    finish(
        reports, output, as_json, demands, history=history, summaries=summaries, force=force
    )  # fmt: skip


@contextmanager
def drawn_later(on_stage: OnStage) -> Iterator[OnStage]:
    """The same, and while compilers work, this process gets ready to draw the report."""
    from mcuforge.report import plots

    thread = threading.Thread(target=plots.import_early)

    def told(stage: str, done: int, total: int) -> None:
        if stage == "build" and thread.ident is None:
            thread.start()
        on_stage(stage, done, total)

    try:
        yield told
    finally:
        if thread.ident is not None:
            thread.join()


def check_written(output: Path, *, history: bool, force: bool) -> None:
    """Raise `ForgeError` where what `finish` writes would replace files of the user's own."""
    from mcuforge.report import site

    if history:
        past.check(output)
    results.check(output / _DOCUMENT, force=force)
    site.check(output, force=force)


def finish(
    reports: list[RunReport],
    output: Path,
    as_json: bool,
    demands: Sequence[Demand] = (),
    *,
    history: bool = True,
    summaries: Summaries = NONE,
    force: bool = False,
) -> None:
    """Write the reports, print them, and raise an error unless bytes agree and gates hold.

    `demands` are what the reports must keep to, in their order. With `history` the run is kept
    beside the older ones of the folder. Raises `ParityError` where a byte
    differs, else `GateError`; its problems are all that was found.
    """
    from mcuforge.report import history_page, run_page, site

    if demands:
        asked = zip(reports, demands, strict=True)
        reports = [gates.judged(each, demand.gates, demand.baseline) for each, demand in asked]
    content = report.as_json(reports)
    atomic.write_bytes(output / _DOCUMENT, content.encode())
    pages = [run_page.of(each) for each in reports]
    if history:
        past.keep(output, content.encode())
        pages += history_page.of(output)
    page = site.publish(output, pages, force=force)
    summaries.write(earlier.parse(content), [demand.baseline for demand in demands])
    if not as_json:
        for each in reports:
            for warning in report.all_warnings(each):
                warn(f"{each.model}: {warning}" if len(reports) > 1 else warning)
        _print(reports, page)
    differ = [
        f"{r.model} on {r.board}: {r.verdict.divergence}" for r in reports if not r.verdict.exact
    ]
    failed = [*differ, *(j.text for r in reports for j in r.gates if not j.held)]
    if failed:
        kind = ParityError if differ else GateError
        raise kind("\n".join(failed), problems=failed, result=json.loads(content))
    if as_json:
        write(content)


def _print(reports: list[RunReport], page: Path) -> None:
    for each in reports:
        result_console.print(report.parity_table(each))
        for line in (*report.notes(each), report.float_line(each), report.curve_line(each)):
            if line:
                result_console.print(line, highlight=False, soft_wrap=True)
        if each.variants:
            result_console.print(report.variants_table(each))
    for table in tables.fitting(result_console, reports, report.summary_table):
        result_console.print(table)
    judged = [judgement for each in reports for judgement in each.gates]
    if judged:
        result_console.print(gates.table(judged))
    echo(f"Report: {page}")
