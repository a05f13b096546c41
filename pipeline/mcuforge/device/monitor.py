"""What a device sends, for people: its text as it is, its frames in words."""

from __future__ import annotations

import struct
import time
from collections.abc import Callable, Iterator

from mcuforge.device import protocol
from mcuforge.device.fault_text import fault_text
from mcuforge.device.faults import parse_fault
from mcuforge.device.protocol import BadFrameError, Event, Message, Request
from mcuforge.device.source_lines import SourceLines
from mcuforge.device.transport import LinkError, Transport
from mcuforge.errors import DeviceError

_IDLE_SECONDS = 0.1
_MAX_PENDING = 64 * 1024


class Monitor:
    """Tells text and frames apart in a stream of bytes.

    Frames lie between zero bytes, which text does not have. `lines` finds the source lines of a
    fault; without it the fault shows addresses.
    """

    def __init__(self, lines: SourceLines | None = None) -> None:
        self._lines = lines
        self._pending = bytearray()

    def feed(self, data: bytes) -> Iterator[str]:
        """What to show of `data`: text with its own line ends, and whole lines about frames."""
        self._pending += data
        *pieces, rest = bytes(self._pending).split(b"\0")
        self._pending = bytearray(rest)
        for piece in pieces:
            if piece:
                yield self._piece(piece)
        if len(self._pending) > _MAX_PENDING:
            yield from self.idle()

    def idle(self) -> Iterator[str]:
        """Call when nothing more arrives: text need not wait for a zero byte."""
        if self._pending and _is_text(self._pending):
            text = self._pending.decode(errors="replace")
            self._pending.clear()
            yield text
        elif len(self._pending) > _MAX_PENDING:
            yield f"({len(self._pending):,} bytes that are neither text nor a frame)\n"
            self._pending.clear()

    def _piece(self, piece: bytes) -> str:
        try:
            message = protocol.decode(piece)
        except BadFrameError:
            if _is_text(piece):
                return piece.decode(errors="replace")
            return f"(damaged frame of {len(piece):,} bytes)\n"
        return f"[{self._message(message)}]\n"

    def _message(self, message: Message) -> str:
        if message.kind == Event.FAULT:
            try:
                return f"FAULT: {fault_text(parse_fault(message.body), self._lines)}"
            except struct.error:
                return "FAULT that this mcuforge cannot read"
        name = _name(message.kind)
        return f"{name}, {len(message.body):,} bytes"


def watch(
    transport: Transport,
    monitor: Monitor,
    show: Callable[[str], None],
    seconds: float | None = None,
    ask: bool = False,
) -> None:
    """Show what arrives for `seconds`, or until the link is lost, which raises `DeviceError`.

    `ask`: send one request first, to which a core that has stopped with a fault repeats it.
    """
    end = None if seconds is None else time.monotonic() + seconds
    try:
        if ask:
            transport.write(protocol.encode(Message(Request.STATS, 0, b"")))
        while end is None or time.monotonic() < end:
            data = transport.read(_IDLE_SECONDS)
            for text in monitor.feed(data) if data else monitor.idle():
                show(text)
    except LinkError as error:
        raise DeviceError(f"The link to the device was lost: {error}.") from None


def _is_text(data: bytes | bytearray) -> bool:
    try:
        text = data.decode()
    except UnicodeDecodeError:
        return False
    return all(c.isprintable() or c in "\r\n\t\b\a\x1b" for c in text)


def _name(kind: int) -> str:
    for names in (Event, Request):
        for suffix, number in (("", kind), (" reply", kind & ~protocol.REPLY)):
            if number in set(names):
                return f"{names(number).name}{suffix}"
    return f"message 0x{kind:02x}"
