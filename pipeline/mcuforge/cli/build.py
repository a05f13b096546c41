"""`mcuforge build`."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import click

from mcuforge import build
from mcuforge.boards import Board
from mcuforge.build import BuildResult, map_digest, toolchains
from mcuforge.build.firmware_size import Section
from mcuforge.build.map_digest import Contribution
from mcuforge.cli.arguments import PROJECT, find_project
from mcuforge.cli.common import echo_document, json_option, served_option
from mcuforge.cli.consoles import echo, result_console
from mcuforge.cli.progress import progress
from mcuforge.documents.firmware import BUILD
from mcuforge.emit import project
from mcuforge.errors import UsageError
from mcuforge.files import locks
from mcuforge.wording.tables import Table

_SHOWN = 12


@click.command()
@click.argument("folder", type=PROJECT)
@click.option(
    "--toolchain", type=click.Choice(tuple(toolchains.TOOLCHAINS)),
    help="The compiler [gcc]. zig: from a Python package, the extra `zig`.",
)  # fmt: skip
@click.option(
    "--preset", metavar="|".join((*toolchains.VARIANTS, "NAME")),
    help="What to build for [release], or the name of a CMake preset of the project.",
)  # fmt: skip
@click.option("--map", "whole_map", is_flag=True, help="Show every object, not only the largest.")
@served_option
@json_option
def command(
    folder: Path,
    toolchain: str | None,
    preset: str | None,
    whole_map: bool,
    model: str | None,
    as_json: bool,
) -> None:
    """Build the firmware project in FOLDER with CMake and Ninja."""
    folder = find_project(folder)
    described = project.load_cmake(folder)
    served = project.served(described, model)
    name = _preset(project.board(described), preset, toolchain)
    with locks.writing(folder), progress("building") as on_progress:
        result = build.build(folder, name, on_progress, served)
    made = (result.elf, result.hex, result.bin, result.uf2, result.map)
    files = [path for path in made if path is not None]
    digest = _digest(result)
    if as_json:
        echo_document(
            BUILD,
            {
                "preset": name,
                "files": [str(p) for p in files],
                "sizes": asdict(result.sizes),
                "digest": [asdict(c) for c in digest],
            },
        )
        return
    if digest:
        result_console.print(_table(result, digest, len(digest) if whole_map else _SHOWN))
    for path in files:
        echo(f"{path}: {path.stat().st_size:,} bytes")
    if result.map is not None:
        sizes = result.sizes
        echo(
            f"Flash {sizes.flash:,} B (code {sizes.text:,}, constants {sizes.constants:,}), "
            f"RAM {sizes.ram:,} B (stack {sizes.stack:,})."
        )


def _preset(board: Board, preset: str | None, toolchain: str | None) -> str:
    """The name of a CMake preset."""
    if preset is not None and preset not in toolchains.VARIANTS:
        if toolchain is not None:
            raise UsageError(
                f"--preset {preset} names a CMake preset, which has its toolchain: leave out "
                f"--toolchain, or choose from: {', '.join(toolchains.VARIANTS)}."
            )
        return preset
    if board.is_host:
        if toolchain is not None or preset is not None:
            raise UsageError("A project for this computer has the presets host and host-asan only.")
        return "host"
    return toolchains.preset_name(
        board.name, preset or toolchains.DEFAULT_VARIANT, toolchain or toolchains.GCC.name
    )


def _digest(result: BuildResult) -> tuple[Contribution, ...]:
    return map_digest.digest(result.map, result.sizes.sections) if result.map else ()


def _table(result: BuildResult, digest: tuple[Contribution, ...], count: int) -> Table:
    """The largest contributions."""
    sections = {s.name: s for s in result.sizes.sections}
    table = Table(box=None, pad_edge=False)
    for heading in ("section", "object"):
        table.add_column(heading, overflow="fold")
    for heading in ("flash", "RAM"):
        table.add_column(heading, justify="right")
    ordered = sorted(digest, key=lambda c: -c.bytes)
    for c in ordered[:count]:
        table.add_row(c.section, c.object, *_memories(sections[c.section], c.bytes))
    rest = ordered[count:]
    if rest:
        flash = sum(c.bytes for c in rest if sections[c.section].in_flash)
        ram = sum(c.bytes for c in rest if sections[c.section].in_ram)
        table.add_row("", f"({len(rest)} smaller: --map)", f"{flash:,}", f"{ram:,}")
    return table


def _memories(section: Section, count: int) -> tuple[str, str]:
    """The bytes in the columns of flash and RAM: initial values of data need both."""
    size = f"{count:,}"
    return size if section.in_flash else "", size if section.in_ram else ""
