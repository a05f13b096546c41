"""Standard streams that are closed, full, or without a reader."""

from __future__ import annotations

import os
import sys
from typing import IO

_NAMES = ("stdin", "stdout", "stderr")


def open_closed() -> None:
    """Put nothing in the place of closed standard streams (`>&-`).

    The next file that is opened would get their number: a model's file what is printed.
    """
    for number, name in enumerate(_NAMES):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # gets the lowest free number, which is this one
        if getattr(sys, name) is None:
            mode = "r" if number == 0 else "w"
            setattr(sys, name, os.fdopen(number, mode, encoding="utf-8", closefd=False))


def give_up(stream: IO[str]) -> None:
    """Let what is left in a stream go nowhere: Python writes it when it ends, and complains."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
