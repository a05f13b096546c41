"""Frames and messages of the harness protocol (docs/harness-protocol.md), without any transport.

A frame on the wire is COBS(payload, CRC-32 of the payload) between zero bytes; the CRC is zlib's.
A payload is a header (type, status, sequence number) and a body. Everything is little-endian.
Numbers mirror firmware/runtime/harness_protocol.h; a test compares the two.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum
from math import prod

from cobs import cobs

VERSION = 1
REPLY = 0x80
REQUEST_BYTES = 4096  # header, body and CRC of the largest request that a device takes in
OUTPUT_PIECE_BYTES = 1024

_HEADER = struct.Struct("<BBH")
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
    CRASH = 0x70


class Event(IntEnum):
    """Types of the frames that a device sends of its own accord."""

    DIGEST = 0xC0
    OUTPUT = 0xC1
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


DTYPES = ("int8", "uint8", "int16", "int32", "float32")  # by mf_dtype of engine.h


class BadFrameError(Exception):
    """Bytes between two zeros that are no undamaged frame."""


@dataclass(frozen=True)
class Message:
    """A payload. `kind` is a `Request`, a reply to one, or an `Event`."""

    kind: int
    sequence: int
    body: bytes = b""
    status: int = Status.OK


def encode(message: Message) -> bytes:
    """The message as bytes for the wire, delimiters included."""
    payload = _HEADER.pack(message.kind, message.status, message.sequence) + message.body
    stuffed: bytes = cobs.encode(payload + _CRC.pack(zlib.crc32(payload)))
    return b"\0" + stuffed + b"\0"


def decode(frame: bytes) -> Message:
    """The message in the bytes between two delimiters. Raises `BadFrameError`."""
    try:
        content = cobs.decode(frame)
    except cobs.DecodeError as error:
        raise BadFrameError(str(error)) from None
    if len(content) < _HEADER.size + _CRC.size:
        raise BadFrameError("too short")
    payload, (crc,) = content[: -_CRC.size], _CRC.unpack(content[-_CRC.size :])
    if zlib.crc32(payload) != crc:
        raise BadFrameError("wrong CRC")
    kind, status, sequence = _HEADER.unpack_from(payload)
    return Message(kind, sequence, payload[_HEADER.size :], status)


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


@dataclass(frozen=True)
class TensorInfo:
    """An input or output as the device describes it: real = scale * (q - zero_point)."""

    dtype: str
    shape: tuple[int, ...]
    bytes: int
    scale: float
    zero_point: int


@dataclass(frozen=True)
class Hello:
    """What a device says about itself. `model_hash` is the SHA-256 of the `.tflite`, in hex."""

    protocol: int
    engine_abi: int
    max_body_bytes: int
    tick_hz: int
    model_hash: str
    arena_bytes: int
    op_count: int
    board: str
    engine: str
    model: str
    inputs: tuple[TensorInfo, ...]
    outputs: tuple[TensorInfo, ...]


@dataclass(frozen=True)
class OpDigest:
    """CRC-32 of the first output of an op, and the ticks that the op took."""

    op: int
    bytes: int
    crc32: int
    ticks: int


@dataclass(frozen=True)
class OutputPiece:
    """A piece of the output of an op of `total` bytes."""

    op: int
    total: int
    offset: int
    data: bytes


@dataclass(frozen=True)
class Stats:
    """Stack and arena in bytes; 0 where the device does not know. `dropped_frames` since start."""

    stack_bytes: int
    stack_high_water: int
    arena_bytes: int
    arena_used: int
    dropped_frames: int


class _Reader:
    """Takes a body apart from the front."""

    def __init__(self, body: bytes) -> None:
        self._body = body
        self._position = 0

    def take(self, layout: str) -> tuple[int, ...]:
        values: tuple[int, ...] = struct.unpack_from("<" + layout, self._body, self._position)
        self._position += struct.calcsize("<" + layout)
        return values

    def bytes(self, count: int) -> bytes:
        data = self._body[self._position : self._position + count]
        if len(data) != count:
            raise struct.error("body too short")
        self._position += count
        return data

    def text(self) -> str:
        end = self._body.find(b"\0", self._position)
        if end < 0:
            raise struct.error("text without an end")
        return (self.bytes(end - self._position) + self.bytes(1))[:-1].decode("utf-8", "replace")


def hello_version(body: bytes) -> int:
    """The protocol version in a HELLO reply: its place never changes."""
    (version,) = _Reader(body).take("I")
    return version


def parse_hello(body: bytes) -> Hello:
    """Raises `struct.error` where the body is too short."""
    reader = _Reader(body)
    protocol, abi, max_body, tick_hz = reader.take("4I")
    digest = reader.bytes(32).hex()
    arena, ops, inputs, outputs = reader.take("4I")
    board, engine, model = reader.text(), reader.text(), reader.text()
    return Hello(
        protocol=protocol,
        engine_abi=abi,
        max_body_bytes=max_body,
        tick_hz=tick_hz,
        model_hash=digest,
        arena_bytes=arena,
        op_count=ops,
        board=board,
        engine=engine,
        model=model,
        inputs=tuple(_tensor(reader) for _ in range(inputs)),
        outputs=tuple(_tensor(reader) for _ in range(outputs)),
    )


_DTYPE_BYTES = {"int8": 1, "uint8": 1, "int16": 2, "int32": 4, "float32": 4}


def _tensor(reader: _Reader) -> TensorInfo:
    dtype, rank, _, size = reader.take("BBHI")
    scale, zero_point = reader.take("fi")
    shape = reader.take(f"{rank}i")
    if dtype >= len(DTYPES) or min(shape, default=0) < 0:
        raise struct.error("not a tensor")
    if prod(shape) * _DTYPE_BYTES[DTYPES[dtype]] != size:
        raise struct.error("a tensor whose size does not follow from its shape")
    return TensorInfo(DTYPES[dtype], shape, size, float(scale), zero_point)


def parse_digest(body: bytes) -> OpDigest:
    """Raises `struct.error` where the body is too short."""
    return OpDigest(*struct.unpack("<IIIQ", body))


def parse_output(body: bytes) -> OutputPiece:
    """Raises `struct.error` where the body is too short."""
    op, total, offset = struct.unpack_from("<III", body)
    return OutputPiece(op, total, offset, body[12:])


def parse_stats(body: bytes) -> Stats:
    """Raises `struct.error` where the body is too short."""
    return Stats(*struct.unpack("<5I", body))


def parse_ticks(body: bytes) -> int:
    """Ticks of a RUN. Raises `struct.error` where the body is too short."""
    (ticks,) = struct.unpack("<Q", body)
    return int(ticks)
