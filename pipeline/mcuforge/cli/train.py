"""`mcuforge train`."""

from __future__ import annotations

from pathlib import Path

import click

from mcuforge import recipe
from mcuforge.cli.arguments import INPUT_MODEL
from mcuforge.cli.common import echo_document, json_option
from mcuforge.cli.consoles import echo
from mcuforge.cli.progress import progress
from mcuforge.documents.models import TRAIN
from mcuforge.errors import UsageError
from mcuforge.files import locks
from mcuforge.model_files.kind import Kind, recognise
from mcuforge.training import train


@click.command()
@click.argument("model", type=INPUT_MODEL)
@click.option("--seed", type=click.IntRange(0, 2**32 - 1), help="Instead of the recipe's.")
@click.option("--epochs", type=click.IntRange(1, 100_000), help="Instead of the recipe's.")
@json_option
def command(model: Path, seed: int | None, epochs: int | None, as_json: bool) -> None:
    """Train MODEL (a model folder) again and write its artefacts.

    The old artefacts stay as they were unless everything succeeded.
    """
    kind = recognise(model)
    if kind not in (Kind.RECIPE, Kind.UNKNOWN, Kind.EMPTY):
        raise UsageError(f"{model}: this is {kind.value}; what is trained is a model folder.")
    loaded = recipe.load(model)
    with locks.writing(loaded.folder), progress("training") as on_progress:
        result = train.run(loaded, on_progress, seed=seed, epochs=epochs)
    if as_json:
        echo_document(
            TRAIN, {"seconds": result.seconds, "written": [str(p) for p in result.written]}
        )
        return
    echo(f"Trained in {result.seconds:.0f} s.")
    for path in result.written:
        echo(f"{path}: {path.stat().st_size:,} bytes")
