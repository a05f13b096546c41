"""Child processes that end with us, together with all that they started.

A build tool starts compilers, and a compiler's driver starts the compiler proper: to end only the
first would leave the others at work, and their temporary files behind. Every child therefore leads
a group of its own, which is ended whole: by `end`, or by the guardian where we are killed.
"""

from __future__ import annotations

import os
import signal
import subprocess
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from types import FrameType
from typing import Any

from mcuforge.processes import guardian

_GRACE_SECONDS = 2.0  # for removing their temporary files
_POLL_SECONDS = 0.02
_SIGNALS = tuple(
    getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)
)


def start(command: Sequence[str], **options: Any) -> subprocess.Popen[Any]:
    """A child in a session of its own; whoever starts it calls `end`, whatever happens.

    `options` are those of `subprocess.Popen`.
    """
    with undisturbed():  # a child between its birth and its name would be nobody's
        process = subprocess.Popen(list(command), start_new_session=True, **options)
        guardian.watch_group(process.pid)
    return process


@contextmanager
def started(command: Sequence[str], **options: Any) -> Iterator[subprocess.Popen[Any]]:
    """A child that ends with the block: of itself, or because the block failed."""
    process = start(command, **options)
    try:
        with process:
            try:
                yield process
            except BaseException:
                end(process)
                raise
    finally:
        guardian.release_group(process.pid)


def run(
    command: Sequence[str],
    *,
    timeout: float | None = None,
    input: bytes | str | None = None,  # noqa: A002 - the name that subprocess.run has
    **options: Any,
) -> subprocess.CompletedProcess[Any]:
    """As `subprocess.run` without `check`, but what goes wrong ends all that was started."""
    if input is not None:
        options["stdin"] = subprocess.PIPE
    with started(command, **options) as process:
        stdout, stderr = process.communicate(input, timeout=timeout)
    return subprocess.CompletedProcess(list(command), process.returncode, stdout, stderr)


def end(process: subprocess.Popen[Any]) -> None:
    """End a child that `start` made and its descendants: politely, and after a while by force."""
    if hasattr(os, "killpg"):
        _end_group(process)
    elif process.poll() is None:
        process.kill()
    process.wait()
    guardian.release_group(process.pid)


def _end_group(process: subprocess.Popen[Any]) -> None:
    deadline = time.monotonic() + _GRACE_SECONDS
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGTERM)
        while time.monotonic() < deadline:
            process.poll()  # collects it, or its group would live on
            os.killpg(process.pid, 0)  # raises when nobody is left
            time.sleep(_POLL_SECONDS)
        os.killpg(process.pid, signal.SIGKILL)


@contextmanager
def undisturbed() -> Iterator[None]:
    """Inside, a signal waits: for what must not be cut in the middle, and takes no time."""
    if threading.current_thread() is not threading.main_thread():  # signals reach the main thread
        yield
        return
    waiting: list[int] = []

    def receive(number: int, _frame: FrameType | None) -> None:
        waiting.append(number)

    before = {n: h for n in _SIGNALS if callable(h := signal.getsignal(n))}
    for number in before:
        signal.signal(number, receive)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        for number in waiting:
            signal.raise_signal(number)
