"""A worker process that stays for several requests: to start one takes longer than most models.

A message is its length, eight bytes little-endian, and its bytes, in both directions.
"""

from __future__ import annotations

import os
import select
import struct
import subprocess
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass

from mcuforge.processes import groups

_LENGTH = struct.Struct("<Q")
_CHUNK = 1 << 16
_END_SECONDS = 5.0


@dataclass(frozen=True)
class Answer:
    """The bytes of a reply, or of what stands for one where the worker has ended; what it printed.

    `exit_code` is None where the worker still runs.
    """

    content: bytes
    printed: bytes
    exit_code: int | None


class KeptWorker:
    """Raises `OSError` where it cannot be started, which it is at once. `close` ends it."""

    def __init__(self, command: Sequence[str]) -> None:
        # A file, not a pipe: nobody would empty a pipe while the worker computes.
        self._printed = tempfile.TemporaryFile()  # noqa: SIM115 - `close` closes it
        try:
            self._process = groups.start(
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._printed,
                bufsize=0,
            )  # fmt: skip
        except OSError:
            self._printed.close()
            raise
        stdin, stdout = self._process.stdin, self._process.stdout
        assert stdin is not None and stdout is not None
        self._input, self._output = stdin.fileno(), stdout.fileno()
        os.set_blocking(self._input, False)

    def ask(self, request: bytes, timeout_s: float) -> Answer:
        """The answer to a request. Raises `TimeoutError`; the worker is of no more use then."""
        begin = self._printed.seek(0, os.SEEK_END)
        received, has_ended = self._exchange(request, time.monotonic() + timeout_s)
        code = self._exit_code() if has_ended else None
        self._printed.seek(begin)
        return Answer(received, self._printed.read(), code)

    def _exchange(self, request: bytes, until: float) -> tuple[bytes, bool]:
        """What arrived, without its length where it is whole; and whether the worker has ended."""
        unsent = memoryview(_LENGTH.pack(len(request)) + request)
        received = bytearray()
        while True:
            left = until - time.monotonic()
            writes = [self._input] if unsent else []
            ready = select.select([self._output], writes, [], left) if left > 0 else None
            if ready is None or not any(ready):
                raise TimeoutError
            if ready[1]:
                unsent = self._send(unsent)
            if ready[0]:
                data = os.read(self._output, _CHUNK)
                received += data
                if not data:
                    return bytes(received), True
                if len(received) >= _LENGTH.size and _is_whole(received):
                    return bytes(received[_LENGTH.size :]), False

    def _send(self, unsent: memoryview) -> memoryview:
        try:
            return unsent[os.write(self._input, unsent[:_CHUNK]) :]
        except BrokenPipeError:  # it ended: the other pipe says so, too
            return unsent[:0]

    def _exit_code(self) -> int:
        """Of a worker that has closed its output: it ends, or is made to."""
        try:
            return self._process.wait(_END_SECONDS)
        except subprocess.TimeoutExpired:
            groups.end(self._process)
            return int(self._process.returncode)

    def close(self) -> None:
        """End the worker."""
        groups.end(self._process)
        for stream in (self._process.stdin, self._process.stdout, self._printed):
            if stream is not None:
                stream.close()


def _is_whole(received: bytearray) -> bool:
    return bool(len(received) - _LENGTH.size >= _LENGTH.unpack_from(received)[0])


def read_message(descriptor: int) -> bytes | None:
    """For the worker: the next message; None at the end."""
    head = _read(descriptor, _LENGTH.size)
    return _read(descriptor, _LENGTH.unpack(head)[0]) if len(head) == _LENGTH.size else None


def _read(descriptor: int, count: int) -> bytes:
    data = bytearray()
    while len(data) < count and (more := os.read(descriptor, min(count - len(data), 1 << 20))):
        data += more
    return bytes(data)


def framed(message: bytes) -> bytes:
    """For the worker: a message with its length."""
    return _LENGTH.pack(len(message)) + message
