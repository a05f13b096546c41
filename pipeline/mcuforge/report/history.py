"""The runs of an output folder: each one's `report.json` is kept in `runs/<n>`, 1, 2, 3, ...

The numbers tell the order; nothing tells the time, so that the same work leaves the same bytes.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from mcuforge.documents import run as documents
from mcuforge.documents.run import RunDocument
from mcuforge.errors import ForgeError, UsageError
from mcuforge.files import atomic
from mcuforge.report import earlier
from mcuforge.report.earlier import DOCUMENT, RUNS

_NUMBER = re.compile(r"[1-9][0-9]{0,8}")
MOST_READ = 200  # the newest runs that are shown; older ones stay on the disk


@dataclass(frozen=True)
class Run:
    """A run that was kept."""

    number: int
    document: RunDocument


def check(output: Path) -> None:
    """Raise `ForgeError` where a run cannot be kept in the output folder."""
    folder = output / RUNS
    if folder.exists() and not folder.is_dir():
        raise ForgeError(
            f"{folder}: is a file, where the folder of earlier runs is needed. Move it away, "
            "choose another place with -o, or add --no-history."
        )


def keep(output: Path, content: bytes) -> int:
    """Keep the `report.json` of a run under the next free number, which is returned.

    The caller holds the output folder. Raises `ForgeError` where it cannot be written.
    """
    number = max(_taken(output), default=0) + 1
    atomic.write_bytes(output / RUNS / str(number) / DOCUMENT, content)
    return number


def _taken(output: Path) -> list[int]:
    """The numbers for which something is there, in no order."""
    folder = output / RUNS
    names = [path.name for path in folder.iterdir()] if folder.is_dir() else []
    return [int(name) for name in names if _NUMBER.fullmatch(name)]


def numbers(output: Path) -> list[int]:
    """The numbers of the runs, ascending."""
    taken = sorted(_taken(output))
    return [n for n in taken if (output / RUNS / str(n) / DOCUMENT).is_file()]


def read(output: Path) -> tuple[list[Run], list[str]]:
    """The newest runs, oldest first, and why others among them cannot be read."""
    runs, problems = [], []
    for number in numbers(output)[-MOST_READ:]:
        try:
            runs.append(Run(number, earlier.load(output / RUNS / str(number) / DOCUMENT)))
        except UsageError as error:
            problems.append(error.message)
    return runs, problems


def key(report: documents.Report) -> tuple[str, str, str]:
    """What a report shares with those that it can be compared with."""
    return report.model, report.board, report.engine


def last_two(runs: Sequence[Run]) -> tuple[Run, Run] | None:
    """The newest run, after the newest of the others that shares a model and board with it."""
    if not runs:
        return None
    *others, newest = runs
    held = {key(report) for report in newest.document.reports}
    for run in reversed(others):
        if held & {key(report) for report in run.document.reports}:
            return run, newest
    return None
