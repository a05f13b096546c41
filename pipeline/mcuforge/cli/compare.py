"""`mcuforge compare`."""

from __future__ import annotations

import json
from pathlib import Path

import click

from mcuforge.cli.arguments import OUTPUT, OUTPUT_FOLDER
from mcuforge.cli.common import json_option
from mcuforge.cli.consoles import echo, result_console, write
from mcuforge.cli.sizes import PERCENT
from mcuforge.documents.run import RunDocument
from mcuforge.errors import GateError, UsageError
from mcuforge.files import atomic
from mcuforge.report import changes, changes_text, earlier, gates, history, html_page
from mcuforge.report.changes import Changes
from mcuforge.report.judgement import Judgement


@click.command()
@click.argument("runs", nargs=-1, metavar="[A [B]]")
@click.option(
    "-o", "--output", type=OUTPUT_FOLDER, default=OUTPUT, show_default=True,
    help="The folder whose runs are meant by their numbers.",
)  # fmt: skip
@click.option(
    "--max-growth", metavar="PERCENT", type=PERCENT,
    help="Fail (exit code 1) where flash, RAM or instructions grew by more, or accuracy fell.",
)  # fmt: skip
@click.option(
    "--markdown", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE",
    help="Write what changed as Markdown, too.",
)  # fmt: skip
@click.option(
    "--html", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE",
    help="Write it as a page of its own, too.",
)  # fmt: skip
@json_option
def command(
    runs: tuple[str, ...],
    output: Path,
    max_growth: float | None,
    markdown: Path | None,
    html: Path | None,
    as_json: bool,
) -> None:
    """Show what changed from run A to run B: accuracy, bytes, instructions, ops.

    A and B are each a report.json, a folder of one, or the number of a run in the output folder.
    A alone is compared with the last run, and without both the last two that share a model are.
    """
    before, after, names = _chosen(runs, output)
    found = changes.between(before, after, names)
    judged = [] if max_growth is None else _judged(before, after, max_growth)
    written = {markdown: changes_text.as_markdown, html: _page}
    atomic.write_all({path: make(found).encode() for path, make in written.items() if path})
    content = changes_text.as_json(found, judged)
    if not as_json:
        _print(found, judged)
    failed = [judgement.text for judgement in judged if not judgement.held]
    if failed:
        raise GateError("\n".join(failed), problems=failed, result=json.loads(content))
    if as_json:
        write(content)


def _chosen(
    runs: tuple[str, ...], output: Path
) -> tuple[RunDocument, RunDocument, tuple[str, str]]:
    """Both documents, and what they are called."""
    if len(runs) > 2:
        raise UsageError(f"compare takes two runs, not {len(runs)}.")
    if runs:
        last = history.numbers(output)[-1:]
        if len(runs) == 1 and not last:
            raise UsageError(f"{output / earlier.RUNS}: holds no run to compare {runs[0]} with.")
        named = [*runs, *map(str, last)][:2]
        before, after = (earlier.load(earlier.find(name, output)) for name in named)
        return before, after, (_called(named[0], output), _called(named[1], output))
    two = history.last_two(history.read(output)[0])
    if two is None:
        raise UsageError(
            f"{output / earlier.RUNS}: there are no two runs of a model to compare. `mcuforge run` "
            "keeps each; or name two report.json."
        )
    names = f"run {two[0].number}", f"run {two[1].number}"
    return two[0].document, two[1].document, names


def _called(name: str, output: Path) -> str:
    found = earlier.find(name, output)
    return f"run {name}" if found == output / earlier.RUNS / name / earlier.DOCUMENT else name


def _judged(before: RunDocument, after: RunDocument, share: float) -> list[Judgement]:
    """The gates on growth, of what both runs hold; of the rest there is nothing to grow."""
    both = {history.key(r) for r in before.reports}
    held = [report for report in after.reports if history.key(report) in both]
    if not held:
        raise UsageError("--max-growth: the two runs share no model on the same board.")
    return [judgement for report in held for judgement in gates.growth(report, before, share)]


def _page(found: Changes) -> str:
    lead = " ".join(changes_text.alone(found))
    title = f"{found.before} → {found.after}"
    return html_page.page(title, changes_text.sections(found), lead=lead)


def _print(found: Changes, judged: list[Judgement]) -> None:
    for model in found.models:
        result_console.print(changes_text.table(found, model))
        for line in changes_text.lines(model):
            echo(line)
    for line in changes_text.alone(found):
        echo(line)
    if judged:
        result_console.print(gates.table(judged))
