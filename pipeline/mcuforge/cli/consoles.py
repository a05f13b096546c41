"""Where text goes: results to stdout, progress and messages to stderr, so that one can be piped.

All that commands print goes through here, and nothing in it can steer a terminal: file names, names
in models and what devices and other programs say may hold escape sequences.
"""

from __future__ import annotations

import os
from collections.abc import Iterable

import click
from rich.console import Console, ConsoleDimensions, ConsoleOptions, RenderableType
from rich.segment import Segment

from mcuforge.wording.escape import terminal

_UNBOUNDED = 1000  # columns: a file or a pipe has no edge to fold at
_LINES = 25


def echo(text: str, *, err: bool = False, nl: bool = True) -> None:
    """Print text on stdout, or on stderr."""
    click.echo(terminal(text), err=err, nl=nl)


class _Console(Console):
    """As wide as the terminal, or as COLUMNS says; without either as wide as what it shows."""

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
