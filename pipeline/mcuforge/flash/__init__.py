"""Writes firmware to a real board, or to anything behind a gdbserver, and reads it back.

Firmware, `Board` -> a board that runs it. Knows nothing of models, nor of the harness.
`flash` is the only entry. Every method gets a `Job` and raises `FlashError` with a kind: what is
worth another try is tried again, everything else is said once, with what to do about it.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from mcuforge.boards import Board
from mcuforge.boards.hardware import METHODS
from mcuforge.errors import UsageError
from mcuforge.flash import gdb, jlink, openocd, pyocd, steps, stm32cubeprog, uf2_drive
from mcuforge.flash.job import Job, OnProgress, Plan
from mcuforge.flash.problems import FlashError, Kind

_ATTEMPTS = 2
_PAUSE_SECONDS = 1.0

_COMMANDS: dict[str, Callable[[Job], Plan]] = {
    "gdb": gdb.plan,
    "openocd": openocd.plan,
    "jlink": jlink.plan,
    "stm32cubeprog": stm32cubeprog.plan,
}


def choose_method(board: Board, method: str | None) -> str:
    """The method to use. Raises `UsageError` where the board's file does not provide for it."""
    if board.is_host:
        raise UsageError(
            "Firmware for this computer is not flashed: run its program `firmware`, "
            "or name a board with --board."
        )
    possible = board.hardware.methods
    if method is None:
        return possible[0]
    if method not in possible:
        raise UsageError(
            f"{board.name} cannot be flashed with {method}: its board file has no "
            f"'flash.{method}'. It can with: {', '.join(possible)}."
        )
    return method


def require(board: Board, method: str, erase: bool) -> None:
    """Look for the tool of a method, so that a missing one is known before anything is built.

    Raises `ToolError` where it is missing, `UsageError` where it cannot erase and is to.
    """
    if method == "pyocd":
        pyocd.load_api()
    elif method in _COMMANDS:
        files = (Path("firmware.elf"), Path("firmware.hex"), Path("firmware.bin"))
        steps.require(_COMMANDS[method](Job(board, *files, start=0, erase=erase)))


def describe(job: Job, method: str) -> list[str]:
    """What `flash` would do, in lines for people; nothing is run, and no probe is looked for."""
    if method == "pyocd":
        return pyocd.describe(job)
    if method == "uf2":
        return uf2_drive.describe(job)
    return _COMMANDS[method](job).describe()


def flash(job: Job, method: str, on_progress: OnProgress) -> None:
    """Write, verify by reading back, and start the firmware.

    `on_progress(done, total)` counts percent, or steps where a tool does not tell more. A lost
    connection is tried once more, except after a mass erase. Raises `FlashError`, and `ToolError`
    where the tool is missing.
    """
    if method not in METHODS:
        raise ValueError(method)
    lost: FlashError | None = None
    for attempt in range(1, _ATTEMPTS + 1):
        try:
            _once(job, method, on_progress)
        except KeyboardInterrupt:
            raise FlashError(
                Kind.OTHER,
                f"Interrupted: the firmware on {job.board.title} may be incomplete. "
                "Flash it again.",
            ) from None
        except FlashError as error:
            if lost is not None and error.kind is Kind.NO_PROBE:
                raise lost from None  # it did not come back: what matters is what was left behind
            if error.kind is not Kind.LOST or job.erase or attempt == _ATTEMPTS:
                raise
            lost = error
            time.sleep(_PAUSE_SECONDS)
        else:
            return


def _once(job: Job, method: str, on_progress: OnProgress) -> None:
    if method == "pyocd":
        pyocd.flash(job, on_progress)
    elif method == "uf2":
        uf2_drive.flash(job, on_progress)
    else:
        steps.run_plan(_COMMANDS[method](job), job, on_progress)
