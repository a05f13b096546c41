"""What the events of a TRACE say, put together: each may be lost, and come again."""

from __future__ import annotations

from functools import partial
from typing import Protocol

from mcuforge.device import replies
from mcuforge.device.conversation import parsed
from mcuforge.device.protocol import Event, Message
from mcuforge.device.replies import Digest
from mcuforge.errors import DeviceError


class Collector(Protocol):
    """Takes events until all that was asked for is there."""

    def take(self, message: Message) -> None:
        """Keep what an event says. Raises `DeviceError` where it cannot be right."""
        ...

    def is_complete(self) -> bool:
        """True where nothing is missing."""
        ...


class Digests:
    """A digest of each of `count` outputs of ops."""

    def __init__(self, count: int) -> None:
        self._count = count
        self._found: dict[int, Digest] = {}

    def take(self, message: Message) -> None:
        """See `Collector`."""
        if message.kind == Event.DIGEST:
            digest = parsed(partial(replies.parse_digest, count=self._count), message.body)
            self._found[digest.result] = digest

    def is_complete(self) -> bool:
        """See `Collector`."""
        return all(number in self._found for number in range(self._count))

    def in_order(self) -> list[Digest]:
        """All of them, once complete."""
        return [self._found[number] for number in range(self._count)]


class OutputBytes:
    """The bytes of one output of an op, which come in pieces."""

    def __init__(self, result: int) -> None:
        self._result = result
        self._pieces: dict[int, bytes] = {}
        self._total: int | None = None

    def take(self, message: Message) -> None:
        """See `Collector`."""
        if message.kind != Event.OUTPUT:
            return
        piece = parsed(partial(replies.parse_output, result=self._result), message.body)
        if self._total not in (None, piece.total):
            raise DeviceError(f"The device sent two sizes of output {self._result}.")
        self._pieces[piece.offset], self._total = piece.data, piece.total

    def is_complete(self) -> bool:
        """See `Collector`."""
        return self._total is not None and sum(map(len, self._pieces.values())) == self._total

    def joined(self) -> bytes:
        """All of them, once complete."""
        return b"".join(self._pieces[offset] for offset in sorted(self._pieces))
