"""Progress on stderr, while a stage works."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
)

from mcuforge.cli.consoles import progress_console

OnProgress = Callable[[int, int], None]
OnStage = Callable[[str, int, int], None]
_COLUMNS = (
    TextColumn("{task.description:<12}"),
    BarColumn(),
    MofNCompleteColumn(),
    TimeElapsedColumn(),
)


@contextmanager
def progress(label: str) -> Iterator[OnProgress]:
    """A bar named `label`; the yielded function moves it to (done, total)."""
    with stages() as on_stage:
        yield lambda done, total: on_stage(label, done, total)


@contextmanager
def stages(title: str | None = None) -> Iterator[OnStage]:
    """A bar for each stage; the yielded function moves a stage's bar to (stage, done, total).

    Where stderr is no terminal, a line is printed when a stage is complete.
    """
    if title:
        progress_console.print(title, style="bold", markup=False, highlight=False)
    with Progress(*_COLUMNS, console=progress_console, transient=True) as bars:
        tasks: dict[str, TaskID] = {}

        def on_stage(stage: str, done: int, total: int) -> None:
            if stage not in tasks:
                tasks[stage] = bars.add_task(stage, total=total)
            bars.update(tasks[stage], completed=done, total=total)
            if done == total:
                _finished(bars, tasks[stage])

        yield on_stage


def _finished(bars: Progress, task: TaskID) -> None:
    """Keep a finished stage as a line, since the bars vanish at the end."""
    stage = bars.tasks[bars.task_ids.index(task)]
    if stage.fields.get("reported"):
        return
    bars.update(task, reported=True, visible=False)
    bars.console.print(
        f"  {stage.description:<10} {stage.completed:.0f} done in {stage.elapsed or 0:.1f} s",
        highlight=False,
    )
