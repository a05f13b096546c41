"""`mcuforge sweep`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click
from click.shell_completion import CompletionItem

from mcuforge import boards as all_boards
from mcuforge.cli.arguments import BOARD, INPUT_MODEL, STRATEGY
from mcuforge.cli.common import count_option, force_option, json_option, output_option
from mcuforge.cli.consoles import echo, result_console, write
from mcuforge.cli.searching import address_of, folder_of, searching_options, see_to
from mcuforge.errors import ForgeError
from mcuforge.files import atomic
from mcuforge.recipe import quantization

_STUDY = "sweep"


class _Listed(click.ParamType[tuple[str, ...]]):
    """Several of a kind, with commas between them."""

    def __init__(self, kind: click.ParamType[Any]) -> None:
        self._kind, self.name = kind, kind.name

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, ...]:
        """Each as its kind has it."""
        if isinstance(value, tuple):
            return value
        parts = (part.strip() for part in str(value).split(","))
        return tuple(str(self._kind.convert(part, param, ctx)) for part in parts if part)

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[CompletionItem]:
        """What may stand behind the last comma."""
        before, comma, last = incomplete.rpartition(",")
        offered = self._kind.shell_complete(ctx, param, last)
        return [CompletionItem(f"{before}{comma}{item.value}", help=item.help) for item in offered]


@click.command()
@click.argument("models", nargs=-1, required=True, type=INPUT_MODEL)
@click.option(
    "--boards",
    type=_Listed(BOARD),
    multiple=True,
    metavar="NAME,...",
    default=("mps2-an386",),
    help="The boards, with commas between; may be repeated [mps2-an386].",
)
@click.option(
    "--calibration",
    type=_Listed(STRATEGY),
    multiple=True,
    metavar="STRATEGY,...",
    help="How ranges are chosen, as for convert: converter,min-max,'percentile 0.1 99.9'.",
)
@click.option(
    "--bits",
    type=_Listed(click.Choice(quantization.BITS[:2])),
    multiple=True,
    metavar="8,16x8",
    help="Widths of activations.",
)
@click.option(
    "--memory",
    type=_Listed(click.Choice(("fit", "fast", "small"))),
    multiple=True,
    metavar="fit,fast,small",
    help="Whether ops run row by row, as for run.",
)
@click.option(
    "--optimize",
    type=_Listed(click.Choice(("speed", "size"))),
    multiple=True,
    metavar="speed,size",
    help="What plans are made for, as for run.",
)
@count_option(None, "Use only so many samples of each.")
@searching_options
@click.option(
    "--study",
    metavar="NAME",
    default=_STUDY,
    show_default=True,
    help="The sweep's name in the storage.",
)
@output_option
@force_option
@json_option
def command(
    models: tuple[Path, ...],
    boards: tuple[tuple[str, ...], ...],
    calibration: tuple[tuple[str, ...], ...],
    bits: tuple[tuple[str, ...], ...],
    memory: tuple[tuple[str, ...], ...],
    optimize: tuple[tuple[str, ...], ...],
    count: int | None,
    jobs: int | None,
    storage: str | None,
    heartbeat: float,
    study: str,
    output: Path,
    force: bool,
    as_json: bool,
) -> None:
    """Take MODELS through the pipeline in every combination of boards and settings, in parallel.

    Ends with one table and page. What was made already is not made again. Exit code 0 only if
    every combination fits its board, and every byte agrees.
    """
    from mcuforge.report import results, site
    from mcuforge.search import grid, grid_report, machine, storages
    from mcuforge.search.ledger import Ledger

    storages.require()
    choices = {
        "quantization.calibration": _flat(calibration),
        "quantization.bits": _flat(bits),
        "run.memory": _flat(memory),
        "run.optimize": _flat(optimize),
    }
    asked = grid.asked(models, _flat(boards), choices, count, heartbeat)
    if jobs != 0:
        machine.check(map(all_boards.load, asked.boards), converts=asked.converts)
    folder = folder_of(output, study)
    results.check(folder / grid_report.NAME, force=force)
    site.check(output, force=force)
    ledger = Ledger.begin(address_of(storage, folder), study, asked.settings())
    drawn = grid.drawn(asked)
    see_to(
        ledger, lambda records: drawn[len(records) :], len(drawn), heartbeat, jobs,
        ["-o", str(output)], folder, f"{len(drawn)} combinations",
    )  # fmt: skip
    records = ledger.records()
    ledger.close()
    text = grid_report.as_json(study, records, folder)
    atomic.write_bytes(folder / grid_report.NAME, text.encode())
    page = site.publish(output, [grid_report.page(study, records, folder, output)], force=force)
    if not as_json:
        result_console.print(grid_report.table(records))
        echo(f"Written: {folder / grid_report.NAME}, {page}")
    problems = grid_report.problems(records)
    if problems:
        raise ForgeError("\n".join(problems), problems=problems, result=json.loads(text))
    if as_json:
        write(text)


def _flat(values: tuple[tuple[str, ...], ...] | tuple[str, ...]) -> tuple[str, ...]:
    flat = (each for value in values for each in ((value,) if isinstance(value, str) else value))
    return tuple(dict.fromkeys(flat))
