"""Writes and reads a simulated machine's memory through QEMU's debugger interface.

That is GDB's remote protocol: a packet is `$data#checksum`, answered by `+` and a reply, and the
checksum is the sum of its bytes, in hex. Any byte stops a machine that runs.
"""

from __future__ import annotations

import re
import socket
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from mcuforge.device.transport import LinkError

_CHUNK = 65536
_SECONDS = 60.0  # on a busy computer
_SILENT = (
    f"QEMU's debugger interface was silent for {_SECONDS:g} s (MCUFORGE_LINK=uart goes without it)"
)
_DATA_BYTES = 1024  # of a packet; QEMU takes 4096 characters, two for each byte
_STOP = b"+\x03"  # the plus for a report that nobody has acknowledged: it would take the other
_QUESTION, _ANSWER = b"qAttached", b"1"
_REPLY = re.compile(rb"\$([^#]*)#[0-9a-fA-F]{2}")


class GdbStub:
    """The debugger's end of a connection. Methods raise `LinkError` where QEMU does not answer."""

    def __init__(self, connection: socket.socket) -> None:
        self._socket = connection
        self._pending = b""

    def write(self, pieces: Sequence[tuple[int, bytes]]) -> bool:
        """Write bytes to addresses, in order, while the machine stands still; then it runs on.

        False where there is no memory at one of them: what follows is not written then.
        """
        with self._standing():
            return all(self._write(address, data) for address, data in pieces)

    def read_counted(self, count_at: int, start: int, most: int) -> bytes:
        """As many bytes from `start` on as the word at `count_at` says; none where over `most`.

        The machine stands still meanwhile. Empty also where there is no memory.
        """
        with self._standing():
            count = int.from_bytes(self._read(count_at, 4), "little")
            return self._read(start, count) if 0 < count <= most else b""

    @contextmanager
    def _standing(self) -> Iterator[None]:
        """The machine stands still inside, and runs on afterwards."""
        self._stop()
        yield
        self._send(_packet(b"c"))

    def _read(self, address: int, count: int) -> bytes:
        starts = range(0, count, _DATA_BYTES)
        packets = [_packet(b"m%x,%x" % (address + s, min(_DATA_BYTES, count - s))) for s in starts]
        self._send(b"".join(packets))
        replies = [self._reply() for _ in packets]
        try:
            return b"".join(bytes.fromhex(reply.decode()) for reply in replies)
        except ValueError:  # E and a number
            return b""

    def _write(self, address: int, data: bytes) -> bool:
        """All packets at once: on a busy computer it is the waiting that takes long."""
        parts = {o: data[o : o + _DATA_BYTES] for o in range(0, len(data), _DATA_BYTES)}
        packets = [
            _packet(b"M%x,%x:%s" % (address + offset, len(part), part.hex().encode()))
            for offset, part in parts.items()
        ]
        self._send(b"".join(packets))
        return {self._reply() for _ in packets} <= {b"OK"}

    def close(self) -> None:
        """Let the machine go. May be called twice."""
        self._socket.close()

    def _stop(self) -> None:
        """Stop the machine, whether it runs or not.

        Versions of QEMU differ in whether they report that. A question's answer comes after it.
        """
        self._send(_STOP + _packet(_QUESTION))
        while self._reply() != _ANSWER:
            pass

    def _reply(self) -> bytes:
        until = time.monotonic() + _SECONDS
        while (found := _REPLY.search(self._pending)) is None:
            self._pending += self._receive(until)
        self._pending = self._pending[found.end() :]
        self._send(b"+")
        return found[1]

    def _receive(self, until: float) -> bytes:
        try:
            self._socket.settimeout(max(until - time.monotonic(), 0.001))
            data = self._socket.recv(_CHUNK)
        except TimeoutError:
            raise LinkError(_SILENT) from None
        except OSError as error:
            raise LinkError(str(error)) from None
        if not data:
            raise LinkError("the connection was closed")
        return data

    def _send(self, data: bytes) -> None:
        try:
            self._socket.settimeout(_SECONDS)
            self._socket.sendall(data)
        except OSError as error:
            raise LinkError(str(error)) from None


def _packet(data: bytes) -> bytes:
    return b"$%s#%02x" % (data, sum(data) % 256)
