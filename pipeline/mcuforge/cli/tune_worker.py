"""`mcuforge tune-worker`."""

from __future__ import annotations

from pathlib import Path

import click

from mcuforge.cli.arguments import BOARD, INPUT_MODEL, OUTPUT, OUTPUT_FOLDER
from mcuforge.cli.consoles import echo
from mcuforge.cli.progress import stages


@click.command()
@click.argument("model", type=INPUT_MODEL)
@click.option("--storage", metavar="URL|FILE", required=True, help="That of `mcuforge tune`.")
@click.option("--study", metavar="NAME", required=True, help="The search's name there.")
@click.option(
    "--board",
    "board_name",
    type=BOARD,
    metavar="NAME|FILE.toml",
    help="Where the board's file is on this machine [as the search was begun].",
)
@click.option("--trials", metavar="N", type=click.IntRange(1), help="End after so many [all].")
@click.option(
    "-o",
    "--output",
    type=OUTPUT_FOLDER,
    default=OUTPUT,
    show_default=True,
    help="The folder that is written to; several workers may share it.",
)
def command(
    model: Path,
    storage: str,
    study: str,
    board_name: str | None,
    trials: int | None,
    output: Path,
) -> None:
    """Work at the trials of a search that `mcuforge tune` began, until all are made.

    MODEL is a copy of the same model folder.
    """
    from mcuforge.emit import c_names
    from mcuforge.search import storages, task, worker
    from mcuforge.search.ledger import Ledger
    from mcuforge.search.record import Outcome, Record

    storages.require()
    ledger = Ledger(storage, study)
    joined = task.joined(model, ledger.settings, board_name)
    folder = output / "tune" / c_names.identifier(study)

    def tell(taken: Record, outcome: Outcome) -> None:
        note = f": {outcome.reason}" if outcome.reason else ""
        echo(f"trial {taken.number}: {outcome.end}{note} ({outcome.seconds:.1f} s)")

    with stages() as on_stage:
        done = worker.work(ledger, joined, folder, on_stage, tell, most=trials)
    echo(f"{done} trials.")
