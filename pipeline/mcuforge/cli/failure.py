"""How a command fails: a message for people, an object for scripts, an exit code.

With `--json` stdout holds one JSON document whatever happens. That of a failure has the key
`error`:

    {"mcuforge": "0.1.0", "schema": "error/1",
     "error": {"version": 1, "kind": "usage", "exit_code": 2, "message": "...", "problems": [...]}}

`problems` holds the single problems where the message lists several. What the command found
nevertheless, such as the report of a parity that does not hold, stands beside `error`, in a
document of its own schema.
"""

from __future__ import annotations

import os
import signal
import sys
import traceback
from io import StringIO
from typing import Any

import click

from mcuforge import documents
from mcuforge.cli import streams
from mcuforge.cli.consoles import echo, write
from mcuforge.cli.termination import signal_behind
from mcuforge.errors import ForgeError
from mcuforge.files import json_text

_BY_SIGNAL = 128  # and the signal's number: as shells have it
_SURROUNDINGS = (OSError, MemoryError)  # a name too long, a disk taken out: no bug of ours
_NAME_LENGTH = 200  # of a name too long, to be shown
_BUG = "This is a bug in mcuforge. Add --debug to see where it happened."


def report(error: BaseException, *, as_json: bool, debug: bool) -> int:
    """Say what went wrong on stderr, and with `as_json` on stdout; the exit code."""
    try:
        if debug:
            echo("".join(traceback.format_exception(error)), err=True, nl=False)
        _show(error)
    except OSError:
        streams.give_up(sys.stderr)
    try:
        sys.stdout.flush()
        if as_json:
            write(json_text.dumps(document(error)))
    except OSError:  # full, or its reader has gone: perhaps the very error
        streams.give_up(sys.stdout)
    return exit_code(error)


def _show(error: BaseException) -> None:
    if isinstance(error, click.ClickException):
        shown = StringIO()
        error.show(shown)  # with the command's usage, where that was wrong
        echo(shown.getvalue(), err=True, nl=False)
    else:
        echo(_message(error), err=True)


def document(error: BaseException) -> dict[str, Any]:
    """The JSON document of a failed command."""
    from mcuforge.documents import error as described_by

    described: dict[str, Any] = {
        "version": described_by.VERSION,
        "kind": _kind(error),
        "exit_code": exit_code(error),
        "message": _message(error),
        "problems": [_message(error)],
    }
    found: dict[str, Any] = {}
    if isinstance(error, ForgeError):
        described["problems"] = list(error.problems) or described["problems"]
        found = error.result
    return documents.document(described_by.SCHEMA, {**found, "error": described})


def exit_code(error: BaseException) -> int:
    """2: the command was wrong; 1: a check or a step failed; 130: Ctrl-C; 143: SIGTERM."""
    if isinstance(error, click.ClickException):
        return error.exit_code
    return _BY_SIGNAL + signal_behind(error) if _is_interrupt(error) else 1


def _is_interrupt(error: BaseException) -> bool:
    return isinstance(error, click.Abort | KeyboardInterrupt)


def _kind(error: BaseException) -> str:
    if isinstance(error, ForgeError):
        return error.error_kind
    if isinstance(error, click.ClickException):
        return "usage"
    if _is_interrupt(error):
        return "interrupted"
    return "failed" if isinstance(error, _SURROUNDINGS) else "internal"


def _message(error: BaseException) -> str:
    if isinstance(error, click.ClickException):
        return error.format_message()
    if _is_interrupt(error):
        number = signal_behind(error)
        how = "Interrupted" if number == signal.SIGINT else f"Ended by {number.name}"
        return f"{how}: nothing half-written was left behind."
    if isinstance(error, MemoryError):
        return "Error: there is not enough memory for this."
    if isinstance(error, OSError):
        return f"Error: {_place(error)}: {error.strerror or error}."
    return f"Error: internal error: {type(error).__name__}: {error}\n{_BUG}"


def _place(error: OSError) -> str:
    """What could not be read or written; an open stream, most often stdout, has no name."""
    if error.filename is None:
        return "standard output, or an open file"
    name = os.fsdecode(error.filename)
    return name if len(name) <= _NAME_LENGTH else f"{name[:_NAME_LENGTH]}..."
