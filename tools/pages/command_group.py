"""The commands as mkdocs-click wants them: with the names that they are called by.

The program's own group imports a command when it is called, by a name that the command lacks.
"""

from __future__ import annotations

import copy

import click

from mcuforge.cli import cli


def _named(command: click.Command, name: str) -> click.Command:
    """The same command, with its name, and no default where it has none."""
    named = copy.copy(command)
    named.name = name
    named.add_help_option = False  # the same of every command
    named.params = [_with_default(parameter) for parameter in command.params]
    return named


def _with_default(parameter: click.Parameter) -> click.Parameter:
    """The same parameter, without the value that click has for "no default"."""
    shown = copy.copy(parameter)
    shown.default = parameter.to_info_dict()["default"]
    if isinstance(shown.default, bool) or callable(shown.default):
        shown.default = None
    return shown


_CONTEXT = click.Context(cli)
GROUP = click.Group(
    "mcuforge",
    params=[_with_default(parameter) for parameter in cli.params],
    help=cli.help,
    add_help_option=False,
    context_settings=cli.context_settings,
    commands={
        name: _named(command, name)
        for name in cli.list_commands(_CONTEXT)
        if (command := cli.get_command(_CONTEXT, name))
    },
)
