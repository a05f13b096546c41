"""What a device sends, for people: its text as it is, its frames in words."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator

from mcuforge.device import protocol, replies
from mcuforge.device.fault_text import fault_text
from mcuforge.device.faults import parse_fault
from mcuforge.device.protocol import BadFrameError, Event, Message, Request
from mcuforge.device.replies import ReplyError
from mcuforge.device.source_lines import SourceLines
from mcuforge.device.transport import LinkError, Transport
from mcuforge.errors import DeviceError

_IDLE_SECONDS = 0.1
_QUIET_SECONDS = 2.0  # then the device is asked how it is
_AGAIN_SECONDS = 5.0
_SELDOM = 8  # times less often, at the most
_PATIENCE = 2  # requests without an answer
_SILENT = (
    "Nothing is heard, and requests are not answered. Is the board powered and running, is this "
    "its port, and is the baud rate right? Firmware without mcuforge's harness says nothing of "
    "itself. Still listening."
)
_MAX_PENDING = 64 * 1024
_COMMAND = re.compile(r"\x1b(?!\[[\d;]*m)")  # an escape code that does more than colour text


class Monitor:
    """Tells text and frames apart in a stream of bytes.

    Frames lie between zero bytes, which text does not have. `lines` finds the source lines of a
    fault; without it the fault shows addresses.
    """

    def __init__(self, lines: SourceLines | None = None) -> None:
        self._lines = lines
        self._pending = bytearray()
        self._state = ""

    def feed(self, data: bytes) -> Iterator[str]:
        """What to show of `data`: text with its own line ends, and whole lines about frames."""
        self._pending += data
        *pieces, rest = bytes(self._pending).split(b"\0")
        self._pending = bytearray(rest)
        for piece in pieces:
            if piece and (text := self._piece(piece)):
                yield text
        if len(self._pending) > _MAX_PENDING:
            yield from self.idle()

    def idle(self) -> Iterator[str]:
        """Call when nothing more arrives: text need not wait for a zero byte."""
        if self._pending and _is_text(self._pending):
            text = _shown(self._pending)
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
                return _shown(piece)
            return f"(damaged frame of {len(piece):,} bytes)\n"
        if message.kind == Request.STATS | protocol.REPLY:
            return self._news(message.body)
        return f"[{self._message(message)}]\n"

    def _news(self, body: bytes) -> str:
        """How the device is, in words; empty where that has been said."""
        try:
            s = replies.parse_stats(body)
        except ReplyError:
            return "[STATS reply that this mcuforge cannot read]\n"
        state = (
            f"[alive: stack used {s.stack_high_water:,} of {s.stack_bytes:,} B, "
            f"arena used {s.arena_used:,} of {s.arena_bytes:,} B, {s.dropped_frames} frames lost]\n"
        )
        said, self._state = self._state, state
        return "" if state == said else state

    def _message(self, message: Message) -> str:
        if message.kind == Event.FAULT:
            try:
                return f"FAULT: {fault_text(parse_fault(message.body), self._lines)}"
            except ReplyError:
                return "FAULT that this mcuforge cannot read"
        name = _name(message.kind)
        return f"{name}, {len(message.body):,} bytes"


class Pulse:
    """Asks a quiet device how it is, which changes nothing there; tells where nobody answers.

    A core that has stopped with a fault repeats it to that.
    """

    def __init__(self, tell: Callable[[str], None]) -> None:
        self._tell = tell
        self._heard = self._asked = time.monotonic()
        self._unanswered = 0

    def heard(self) -> None:
        """Something arrived."""
        self._heard = time.monotonic()
        self._unanswered = 0

    def beat(self, transport: Transport) -> None:
        """Ask, if it is time to. Raises `LinkError`."""
        now = time.monotonic()
        # Less and less often: a device that is slow has to answer each of them.
        again = min(2 ** max(0, self._unanswered - _PATIENCE), _SELDOM) * _AGAIN_SECONDS
        if self._unanswered == 0:
            again = _QUIET_SECONDS
        if now - max(self._heard, self._asked) < again:
            return
        if self._unanswered == _PATIENCE:
            self._tell(_SILENT)
        ask(transport)
        self._asked = now
        self._unanswered += 1


def ask(transport: Transport) -> None:
    """Ask for stack and arena use. Raises `LinkError`."""
    transport.write(protocol.encode(Message(Request.STATS, 0, b"")))


def watch(
    transport: Transport,
    monitor: Monitor,
    show: Callable[[str], None],
    seconds: float | None = None,
    at_once: bool = False,
    pulse: Pulse | None = None,
) -> None:
    """Show what arrives for `seconds`, or until the link is lost, which raises `DeviceError`.

    `at_once`: ask once before listening. Without a `pulse` a quiet device is left alone.
    """
    end = None if seconds is None else time.monotonic() + seconds
    try:
        if at_once:
            ask(transport)
        while end is None or time.monotonic() < end:
            data = transport.read(_IDLE_SECONDS)
            for text in monitor.feed(data) if data else monitor.idle():
                show(text)
            if pulse is not None:
                pulse.heard() if data else pulse.beat(transport)
    except LinkError as error:
        raise DeviceError(f"The link to the device was lost: {error}.") from None


def _is_text(data: bytes | bytearray) -> bool:
    try:
        text = data.decode()
    except UnicodeDecodeError:
        return False
    return all(c.isprintable() or c in "\r\n\t\b\a\x1b" for c in text)


def _shown(data: bytes | bytearray) -> str:
    """Text for a terminal, which does nothing that a device tells it but colours."""
    return _COMMAND.sub("\\\\x1b", data.decode(errors="replace"))


def _name(kind: int) -> str:
    for names in (Event, Request):
        for suffix, number in (("", kind), (" reply", kind & ~protocol.REPLY)):
            if number in set(names):
                return f"{names(number).name}{suffix}"
    return f"message 0x{kind:02x}"
