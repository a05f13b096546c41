"""What all children that run a module of ours share: call, place of the answers, last words, end.

Imports nothing but the standard library: a worker has to start fast.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO


def command(module: str, *arguments: str) -> list[str]:
    """The command line of a worker: `module` in the Python that runs now."""
    # -P: the current folder is not ours, and must not shadow the modules that the worker imports.
    return [sys.executable, "-P", "-m", module, *arguments]


@contextmanager
def answers(prints_to: int) -> Iterator[BinaryIO]:
    """For the worker: what was its stdout, for answers alone.

    What it prints from now on, below Python too, goes to the file descriptor `prints_to`.
    """
    stdout = os.dup(1)
    os.dup2(prints_to, 1)
    with os.fdopen(stdout, "wb") as stream:
        yield stream


def last_words(printed: bytes, count: int, noise: tuple[str, ...] = ()) -> list[str]:
    """The last `count` lines that a worker printed: each once, none empty.

    A line that begins with one of `noise` is left out.
    """
    lines = (line.strip() for line in printed.decode("utf-8", errors="replace").splitlines())
    told = dict.fromkeys(line for line in lines if line and not line.startswith(noise))
    return list(told)[-count:]


def ending(code: int) -> str:
    """How a child ended, from `Popen.returncode`: "exit code 3", or the signal's name."""
    if code >= 0:
        return f"exit code {code}"
    try:
        return signal.Signals(-code).name
    except ValueError:
        return f"signal {-code}"
