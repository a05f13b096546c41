"""`mcuforge tune`."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING

import click

from mcuforge import boards
from mcuforge.cli.arguments import INPUT_MODEL
from mcuforge.cli.common import (
    board_option,
    count_option,
    force_option,
    json_option,
    output_option,
)
from mcuforge.cli.consoles import echo, result_console, write
from mcuforge.cli.progress import progress
from mcuforge.cli.searching import address_of, folder_of, searching_options, see_to
from mcuforge.cli.sizes import NUMBER, SIZE
from mcuforge.errors import ForgeError, UsageError
from mcuforge.files import atomic

if TYPE_CHECKING:
    from mcuforge.search.result import Result
    from mcuforge.search.task import Task

_MOST_TRIALS = 100_000
# Options without which the same command means another search.
_OF_A_SEARCH = (
    *("board_name", "max_flash", "max_ram", "max_instructions", "max_cycles"),
    *("epochs", "count", "seed", "size", "storage", "study", "heartbeat", "output"),
)


@click.command()
@click.argument("model", type=INPUT_MODEL)
@board_option
@click.option(
    "--trials",
    metavar="N",
    type=click.IntRange(1, _MOST_TRIALS),
    default=40,
    show_default=True,
    help="How many in all, with those that were made already.",
)
@click.option("--max-flash", metavar="SIZE", type=SIZE, help="Only what takes no more: 64k, 1M.")
@click.option("--max-ram", metavar="SIZE", type=SIZE, help="Only what takes no more: 32k.")
@click.option(
    "--max-instructions",
    metavar="N",
    type=NUMBER,
    help="Only what takes no more for an inference: 5M.",
)
@click.option(
    "--max-cycles",
    metavar="N",
    type=NUMBER,
    help="Only what takes no more for an inference: 8M.",
)
@click.option(
    "--epochs",
    metavar="N",
    type=click.IntRange(1, 100_000),
    help="Of a trial [those of [search], else of [train]].",
)
@count_option(None, "Judge each trial on only so many golden samples.")
@click.option(
    "--seed",
    metavar="N",
    type=click.IntRange(0, 2**32 - 1),
    default=0,
    show_default=True,
    help="What is tried follows from it.",
)
@click.option(
    "--pick", metavar="N", type=click.IntRange(0), help="Write this trial as a model folder."
)
@click.option(
    "--to",
    "target",
    metavar="FOLDER",
    type=click.Path(path_type=Path),
    help="Where --pick writes [MODEL-N].",
)
@searching_options
@click.option(
    "--generation",
    "size",
    metavar="N",
    type=click.IntRange(1, 1000),
    default=6,
    show_default=True,
    help="Trials that are drawn at once; about as many as workers.",
)
@click.option("--study", metavar="NAME", help="The search's name there [MODEL-BOARD].")
@output_option
@force_option
@json_option
def command(
    model: Path,
    board_name: str,
    trials: int,
    max_flash: int | None,
    max_ram: int | None,
    max_instructions: int | None,
    max_cycles: int | None,
    epochs: int | None,
    count: int | None,
    seed: int,
    pick: int | None,
    target: Path | None,
    jobs: int | None,
    size: int,
    storage: str | None,
    study: str | None,
    heartbeat: float,
    output: Path,
    force: bool,
    as_json: bool,
) -> None:
    """Search for the best models of MODEL (a model folder) that fit a board.

    Its recipe's [search] table says what may vary. Each trial trains, converts, emits, builds,
    simulates and proves; what breaks a bound is left out before it trains. Ends with those that no
    other one beats. Called again, it goes on where it was.
    """
    from mcuforge.report import results, site
    from mcuforge.search import coordinator, document, machine, result, storages, task
    from mcuforge.search.figures import Budgets
    from mcuforge.search.ledger import Ledger

    storages.require()
    asked = task.asked(
        model, boards.load(board_name), Budgets(max_flash, max_ram, max_instructions, max_cycles),
        epochs=epochs, seed=seed, size=size, count=count, beat_seconds=heartbeat,
    )  # fmt: skip
    name = study or f"{asked.recipe.name}-{asked.board.name}"
    folder = folder_of(output, name)
    results.check(folder / document.NAME, force=force)
    site.check(output, force=force)
    address = address_of(storage, folder)
    if pick is not None:
        _pick(_found(address, name, asked), asked, pick, folder, target)
        return
    ledger = Ledger.begin(address, name, asked.settings())
    if jobs != 0:
        machine.check([asked.board], converts=asked.converts)
    with progress("options"):
        asked.check_options()
    see_to(
        ledger, coordinator.generations(asked), trials, heartbeat, jobs,
        [str(model), "--board", board_name, "-o", str(output)], folder,
        f"{asked.recipe.name} on {asked.board.name}",
    )  # fmt: skip
    found = result.of(ledger)
    ledger.close()
    _finish(found, asked, folder, output, _picking(), force=force, as_json=as_json)  # fmt: skip


def _finish(
    found: Result,
    asked: Task,
    folder: Path,
    output: Path,
    picking: str,
    *,
    force: bool,
    as_json: bool,
) -> None:
    """Write document and page, and print; raises `ForgeError` where nothing fits."""
    import json

    from mcuforge.report import site
    from mcuforge.search import document, importance, page
    from mcuforge.search.front_table import choices_table, figures_table

    shares = importance.of_choices(asked.search, found.objectives, found.records)
    text = document.as_json(found, shares, folder)
    atomic.write_bytes(folder / document.NAME, text.encode())
    made = page.of(found, asked.search, shares, folder, output, picking)
    index = site.publish(output, [made], force=force)
    if not as_json:
        if found.front:
            result_console.print(figures_table(found))
            result_console.print(choices_table(found))
        echo(_told(found))
        echo(f"Written: {folder / document.NAME}, {index}")
        if found.front:
            echo(f"To take one: {picking}")
    if not found.front:
        raise ForgeError(_nothing(found), result=json.loads(text))
    if as_json:
        write(text)


def _told(found: Result) -> str:
    from mcuforge.search.record import COMPLETE, CUT, FAILED, PRUNED

    counts = found.counts
    return (
        f"{found.done} trials: {counts[COMPLETE]} measured, {counts[CUT]} cut before training, "
        f"{counts[PRUNED]} given up in training, {counts[FAILED]} failed."
    )


def _nothing(found: Result) -> str:
    """Why there is no front."""
    reasons = [each.outcome.reason for each in found.records if each.outcome]
    last = next((reason for reason in reversed(reasons) if reason), "")
    return (
        f"No trial of {found.model} on {found.board} was measured, exact, and within the budgets. "
        f"The last one: {last or 'it did not end'}."
    )


def _picking() -> str:
    """The command that picks a trial of this search; N stands for its number."""
    context = click.get_current_context()
    words = ["mcuforge", "tune", str(context.params["model"])]
    for parameter in context.command.params:
        name = str(parameter.name)
        source = context.get_parameter_source(name)
        if name in _OF_A_SEARCH and source is click.core.ParameterSource.COMMANDLINE:
            words += [parameter.opts[-1], str(context.params[name])]
    return f"{shlex.join(words)} --pick N"


def _found(address: str, name: str, asked: Task) -> Result:
    """What a search found by now. Raises `UsageError` where nobody began it."""
    from mcuforge.search import result, storages
    from mcuforge.search.ledger import Ledger

    missing = UsageError(
        f"--pick: there is no search '{name}' in {storages.hidden(address)}. Without --pick this "
        "command makes it; one that was made with other options is found with these alone."
    )
    if storages.is_missing_file(address):
        raise missing
    try:
        ledger = Ledger.resumed(address, name, asked.settings())
    except KeyError:
        raise missing from None
    found = result.of(ledger)
    ledger.close()
    return found


def _pick(found: Result, asked: Task, number: int, trials: Path, target: Path | None) -> None:
    from mcuforge.search import picked

    folder = target or Path(f"{asked.recipe.name}-{number}")
    with progress("training") as on_progress:
        again = picked.write(found, asked, number, trials, folder, on_progress)
    note = " Its model was trained again: the trial ran on another machine." if again else ""
    echo(f"Written: {folder}.{note}")
    words = ["mcuforge", "run", str(folder), "--board", asked.board.name]
    echo(f"Next: {shlex.join(words)}")
