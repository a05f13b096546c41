"""Where text goes: results to stdout, progress and messages to stderr, so that one can be piped."""

from __future__ import annotations

import os

from rich.console import Console, ConsoleDimensions

_UNBOUNDED = 1000  # columns: a file or a pipe has no edge to fold at
_LINES = 25


class _Console(Console):
    """As wide as the terminal, or as COLUMNS says; without either as wide as what it shows."""

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


progress_console = _Console(stderr=True)
result_console = _Console()
