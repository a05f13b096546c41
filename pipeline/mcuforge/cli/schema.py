"""`mcuforge schema`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click

from mcuforge.cli.consoles import write
from mcuforge.files import typed_toml

_KINDS = ("recipe", "board")


@click.command()
@click.argument("kind", type=click.Choice(_KINDS))
def command(kind: str) -> None:
    """Print the JSON schema of a kind of TOML file, with which editors check and complete it.

    docs/how-to/your-own-model.md says how an editor finds it.
    """
    write(text(kind))


def text(kind: str) -> str:
    """The schema as JSON text."""
    make: dict[str, Callable[[], str]] = {"recipe": _recipe, "board": _board}
    return make[kind]()


def _recipe() -> str:
    from mcuforge import recipe

    content = typed_toml.schema(recipe.RecipeFile)
    return typed_toml.schema_text(content, "A model's recipe for mcuforge (recipe.toml)")


def _board() -> str:
    from mcuforge.boards import schema

    content: dict[str, Any] = schema.schema()
    return typed_toml.schema_text(content, "A board for mcuforge")
