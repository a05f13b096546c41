"""Progress on stderr, while a stage works.

Stages follow each other, so a stage takes the time since the last one ended, whenever it is first
heard of. At a terminal there is always something that moves; elsewhere a line tells what takes more
than a second, and another every half minute.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.progress import (
    BarColumn,
    Progress,
    ProgressColumn,
    SpinnerColumn,
    Task,
    TextColumn,
    TimeElapsedColumn,
)
from rich.text import Text

from mcuforge.cli.consoles import is_quiet, progress_console

OnProgress = Callable[[int, int], None]
OnStage = Callable[[str, int, int], None]
_BETWEEN = "working"
_FIRST_SECONDS = 1.0
_AGAIN_SECONDS = 30.0
_POLL_SECONDS = 0.2
_SHOWN: list[_Bars | _Lines] = []  # what `stages` shows now


@contextmanager
def progress(label: str) -> Iterator[OnProgress]:
    """A bar named `label`; the yielded function moves it to (done, total)."""
    with stages() as on_stage:
        on_stage(label, 0, 0)
        yield lambda done, total: on_stage(label, done, total)


@contextmanager
def stages(title: str | None = None) -> Iterator[OnStage]:
    """A bar for each stage; the yielded function moves a stage's bar to (stage, done, total).

    A total of 0 says that the stage has begun, and that its size is not known yet. When a stage is
    complete, a line stays. With `--quiet` nothing is shown.
    """
    if is_quiet():
        yield lambda *_: None
        return
    if title:
        progress_console.print(title, style="bold", highlight=False)
    shown = _Bars() if progress_console.is_terminal else _Lines()
    with shown:
        _SHOWN.append(shown)
        try:
            yield _Stages(shown)
        finally:
            _SHOWN.remove(shown)


@contextmanager
def hidden() -> Iterator[None]:
    """No bar moves while somebody is asked."""
    bars = [shown for shown in _SHOWN if isinstance(shown, _Bars)]
    for bar in bars:
        bar.__exit__()
    try:
        yield
    finally:
        for bar in bars:
            bar.__enter__()


class _Stages:
    """Which stage is at work, and since when."""

    def __init__(self, shown: _Bars | _Lines) -> None:
        self._shown = shown
        self._finished: set[str] = set()
        self._since = time.monotonic()
        shown.show(_BETWEEN, 0, 0)

    def __call__(self, stage: str, done: int, total: int) -> None:
        """Follow a stage; one that is done a second time gets no second line."""
        if done < total or total == 0:
            self._shown.show(stage, done, total)
            return
        if stage in self._finished:
            self._shown.show(_BETWEEN, 0, 0)
            return
        now = time.monotonic()
        self._finished.add(stage)
        self._shown.show(_BETWEEN, 0, 0)
        progress_console.print(
            f"  {stage:<10} {done} done in {now - self._since:.1f} s", highlight=False
        )
        self._since = now


class _Bars:
    """One bar at a terminal, of the stage that is at work."""

    def __init__(self) -> None:
        self._progress = Progress(
            SpinnerColumn(),
            TextColumn("{task.description:<12}", markup=False),
            BarColumn(),
            _Count(),
            TimeElapsedColumn(),
            console=progress_console,
            transient=True,
        )
        self._stage = _BETWEEN
        self._task = self._progress.add_task(_BETWEEN, total=None)

    def __enter__(self) -> None:
        self._progress.start()

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def show(self, stage: str, done: int, total: int) -> None:
        """The stage that is at work, and how far it is."""
        if stage != self._stage and _BETWEEN not in (stage, self._stage):
            self._progress.reset(self._task)
        self._stage = stage
        self._progress.update(self._task, description=stage, completed=done, total=total or None)


class _Count(ProgressColumn):
    """`3/100`; nothing while the size is not known."""

    def render(self, task: Task) -> Text:
        """The text of a task."""
        return Text("" if task.total is None else f"{task.completed:.0f}/{task.total:.0f}")


class _Lines:
    """Lines in a file or a pipe: a thread tells what takes long."""

    def __init__(self) -> None:
        self._now = (_BETWEEN, 0, 0)
        self._since = time.monotonic()
        self._told_at: float | None = None
        self._end = threading.Event()
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        self._end.set()
        self._thread.join()

    def show(self, stage: str, done: int, total: int) -> None:
        """The stage that is at work, and how far it is."""
        with self._lock:
            if stage == _BETWEEN:  # the one before has ended
                self._since, self._told_at = time.monotonic(), None
            self._now = (stage, done, total)

    def _watch(self) -> None:
        while not self._end.wait(_POLL_SECONDS):
            with self._lock:
                line = self._line(time.monotonic())
            if line:
                progress_console.print(line, highlight=False)

    def _line(self, now: float) -> str | None:
        """What to tell now, if anything."""
        due = self._since + _FIRST_SECONDS
        if self._told_at is not None:
            due = self._told_at + _AGAIN_SECONDS
        if now < due:
            return None
        first, self._told_at = self._told_at is None, now
        stage, done, total = self._now
        count = f" {done} of {total}," if total else ""
        return f"  {stage:<10} ..." + ("" if first else f"{count} {now - self._since:.0f} s")
