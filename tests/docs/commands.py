"""The commands in shell text, and whether `mcuforge` would take them."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator

import click

from mcuforge.cli import cli

_HEREDOC = re.compile(r"<<-?\s*(['\"]?)(\w+)\1([^\n]*)\n.*?^\s*\2\s*$", re.DOTALL | re.MULTILINE)
_SEPARATORS = set("();&|")
_ASSIGNMENT = re.compile(r"\w+=")
_PLACEHOLDER = re.compile(r"[A-Z][A-Z0-9_:./-]*|.*(\.\.\.|…|<|\$).*")


def commands(text: str) -> Iterator[list[str]]:
    """The words of each command: `A=b mcuforge x | head >f` gives `mcuforge x` and `head`."""
    text = _HEREDOC.sub(r"\3", text).replace("\\\n", " ")
    for line in text.splitlines():
        words: list[str] = []
        redirected = False
        lexer = shlex.shlex(line, posix=True, punctuation_chars=True)
        lexer.whitespace_split = True
        for word in lexer:
            if set(word) <= _SEPARATORS:
                yield from _whole(words)
                words = []
            elif word[0] in "<>":
                redirected = True
                if words and words[-1].isdigit():
                    words.pop()
            elif redirected:
                redirected = False
            else:
                words.append(word)
        yield from _whole(words)


def _whole(words: list[str]) -> Iterator[list[str]]:
    while words and (_ASSIGNMENT.match(words[0]) or words[0] in {"then", "do", "else", "if", "!"}):
        words = words[1:]
    if words:
        yield words


def ours(text: str) -> Iterator[list[str]]:
    """What `mcuforge` is given in shell text, without its name."""
    for words in commands(text):
        if words[0].rpartition("/")[2] == "mcuforge":
            yield words[1:]


def refusal(words: list[str], *, whole: bool) -> str | None:
    """What `mcuforge` would say to its arguments, without doing anything; None where it takes them.

    `whole`: arguments that a command needs must be there, as in a block, but not in a phrase.
    """
    context = click.Context(cli, info_name="mcuforge")
    words = [word for word in words if word not in {"--debug", "...", "…", "-h", "--help"}]
    try:
        rest = cli.make_parser(context).parse_args(words)[1]
        if not rest:
            return None
        command = cli.get_command(context, rest[0])
        if command is None:
            return f"no such command: {rest[0]}"
        return _refused(command, click.Context(command, context, rest[0]), rest[1:], whole=whole)
    except click.UsageError as error:
        return error.format_message()


def _refused(
    command: click.Command, context: click.Context, words: list[str], *, whole: bool
) -> str | None:
    values, rest, _ = command.make_parser(context).parse_args(words)
    if rest:
        return f"unexpected: {rest}"
    for parameter in command.get_params(context):
        given = values.get(parameter.name)
        missing = not isinstance(given, (str, tuple, list)) or given in ((), [])
        if isinstance(parameter, click.Argument):
            if whole and parameter.required and missing:
                return f"it needs {parameter.human_readable_name}"
            continue
        if missing or isinstance(parameter.type, (click.Path, click.File)):
            continue
        for value in [given] if isinstance(given, str) else given:
            if isinstance(value, str) and not _PLACEHOLDER.fullmatch(value):
                parameter.type.convert(value, parameter, context)
    return None


def options() -> set[str]:
    """Every option of every command."""
    context = click.Context(cli)
    found = {name for parameter in cli.get_params(context) for name in parameter.opts}
    for name in cli.list_commands(context):
        command = cli.get_command(context, name)
        assert command is not None
        for parameter in command.get_params(context):
            found |= {*parameter.opts, *parameter.secondary_opts}
    return found
