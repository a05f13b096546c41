"""`--junit` and `--markdown`: what a command found, for those who look at a CI job."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import Any, TypeVar

import click

from mcuforge.documents.run import RunDocument
from mcuforge.errors import ForgeError
from mcuforge.files import atomic

F = TypeVar("F", bound=Callable[..., Any])


@dataclass(frozen=True)
class Summaries:
    """The files that are asked for."""

    junit: Path | None = None
    markdown: Path | None = None

    def write(
        self,
        document: RunDocument,
        baselines: Sequence[RunDocument | None] = (),
        problems: Sequence[str] = (),
    ) -> None:
        """Write what a run found; `baselines` belong to its reports, `problems` are all else."""
        from mcuforge.report import junit, markdown

        self._write(
            lambda: junit.of_run(document, problems),
            lambda: markdown.of_run(document, baselines, problems),
        )

    @contextmanager
    def of_errors(self, what: str) -> Iterator[None]:
        """Write the error that ends the block, so that a CI job shows more than an exit code."""
        try:
            yield
        except ForgeError as error:
            from mcuforge.report import junit, markdown

            message = error.message
            self._write(
                lambda: junit.of_error(what, message), lambda: markdown.of_error(what, message)
            )
            raise

    def _write(self, junit: Callable[[], str], markdown: Callable[[], str]) -> None:
        made = {self.junit: junit, self.markdown: markdown}
        atomic.write_all({path: make().encode() for path, make in made.items() if path})


NONE = Summaries()


def summary_options(function: F) -> F:
    """`--junit` and `--markdown`, given to the command as one, `summaries`."""

    @wraps(function)
    def collecting(
        *arguments: Any, junit: Path | None, markdown: Path | None, **options: Any
    ) -> Any:
        return function(*arguments, summaries=Summaries(junit, markdown), **options)

    file = click.Path(path_type=Path, dir_okay=False)
    as_junit = click.option(
        "--junit", type=file, metavar="FILE",
        help="Write JUnit XML, too: a test case for each model's parity and each gate.",
    )  # fmt: skip
    as_markdown = click.option(
        "--markdown", type=file, metavar="FILE",
        help="Write a summary in Markdown, too, for a pull request or a job's page.",
    )  # fmt: skip
    return as_junit(as_markdown(collecting))  # type: ignore[return-value]
