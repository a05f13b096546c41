"""What the events of a TRACE say, put together: each may be lost, and come again."""

from __future__ import annotations

from functools import partial
from typing import Protocol
from zlib import crc32

from mcuforge.device import replies
from mcuforge.device.conversation import parsed
from mcuforge.device.protocol import Event, Message
from mcuforge.device.replies import Digest, DigestPiece
from mcuforge.errors import DeviceError


class Collector(Protocol):
    """Takes events until all that was asked for is there."""

    def take(self, message: Message) -> None:
        """Keep what an event says. Raises `DeviceError` where it cannot be right."""
        ...

    def waited(self) -> None:
        """Keep in mind that the model has waited for the host, to get or to give a row."""
        ...

    def is_complete(self) -> bool:
        """True where nothing is missing."""
        ...


class Digests:
    """A digest of each of `count` outputs of ops, which may come in pieces.

    `order` tells for each piece, as they came, which output it is of, and is None where the model
    waited for the host: each is a reading of the device's stopwatch.
    """

    def __init__(self, count: int) -> None:
        self._count = count
        self.order: list[int | None] = []
        self._found: dict[int, dict[int, DigestPiece]] = {}
        self._left = dict.fromkeys(
            range(count), 1
        )  # bytes that are missing, once one piece is there

    def take(self, message: Message) -> None:
        """See `Collector`."""
        if message.kind == Event.DIGEST:
            piece = parsed(partial(replies.parse_digest, count=self._count), message.body)
            self.order.append(piece.result)
            pieces = self._found.setdefault(piece.result, {})
            if any(other.total != piece.total for other in pieces.values()):
                raise DeviceError(f"The device sent two sizes of output {piece.result}.")
            pieces[piece.offset] = piece
            self._left[piece.result] = piece.total - sum(p.bytes for p in pieces.values())

    def waited(self) -> None:
        """See `Collector`."""
        self.order.append(None)

    def is_complete(self) -> bool:
        """See `Collector`."""
        return not any(self._left.values())

    def in_order(self) -> list[Digest]:
        """All of them, once complete. Raises `DeviceError` where pieces overlap."""
        return [_joined(list(self._found[number].values())) for number in range(self._count)]


def _joined(pieces: list[DigestPiece]) -> Digest:
    """The digest of the whole output. The CRC of two strings follows from theirs, as it is linear:
    that of the first with zeros after it, less that of the zeros, plus that of the second.
    """
    end = crc = 0
    for piece in sorted(pieces, key=lambda piece: piece.offset):
        if piece.offset != end:
            raise DeviceError(f"The device sent bytes of output {piece.result} twice.")
        zeros = bytes(piece.bytes)
        crc = crc32(zeros, crc) ^ crc32(zeros) ^ piece.crc32
        end += piece.bytes
    return Digest(pieces[0].result, end, crc, sum(piece.ticks for piece in pieces))


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

    def waited(self) -> None:
        """See `Collector`."""

    def is_complete(self) -> bool:
        """See `Collector`."""
        return self._total is not None and sum(map(len, self._pieces.values())) == self._total

    def joined(self) -> bytes:
        """All of them, once complete."""
        return b"".join(self._pieces[offset] for offset in sorted(self._pieces))
