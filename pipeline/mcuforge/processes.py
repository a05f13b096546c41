"""Child processes that end with us, together with all that they started.

A build tool starts compilers, and a compiler's driver starts the compiler proper: to end only the
first would leave the others at work, and their temporary files behind.
"""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any

_GRACE_SECONDS = 2.0  # for removing their temporary files
_POLL_SECONDS = 0.02


@contextmanager
def started(command: Sequence[str], **options: Any) -> Iterator[subprocess.Popen[Any]]:
    """A child in a session of its own, which ends with the block: of itself, or because it failed.

    `options` are those of `subprocess.Popen`.
    """
    with subprocess.Popen(list(command), start_new_session=True, **options) as process:
        try:
            yield process
        except BaseException:
            end(process)
            raise


def run(
    command: Sequence[str], *, timeout: float | None = None, **options: Any
) -> subprocess.CompletedProcess[Any]:
    """As `subprocess.run` without `check`, but what goes wrong ends all that was started."""
    with started(command, **options) as process:
        stdout, stderr = process.communicate(timeout=timeout)
    return subprocess.CompletedProcess(list(command), process.returncode, stdout, stderr)


def end(process: subprocess.Popen[Any]) -> None:
    """End a child that `started` made and its descendants: politely, and after a while by force."""
    deadline = time.monotonic() + _GRACE_SECONDS
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGTERM)
        while time.monotonic() < deadline:
            process.poll()  # collects it, or its group would live on
            os.killpg(process.pid, 0)  # raises when nobody is left
            time.sleep(_POLL_SECONDS)
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
