"""Where text goes: results to stdout, progress and messages to stderr, so that one can be piped.

With `--quiet` only warnings, errors and what is for programs are left: `warn`, `write`, and what
`echo` prints on stderr.

All that commands print goes through here, and nothing in it can steer a terminal: file names, names
in models and what devices and other programs say may hold escape sequences.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import Any

import click
from rich.console import Console, ConsoleDimensions, ConsoleOptions, RenderableType
from rich.segment import Segment

from mcuforge.wording.escape import terminal

_UNBOUNDED = 100_000  # columns: a file or a pipe has no edge to fold at
_LINES = 25
_QUIET = "mcuforge.quiet"  # in the context's meta, which ends with the command


def hush(context: click.Context) -> None:
    """Let the command of a context print no more than `--quiet` leaves."""
    context.meta[_QUIET] = True


def is_quiet() -> bool:
    """True in a command that was called with `--quiet`."""
    context = click.get_current_context(silent=True)
    return context is not None and _QUIET in context.meta


def echo(text: str, *, err: bool = False, nl: bool = True) -> None:
    """Print a result in words on stdout; or on stderr what must be read, `--quiet` or not."""
    if err or not is_quiet():
        click.echo(terminal(text), err=err, nl=nl)


def note(text: str) -> None:
    """Print on stderr what is good to know."""
    if not is_quiet():
        echo(text, err=True)


def warn(text: str) -> None:
    """Print a warning on stderr."""
    echo(f"Warning: {text}", err=True)


def write(text: str) -> None:
    """Print on stdout what is for programs: a JSON document, a schema, a device's text."""
    click.echo(terminal(text), nl=False)


class _Console(Console):
    """As wide as the terminal, or as COLUMNS says; without either as wide as what it shows."""

    def print(self, *objects: Any, **options: Any) -> None:
        """As rich's, but nothing with `--quiet`."""
        if not is_quiet():
            super().print(*objects, **options)

    def render(
        self, renderable: RenderableType, options: ConsoleOptions | None = None
    ) -> Iterable[Segment]:
        """What is shown of anything, down to the cells of tables; the colours are rich's own."""
        for segment in super().render(renderable, options):
            text = segment.text if segment.control else terminal(segment.text)
            yield Segment(text, segment.style, segment.control)

    @property
    def size(self) -> ConsoleDimensions:
        """Columns and lines, asked for anew each time: a terminal's window may change."""
        if self.is_terminal:
            return super().size
        asked = os.environ.get("COLUMNS", "")
        return ConsoleDimensions(int(asked) if asked.isdigit() else _UNBOUNDED, _LINES)

    @size.setter
    def size(self, new_size: tuple[int, int]) -> None:
        raise NotImplementedError


# Without markup and emoji: `[red]` and `:bell:` in a name are a name.
progress_console = _Console(stderr=True, markup=False, emoji=False)
result_console = _Console(markup=False, emoji=False)
