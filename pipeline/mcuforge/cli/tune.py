"""`mcuforge tune`."""

from __future__ import annotations

import os
from pathlib import Path

import click

from mcuforge import boards
from mcuforge.cli.arguments import INPUT_MODEL
from mcuforge.cli.common import board_option, count_option, json_option, output_option
from mcuforge.cli.consoles import echo, result_console, write
from mcuforge.cli.option_sections import SectionedCommand
from mcuforge.cli.progress import stages
from mcuforge.cli.sizes import NUMBER, SIZE
from mcuforge.files import atomic

_MOST_TRIALS, _MOST_JOBS = 100_000, 1024


@click.command(cls=SectionedCommand)
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
    "--jobs",
    metavar="N",
    type=click.IntRange(0, _MOST_JOBS),
    help="Trials at a time on this computer; 0: leave all to tune-worker [one a core].",
)
@click.option(
    "--generation",
    "size",
    metavar="N",
    type=click.IntRange(1, 1000),
    default=6,
    show_default=True,
    help="Trials that are drawn at once; at least as many as workers.",
)
@click.option(
    "--storage",
    metavar="URL|FILE",
    help="Where trials are kept: postgresql://..., mysql://..., redis://..., "
    "sqlite:///..., a journal's file [one in the output folder].",
)
@click.option("--study", metavar="NAME", help="The search's name there [MODEL-BOARD].")
@click.option(
    "--heartbeat",
    metavar="SECONDS",
    type=click.FloatRange(0.1, 3600),
    default=15.0,
    show_default=True,
    help="How often workers tell that they are alive; a trial is "
    "taken from one that is silent for four times as long.",
)
@output_option
@json_option
def command(
    model: Path,
    board_name: str,
    trials: int,
    max_flash: int | None,
    max_ram: int | None,
    max_instructions: int | None,
    epochs: int | None,
    count: int | None,
    seed: int,
    jobs: int | None,
    size: int,
    storage: str | None,
    study: str | None,
    heartbeat: float,
    output: Path,
    as_json: bool,
) -> None:
    """Search for the best models of MODEL (a model folder) that fit a board.

    Its recipe's [search] table says what may vary. Each trial trains, converts, emits, builds,
    simulates and proves; what breaks a bound is left out before it trains. Ends with those that no
    other one beats. Called again, it goes on where it was.
    """
    from mcuforge.emit import c_names
    from mcuforge.search import coordinator, document, importance, result, storages, task
    from mcuforge.search.figures import Budgets
    from mcuforge.search.front_table import choices_table, figures_table
    from mcuforge.search.ledger import Ledger

    storages.require()
    asked = task.asked(
        model, boards.load(board_name), Budgets(max_flash, max_ram, max_instructions),
        epochs=epochs, seed=seed, size=size, count=count, beat_seconds=heartbeat,
    )  # fmt: skip
    name = study or f"{asked.recipe.name}-{asked.board.name}"
    folder = output / "tune" / c_names.identifier(name)
    address = storage or str(folder / "journal.log")
    ledger = Ledger.begin(address, name, asked.settings())
    words = [
        "tune-worker",
        str(model),
        "--storage",
        address,
        "--study",
        name,
        "--board",
        board_name,
    ]
    workers = coordinator.Workers(
        os.cpu_count() or 1 if jobs is None else jobs, [*words, "-o", str(output)], folder
    )
    with stages(f"{asked.recipe.name} on {asked.board.name}") as on_stage:
        try:
            on_stage("options", 0, 0)
            asked.check_options()
            coordinator.run(
                ledger, asked, trials, workers,
                lambda records: on_stage("trials", sum(e.is_over for e in records), trials),
            )  # fmt: skip
        finally:
            workers.end()
    found = result.of(ledger)
    weights = importance.of_choices(asked.search, found.objectives, found.records)
    text = document.as_json(found, weights, folder)
    atomic.write_bytes(folder / document.NAME, text.encode())
    if as_json:
        write(text)
        return
    result_console.print(figures_table(found))
    result_console.print(choices_table(found))
    echo(f"Written: {folder / document.NAME}")
