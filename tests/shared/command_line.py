"""Runs the command as a user does, in this process: quick, and with the real entry point."""

from __future__ import annotations

import contextlib
import io
from dataclasses import dataclass
from pathlib import Path

import json_documents
import pytest

from mcuforge import cli


@dataclass(frozen=True)
class Outcome:
    """Exit code and both streams of a command."""

    code: int
    stdout: str
    stderr: str

    def refused(self, code: int, *parts: str) -> None:
        """Assert one message on stderr that holds all parts, the code, and no traceback."""
        assert self.code == code, self
        assert "Traceback" not in self.stderr and "internal error" not in self.stderr, self
        for part in parts:
            assert part in self.stderr, self.stderr


def mcuforge(*arguments: str | Path) -> Outcome:
    """Run the command; results, messages and exit code are those of the real one.

    A JSON document is held against its schema.
    """
    stdout, stderr = io.StringIO(), io.StringIO()
    with (
        contextlib.redirect_stdout(stdout),
        contextlib.redirect_stderr(stderr),
        pytest.raises(SystemExit) as ended,
    ):
        cli.main([str(a) for a in arguments])
    if "--json" in map(str, arguments):
        json_documents.checked(stdout.getvalue())
    return Outcome(int(str(ended.value.code)), stdout.getvalue(), stderr.getvalue())
