"""`mcuforge tune-worker`."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from mcuforge import boards
from mcuforge.cli.arguments import BOARD, INPUT_MODEL, OUTPUT, OUTPUT_FOLDER
from mcuforge.cli.consoles import echo, note
from mcuforge.cli.progress import stages
from mcuforge.errors import UsageError

if TYPE_CHECKING:
    from mcuforge.search.ledger import Ledger
    from mcuforge.search.worker import Runner

_POLL_SECONDS = 1.0


@click.command()
@click.argument("model", type=INPUT_MODEL, required=False)
@click.option(
    "--storage", metavar="URL|FILE", required=True, help="That of `mcuforge tune` or `sweep`."
)
@click.option("--study", metavar="NAME", required=True, help="The search's name there.")
@click.option(
    "--board", "board_name", type=BOARD, metavar="NAME|FILE.toml",
    help="Where the board's file is on this machine [as the search was begun].",
)  # fmt: skip
@click.option("--trials", metavar="N", type=click.IntRange(1), help="End after so many [all].")
@click.option(
    "-o", "--output", type=OUTPUT_FOLDER, default=OUTPUT, show_default=True,
    help="The folder that is written to; several workers may share it.",
)  # fmt: skip
def command(
    model: Path | None,
    storage: str,
    study: str,
    board_name: str | None,
    trials: int | None,
    output: Path,
) -> None:
    """Work at the trials of a search or a sweep, until all are made; on any number of machines.

    MODEL is a copy of the model folder that `mcuforge tune` was called with. A sweep needs none:
    its models lie where they lay when it was begun.
    """
    from mcuforge.emit import c_names
    from mcuforge.search import storages, worker
    from mcuforge.search.record import Outcome, Record

    storages.require()
    ledger = _joined(storage, study)

    def tell(taken: Record, outcome: Outcome) -> None:
        reason = f": {outcome.reason}" if outcome.reason else ""
        echo(f"trial {taken.number}: {outcome.end}{reason} ({outcome.seconds:.1f} s)")

    folder = output / "tune" / c_names.identifier(study)
    with stages() as on_stage:
        done = worker.work(
            ledger, _runner(ledger, model, board_name, folder), on_stage, tell, most=trials
        )
    ledger.close()
    echo(f"{done} trials.")


def _runner(ledger: Ledger, model: Path | None, board: str | None, folder: Path) -> Runner:
    from mcuforge.search import grid, machine, task, trial

    if ledger.settings["kind"] == grid.KIND:
        sweep = grid.joined(ledger.settings)
        machine.check(map(boards.load, sweep.boards), converts=sweep.converts)
        return grid.Runner(sweep, folder)
    if model is None:
        raise UsageError(
            f"'{ledger.name}' searches in a model's folder: name it, as in "
            "`mcuforge tune-worker MODEL --storage ... --study ...`."
        )
    joined = task.joined(model, ledger.settings, board)
    machine.check([joined.board], converts=joined.converts)
    return trial.Runner(joined, folder)


def _joined(storage: str, study: str) -> Ledger:
    """The search, once it was begun: a fleet's machines start in any order."""
    from mcuforge.search.ledger import Ledger

    told = False
    while True:
        try:
            return Ledger(storage, study)
        except KeyError:
            if not told:
                note(f"There is no search '{study}' yet; waiting for the command that begins it.")
            told = True
            time.sleep(_POLL_SECONDS)
