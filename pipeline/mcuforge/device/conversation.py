"""Requests and their replies, in sessions, over a link that may lose, damage and delay them.

Every request is repeated a bounded number of times. That is safe: it names the session and the
state that it is meant for, and the device neither runs one twice nor in another state, such as
after a reset. What cannot be had is reported in words.
"""

from __future__ import annotations

import secrets
import time
from collections import deque
from collections.abc import Callable
from math import inf
from typing import TypeVar

from mcuforge.device import protocol
from mcuforge.device.faults import Fault, parse_fault
from mcuforge.device.link import MOST_PATIENCE, Link
from mcuforge.device.protocol import Answer, Event, Message, Request, Status
from mcuforge.device.replies import ReplyError
from mcuforge.device.status import check_status
from mcuforge.device.transport import LinkError, Transport
from mcuforge.errors import DeviceError

_SEQUENCES = 2**16
_LOOK_SECONDS = 1.0  # of silence, after which a simulator is asked whether the core has stopped
_LONGEST_REPLY_SECONDS = 120.0  # 8 KB at 1,200 baud take 70
_CALMING = 0.5  # how much of the patience stays after a prompt reply
_REMEMBERED = 16  # requests whose late replies are recognised
_CHECK_LINK = " Is the firmware running, and are port and baud rate right?"

S = TypeVar("S")
T = TypeVar("T")
OnEvent = Callable[[Message], object]  # True: the model has gone on


class Conversation:
    """The host's side of a session. Methods raise `DeviceError`.

    `on_fault` is called with what a FAULT frame says, and returns the error to raise.
    """

    def __init__(
        self,
        transport: Transport,
        link: Link,
        explain: Callable[[], str] | None,
        stopped: Callable[[], str | None] | None,
        on_fault: Callable[[Fault], DeviceError],
    ) -> None:
        self.transport = transport
        self.link = link
        self.is_open = False  # whether there is a session, of which nothing was lost
        self._explain, self._stopped, self._on_fault = explain, stopped, on_fault
        self._decoder = protocol.Decoder()
        self._sequence = self._state = self._session = 0
        self._patience = 1.0  # grows where the device turns out to be slow
        self._repeated: deque[int] = deque(maxlen=_REMEMBERED)  # sequence numbers
        self._heard = self._begun = self._allowed = 0.0  # of the request that is on its way
        self._running = self._went_on = False

    def hello(self) -> Message:
        """Start a session. The status of the reply is the caller's to look at."""
        self.is_open = False
        self._session = secrets.randbelow(2**32 - 1) + 1
        self._state = protocol.VERSION
        reply = self._exchange(Request.HELLO, b"", False, None)
        self._state = 0
        self.is_open = reply.status == Status.OK
        return reply

    def ask(
        self,
        kind: Request,
        body: bytes = b"",
        *,
        running: bool = False,
        on_event: OnEvent | None = None,
    ) -> Message:
        """The reply to a request of the session. `running`: the model runs before the reply."""
        try:
            reply = self._exchange(kind, body, running, on_event)
        except DeviceError:
            self.is_open = False  # nobody knows whether the request ran
            raise
        if reply.status in (Status.SEQUENCE, Status.UNKNOWN):  # did the device count it?
            self.is_open = False
        elif kind in protocol.CHANGES:
            self._state += 1
        check_status(reply)
        return reply

    def answer(self, kind: Answer, body: bytes) -> None:
        """Answer an event of the request that is on its way."""
        message = Message(kind, self._sequence, body, state=self._state, session=self._session)
        self._send(protocol.encode(message))

    def damage(self) -> str:
        """How many damaged frames arrived, for a message; empty where none did."""
        count = self._decoder.damaged
        return f" ({count} damaged frames arrived)" if count else ""

    def _exchange(
        self, kind: Request, body: bytes, running: bool, on_event: OnEvent | None
    ) -> Message:
        """The reply to a request, which is repeated until one comes or the time is over."""
        self._sequence = (self._sequence + 1) % _SEQUENCES
        request = protocol.encode(
            Message(kind, self._sequence, body, state=self._state, session=self._session)
        )
        self._heard = time.monotonic()
        silences = deque(self.link.silences(kind, running))
        self._begun, self._allowed, self._running = self._heard, sum(silences), running
        attempts = 0
        while silences:
            self._send(request)
            attempts += 1
            self._went_on = False
            reply = self._await_reply(kind, silences.popleft(), on_event)
            if self._went_on:  # it has all the time again for what comes next
                silences = deque(self.link.silences(kind, running))
            if attempts > 1:
                self._repeated.append(self._sequence)
            if reply is not None:
                if attempts == 1:
                    self._note_prompt(time.monotonic() - self._begun)
                return reply
            if time.monotonic() >= self._give_up_at():
                break
        waited = self._allowed * self._stretch()
        hint = "" if self.link.lossless else _CHECK_LINK
        raise DeviceError(
            f"No answer to {kind.name} within {waited:g} s and {attempts} attempts{self.damage()}."
            + hint
            + self._explanation()
        )

    def _await_reply(
        self, kind: Request, silence: float, on_event: OnEvent | None
    ) -> Message | None:
        """The reply, or None after that many seconds without a byte.

        While bytes arrive, the reply may be among them: to ask again would only make it longer.
        """
        sent = heard = time.monotonic()
        look_at = max(sent + min(_LOOK_SECONDS, silence), self._heard + _LOOK_SECONDS)
        while True:
            until = min(heard + silence * self._stretch(), self._give_up_at())
            data = self._receive(min(until, look_at))
            for message in self._decoder.feed(data):
                if self._is_reply(message, kind, on_event):
                    return message
            now = time.monotonic()
            if data:
                self._heard = heard = now
                look_at = now + _LOOK_SECONDS
            elif now >= look_at:
                self._require_running()
                look_at = inf
            if now >= min(heard + silence * self._stretch(), self._give_up_at()):
                return None

    def _is_reply(self, message: Message, kind: Request, on_event: OnEvent | None) -> bool:
        """Whether it is what is waited for; events are handed on. Raises `DeviceError`."""
        if message.kind == Event.FAULT:
            raise self._on_fault(parsed(parse_fault, message.body))
        is_reply = message.kind == kind | protocol.REPLY
        if message.session != self._session:
            # Of an earlier session, or of a device that knows no sessions.
            return is_reply and self._is_current(message) and message.is_of_another_version
        if not self._is_current(message):
            self._note_late(message)
            return False
        if not is_reply and on_event is not None and on_event(message) is True:
            self._went_on, self._begun = True, time.monotonic()
        return is_reply

    def _is_current(self, message: Message) -> bool:
        return message.sequence == self._sequence

    def _note_late(self, message: Message) -> None:
        """A second reply to what was repeated: the first was not lost, the device is slow.

        Its replies to the repetitions still come before any other, so that more of them would
        outrun it.
        """
        if message.sequence in self._repeated:
            self._repeated.remove(message.sequence)
            self._patience = min(2 * self._patience, MOST_PATIENCE)

    def _note_prompt(self, seconds: float) -> None:
        """A reply to what was sent once: where it came soon, less patience will do."""
        if not self._running:
            needed = 2 * seconds / self.link.reply_seconds
            less = max(1.0, needed, _CALMING * self._patience)
            self._patience = min(self._patience, less)

    def _stretch(self) -> float:
        """How much longer than asked for is waited; a model that runs has its own time."""
        return 1.0 if self._running else self._patience

    def _give_up_at(self) -> float:
        return self._begun + self._allowed * self._stretch() + _LONGEST_REPLY_SECONDS

    def _require_running(self) -> None:
        """Raise where the core has stopped for good: to wait would be in vain."""
        text = self._stopped() if self._stopped else None
        if text is not None:
            raise DeviceError(f"The device stopped: {text}")

    def _receive(self, until: float) -> bytes:
        try:
            return self.transport.read(max(0.0, until - time.monotonic()))
        except LinkError as error:
            raise self._lost(error) from None

    def _send(self, data: bytes) -> None:
        try:
            self.transport.write(data)
        except LinkError as error:
            raise self._lost(error) from None

    def _lost(self, error: LinkError) -> DeviceError:
        return DeviceError(f"The link to the device was lost: {error}." + self._explanation())

    def _explanation(self) -> str:
        text = self._explain() if self._explain else ""
        return f"\n{text}" if text else ""


def parsed(parse: Callable[[S], T], source: S) -> T:
    """What `parse` makes of a message. Raises `DeviceError` where no sound device sends it."""
    try:
        return parse(source)
    except ReplyError as error:
        raise DeviceError(
            f"The device sent a message that cannot be right: {error}. "
            "Emit, build and flash the project again."
        ) from None
