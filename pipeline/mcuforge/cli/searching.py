"""What `tune` and `sweep` share: where trials are kept, and how many are made at a time."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from mcuforge.cli.consoles import note
from mcuforge.cli.progress import stages

if TYPE_CHECKING:
    from mcuforge.search.coordinator import Draw
    from mcuforge.search.ledger import Ledger

F = TypeVar("F", bound=Callable[..., Any])
_MOST_JOBS = 1024
_OPTIONS = (
    click.option(
        "--jobs", metavar="N", type=click.IntRange(0, _MOST_JOBS),
        help="Trials at a time on this computer; 0: leave all to tune-worker [one a core].",
    ),
    click.option(
        "--storage", metavar="URL|FILE",
        help="Where trials are kept: postgresql://..., mysql://..., redis://..., sqlite:///..., "
        "or a journal's file [one in the output folder].",
    ),
    click.option(
        "--heartbeat", metavar="SECONDS", type=click.FloatRange(0.1, 3600), default=15.0,
        show_default=True,
        help="How often workers tell that they are alive. One that is silent for four times as "
        "long loses its trial to another.",
    ),
)  # fmt: skip


def searching_options(function: F) -> F:
    """`--jobs`, `--storage` and `--heartbeat`."""
    for option in reversed(_OPTIONS):
        function = option(function)
    return function


def folder_of(output: Path, study: str) -> Path:
    """Where trials leave their files."""
    from mcuforge.emit import c_names

    return output / "tune" / c_names.identifier(study)


def address_of(storage: str | None, folder: Path) -> str:
    """Where trials are kept."""
    return storage or str(folder / "journal.log")


def see_to(
    ledger: Ledger,
    draw: Draw,
    total: int,
    beat_seconds: float,
    jobs: int | None,
    words: list[str],
    folder: Path,
    title: str,
) -> None:
    """Have so many trials made, by workers that `tune-worker` with these words starts."""
    from mcuforge.search import coordinator

    count = (os.cpu_count() or 1) if jobs is None else jobs
    command = ["tune-worker", *words, "--storage", ledger.address, "--study", ledger.name]
    workers = coordinator.Workers(count, command, folder)
    with stages(title) as on_stage:
        try:
            coordinator.run(
                ledger, draw, total, beat_seconds, workers,
                lambda done, of: on_stage("trials", done, of),
            )  # fmt: skip
        except KeyboardInterrupt:
            note("The same command goes on with what is left.")
            raise
        finally:
            workers.end(ledger)
