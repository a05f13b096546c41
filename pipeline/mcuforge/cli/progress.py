"""Progress on stderr, while a stage works."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from mcuforge.cli.common import progress_console

OnProgress = Callable[[int, int], None]


@contextmanager
def progress(label: str) -> Iterator[OnProgress]:
    """A bar named `label`; the yielded function moves it to (done, total)."""
    columns = (
        TextColumn("{task.description:<12}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=progress_console, transient=True) as bars:
        task = bars.add_task(label, total=None)
        yield lambda done, total: bars.update(task, completed=done, total=total)
