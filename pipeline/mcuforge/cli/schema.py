"""`mcuforge schema`."""

from __future__ import annotations

import click

from mcuforge import recipe, typed_toml

_KINDS = {"recipe": (recipe.RecipeFile, "A model's recipe for mcuforge (recipe.toml)")}


@click.command()
@click.argument("kind", type=click.Choice(tuple(_KINDS)))
def command(kind: str) -> None:
    """Print the JSON schema of a kind of TOML file, with which editors check and complete it.

    docs/your-own-model.md says how an editor finds it.
    """
    click.echo(text(kind), nl=False)


def text(kind: str) -> str:
    """The schema as JSON text."""
    table, title = _KINDS[kind]
    return typed_toml.schema(table, title)
