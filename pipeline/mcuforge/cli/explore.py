"""`mcuforge explore`."""

from __future__ import annotations

import os
from pathlib import Path

import click

from mcuforge import boards, recipe
from mcuforge.cli.arguments import INPUT_MODEL
from mcuforge.cli.common import (
    board_option,
    borders_of,
    force_option,
    json_option,
    max_ram_option,
    memory_option,
    output_option,
    ram_choice,
    rows_options,
)
from mcuforge.cli.consoles import echo, result_console, write
from mcuforge.cli.progress import stages
from mcuforge.errors import UsageError
from mcuforge.files import json_text
from mcuforge.model_files.kind import CONVERTIBLE, Kind, recognise, refusal
from mcuforge.report import results
from mcuforge.wording.tables import Table

_DOCUMENT = "explore.json"


@click.command()
@click.argument("model", type=INPUT_MODEL)
@board_option
@output_option
@memory_option
@max_ram_option
@rows_options
@force_option
@json_option
def command(
    model: Path,
    board_name: str,
    output: Path,
    memory: str | None,
    max_ram: int | None,
    input_as: str | None,
    output_as: str | None,
    force: bool,
    as_json: bool,
) -> None:
    """Show the latent space of MODEL, the folder of a decoder such as models/vae.

    Where held-out samples lie (PCA, t-SNE) in float and int8, and what the decoder makes of points
    that a simulated board computes itself: reconstructions, interpolations, new samples. Writes
    PNG files, and a page of the site report/, to the output folder.
    """
    from mcuforge.files import atomic
    from mcuforge.report import site
    from mcuforge.studies.explore import exploration, page

    kind = recognise(model)
    if kind is Kind.TFLITE or kind in CONVERTIBLE:
        raise UsageError(f"{model} is {kind.value}; explore needs a model folder with an encoder.")
    if kind is not Kind.RECIPE:
        raise refusal(model, kind)
    page.require_matplotlib()
    folder = output / f"{Path(os.path.realpath(model)).name}-explore"
    results.check(*(folder / name for name in (_DOCUMENT, *page.FILES)), force=force)
    site.check(output, force=force)
    loaded = recipe.load(model)
    memory, max_ram = ram_choice(loaded, memory, max_ram)
    with stages(str(model)) as on_stage:
        found = exploration.explore(
            loaded, boards.load(board_name), output, on_stage,
            memory=memory, max_ram=max_ram,
            borders=borders_of(input_as, output_as, loaded), force=force,
        )  # fmt: skip
    drawn = page.draw(found)
    for picture in drawn:
        atomic.write_bytes(folder / picture.name, picture.png)
    content = json_text.dumps(page.as_json(found))
    atomic.write_bytes(folder / _DOCUMENT, content.encode())
    index = site.publish(output, [page.page(found, drawn)], force=force)
    if as_json:
        write(content)
        return
    table = Table("", title=f"{found.model}: {len(found.labels)} held-out samples")
    table.add_column("float", justify="right")
    table.add_column("int8", justify="right")
    for row in page.rows(found):
        table.add_row(*row)
    result_console.print(table)
    echo(
        f"{found.bytes_compared:,} bytes generated on {found.board} equal TFLM's. "
        f"Written: {folder}, {index}"
    )
