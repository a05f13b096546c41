"""Frames and messages of the harness protocol, without any transport.

docs/reference/harness-protocol.md describes them.

A frame on the wire is COBS(payload, CRC-32 of the payload) between zero bytes; the CRC is zlib's.
A payload is a header (type, status, sequence number, state, session) and a body. Everything is
little-endian.
Numbers mirror firmware/runtime/harness_protocol.h; a test compares the two.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum

from cobs import cobs

VERSION = 5
REPLY = 0x80
REQUEST_BYTES = 4096  # header, body and CRC of the largest request that a device takes in
OUTPUT_PIECE_BYTES = 1024

_HEADER = struct.Struct("<BBHII")
_LEAST_HEADER = struct.Struct("<BBH")  # what a device of another version may send of it
_CRC = struct.Struct("<I")
_MAX_UNDELIMITED = 2**20  # more bytes than any frame has: a stream without frames in it


class Request(IntEnum):
    """Types of requests. A reply has the same type with `REPLY` set."""

    HELLO = 0x01
    WRITE = 0x02
    RUN = 0x03
    READ = 0x04
    TRACE = 0x05
    STATS = 0x06
    LATENT = 0x07
    RESET = 0x08
    RAW = 0x09
    FEATURES = 0x0A
    READ_INPUT = 0x0B
    CRASH = 0x70


class Answer(IntEnum):
    """Types of what the host answers to events while a model runs. They have no reply."""

    ROW = 0x0C
    TAKEN = 0x0D


# They change something: a device runs them once, and counts them.
CHANGES = frozenset(
    {
        Request.WRITE,
        Request.RUN,
        Request.TRACE,
        Request.LATENT,
        Request.RESET,
        Request.RAW,
        Request.FEATURES,
    }
)


class Event(IntEnum):
    """Types of the frames that a device sends of its own accord."""

    DIGEST = 0xC0
    OUTPUT = 0xC1
    GIVE = 0xC2
    TAKE = 0xC3
    FAULT = 0xE0


class Status(IntEnum):
    """What a reply says about its request."""

    OK = 0
    MALFORMED = 1
    UNKNOWN = 2
    RANGE = 3
    SEQUENCE = 4
    VERSION = 5
    INIT_FAILED = 6
    INVOKE_FAILED = 7
    STACK = 8


class Trace(IntEnum):
    """Modes of TRACE: a digest of every op, or the bytes of one op's output."""

    DIGESTS = 0
    OUTPUT = 1


class Crash(IntEnum):
    """What can go wrong on purpose in firmware built with MF_CRASH_TEST; see crash.h."""

    BUS = 0
    UNDEFINED = 1
    STACK = 2
    DIVIDE = 3
    UNALIGNED = 4
    CANARY = 5
    LOCKUP = 6
    HANG = 7


_LATENT = struct.Struct("<IIIII")


@dataclass(frozen=True)
class LatentRequest:
    """A point of a latent space: (1 - t) `low` + t `high` + `sigma` * noise.

    `t` is in Q16 (x * 65536), from 0 to 1; `low`, `high` and `sigma` hold a number in Q16 for each
    element of the int8 input number `input`; `inverse_scale` is round(65536 / the input's scale).
    The noise is that of `mf_latent_normal` (mf_latent.h) for `seed` and the elements' numbers from
    `first` on.
    """

    input: int
    inverse_scale: int
    seed: int
    first: int
    t: int
    low: tuple[int, ...]
    high: tuple[int, ...]
    sigma: tuple[int, ...]

    def body(self) -> bytes:
        """The body of LATENT."""
        head = (self.input, self.inverse_scale, self.seed, self.first, self.t)
        elements = zip(self.low, self.high, self.sigma, strict=True)
        return _LATENT.pack(*head) + b"".join(struct.pack("<iii", *e) for e in elements)


class BadFrameError(Exception):
    """Bytes between two zeros that are no undamaged frame."""


@dataclass(frozen=True)
class Message:
    """A payload. `kind` is a `Request`, a reply to one, or an `Event`.

    `state` is the number of changes made in the session, in HELLO and its reply the version of the
    protocol. Replies and events repeat sequence number, state and session of their request.
    """

    kind: int
    sequence: int
    body: bytes = b""
    status: int = Status.OK
    state: int = 0
    session: int = 0

    @property
    def is_of_another_version(self) -> bool:
        """A reply to HELLO from a device that speaks another version: nothing else is known."""
        return self.kind == Request.HELLO | REPLY and self.state != VERSION


def encode(message: Message) -> bytes:
    """The message as bytes for the wire, delimiters included."""
    m = message
    payload = _HEADER.pack(m.kind, m.status, m.sequence, m.state, m.session) + m.body
    stuffed: bytes = cobs.encode(payload + _CRC.pack(zlib.crc32(payload)))
    return b"\0" + stuffed + b"\0"


def decode(frame: bytes) -> Message:
    """The message in the bytes between two delimiters. Raises `BadFrameError`."""
    try:
        content = cobs.decode(frame)
    except cobs.DecodeError as error:
        raise BadFrameError(str(error)) from None
    if len(content) < _LEAST_HEADER.size + _CRC.size:
        raise BadFrameError("too short")
    payload, (crc,) = content[: -_CRC.size], _CRC.unpack(content[-_CRC.size :])
    if zlib.crc32(payload) != crc:
        raise BadFrameError("wrong CRC")
    header = payload[: _HEADER.size].ljust(_HEADER.size, b"\0")
    kind, status, sequence, state, session = _HEADER.unpack(header)
    return Message(kind, sequence, payload[_HEADER.size :], status, state, session)


class Decoder:
    """Cuts a stream of bytes into messages. Damaged frames are counted and left out."""

    def __init__(self) -> None:
        self.damaged = 0
        self._pending = bytearray()

    def feed(self, data: bytes) -> Iterator[Message]:
        """The messages that end within `data`."""
        *frames, rest = data.split(b"\0")
        for frame in frames:
            frame, self._pending = bytes(self._pending + frame), bytearray()
            if frame:
                try:
                    yield decode(frame)
                except BadFrameError:
                    self.damaged += 1
        self._pending += rest
        if len(self._pending) > _MAX_UNDELIMITED:
            self._pending.clear()
            self.damaged += 1
