"""`--quiet`, an option of every command but those that print for programs alone."""

from __future__ import annotations

import click

from mcuforge.cli.consoles import hush

WITHOUT = ("monitor", "schema")


def _hush(context: click.Context, _option: click.Parameter, wanted: bool) -> None:
    if wanted:
        hush(context)


OPTION = click.Option(
    ["-q", "--quiet"], is_flag=True, is_eager=True, expose_value=False, callback=_hush,
    help="Print only warnings and errors, on stderr.",
)  # fmt: skip


def with_quiet(command: click.Command) -> click.Command:
    """The command, which then takes `--quiet`."""
    if OPTION not in command.params:
        command.params.append(OPTION)
    return command
