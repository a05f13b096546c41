"""`mcuforge schema`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, get_args, get_type_hints

import click

from mcuforge.cli.consoles import write
from mcuforge.documents import schemas
from mcuforge.files import typed_toml

_FILES = ("recipe", "board")
KINDS = (*_FILES, *schemas.TYPES)


@click.command()
@click.argument("kind", type=click.Choice(KINDS), metavar="KIND")
def command(kind: str) -> None:
    """Print the JSON schema of a kind of TOML file, or of what a command prints with --json.

    \b
    recipe, board   with which editors check and complete the files
    run, bench ...  by the command; parity prints the document of run
    error           of a command that fails before it has a result

    docs/how-to/your-own-model.md says how an editor finds it, docs/reference/scripts.md what the
    documents share.
    """
    write(text(kind))


def text(kind: str) -> str:
    """The schema as JSON text."""
    make: dict[str, Callable[[], str]] = {"recipe": _recipe, "board": _board}
    return make[kind]() if kind in make else _document(kind)


def _recipe() -> str:
    from mcuforge import recipe

    content = typed_toml.schema(recipe.RecipeFile)
    return typed_toml.schema_text(content, "A model's recipe for mcuforge (recipe.toml)")


def _board() -> str:
    from mcuforge.boards import schema

    content: dict[str, Any] = schema.schema()
    return typed_toml.schema_text(content, "A board for mcuforge")


def _document(kind: str) -> str:
    version, _ = schemas.TYPES[kind]
    details = _details() if kind == "run" else None
    title = f"{version}: what mcuforge {kind} prints with --json"
    if kind == "error":
        title = f"{version}: what a command of mcuforge that fails prints with --json"
    return typed_toml.schema_text(schemas.of(kind, details), title)


def _details() -> Mapping[str, type]:
    """The types of what the sections of a run's page keep, by the sections' ids."""
    from mcuforge.report import sections

    found = {}
    for module in sections.MODULES:
        if hasattr(module, "collect"):
            given = get_type_hints(module.collect)["return"]
            (found[module.ID],) = [t for t in get_args(given) or (given,) if t is not type(None)]
    return found
