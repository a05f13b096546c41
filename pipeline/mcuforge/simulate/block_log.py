"""Takes QEMU's log of blocks through a named pipe, so that it takes no disk however long it is."""

from __future__ import annotations

import os
import select
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from mcuforge.errors import DeviceError, ToolError
from mcuforge.processes import scratch
from mcuforge.simulate.block_counts import BlockCounts
from mcuforge.simulate.qemu import Qemu

_CHUNK = 1 << 18
_POLL_SECONDS = 0.05
_START_SECONDS = 60.0  # on a busy computer
_MOST_IN_A_PIPE = 1 << 20


@contextmanager
def counted(simulator: Qemu, counts: BlockCounts) -> Iterator[None]:
    """Within, `counts` gets all that QEMU runs. Its firmware waits for a request at both ends.

    Raises `DeviceError` where QEMU does not write its log, and `ToolError` where this computer has
    no named pipes.
    """
    if not hasattr(os, "mkfifo"):
        raise ToolError(
            "This computer has no named pipes, which QEMU's log of blocks goes through."
        )
    with scratch.folder() as folder:
        pipe = folder / "blocks"
        os.mkfifo(pipe, 0o600)
        reader = _Reader(pipe, counts)
        try:
            simulator.command(f'logfile "{pipe}"')
            simulator.command("log exec,in_asm,nochain")
            reader.wait_for_first()
            yield
            simulator.command("log none")
        finally:
            reader.finish()


class _Reader(threading.Thread):
    """Reads the pipe until it is told to finish, and then what is still in it."""

    def __init__(self, pipe: Path, counts: BlockCounts) -> None:
        super().__init__(daemon=True)
        self._counts = counts
        self._descriptor = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
        self._came, self._finish = threading.Event(), threading.Event()
        self._failed: Exception | None = None
        self.start()

    def wait_for_first(self) -> None:
        """Return once QEMU has written something. Raises `DeviceError`."""
        if not self._came.wait(_START_SECONDS):
            raise DeviceError(
                f"QEMU wrote no log of blocks within {_START_SECONDS:g} s. Its monitor's commands "
                "`logfile` and `log exec,in_asm,nochain` make it: try another version of QEMU."
            )

    def finish(self) -> None:
        """End the thread once it has read what QEMU wrote until now."""
        self._finish.set()
        self.join()
        os.close(self._descriptor)
        if self._failed is not None:
            raise self._failed

    def run(self) -> None:
        """What came before `finish` is read once the pipe is empty or was filled anew."""
        rest, late = b"", 0
        while True:
            finishing = self._finish.is_set()
            data = self._some()
            if finishing:
                late += len(data)
                if not data or late > _MOST_IN_A_PIPE:
                    return
            *lines, rest = (rest + data).split(b"\n")
            self._take(lines)

    def _take(self, lines: list[bytes]) -> None:
        """Count them. After a failure the pipe is emptied all the same, since QEMU waits for it."""
        if self._failed is None:
            try:
                self._counts.take(lines)
            except Exception as error:  # raised again in `finish`
                self._failed = error

    def _some(self) -> bytes:
        select.select([self._descriptor], [], [], _POLL_SECONDS)
        try:
            data = os.read(self._descriptor, _CHUNK)
        except BlockingIOError:
            return b""
        if data:
            self._came.set()
        elif not self._finish.wait(_POLL_SECONDS):  # nobody has it open for writing
            pass
        return data
