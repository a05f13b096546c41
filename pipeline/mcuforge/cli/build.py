"""`mcuforge build`."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import click

from mcuforge import build, project
from mcuforge.cli.common import echo_json, json_option
from mcuforge.cli.progress import progress


@click.command()
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--preset", help="A preset of the project [the board's].")
@json_option
def command(folder: Path, preset: str | None, as_json: bool) -> None:
    """Build the firmware project in FOLDER with CMake and Ninja."""
    described = project.load(folder)
    with progress("building") as on_progress:
        result = build.build(folder, preset or described.board, on_progress)
    files = [p for p in (result.elf, result.hex, result.bin, result.map) if p is not None]
    sizes = result.sizes
    if as_json:
        echo_json({"files": [str(p) for p in files], "sizes": asdict(sizes)})
        return
    for path in files:
        click.echo(f"{path}: {path.stat().st_size:,} bytes")
    if result.map is not None:
        click.echo(
            f"Flash {sizes.flash:,} B (code {sizes.text:,}, constants {sizes.constants:,}), "
            f"RAM {sizes.ram:,} B (stack {sizes.stack:,})."
        )
