"""What the bodies of replies and events say. A device is not trusted: every field is checked."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite, prod

from mcuforge.device.protocol import OUTPUT_PIECE_BYTES, Message

ENGINE_ABI = 5  # MF_ENGINE_ABI_VERSION of engine.h
# by mf_dtype of engine.h
DTYPES = ("int8", "uint8", "int16", "int32", "float32", "int64", "bool")

_DTYPE_BYTES = {
    "int8": 1,
    "uint8": 1,
    "int16": 2,
    "int32": 4,
    "float32": 4,
    "int64": 8,
    "bool": 1,
}
_ZERO_POINTS = {
    "int8": (-128, 127),
    "uint8": (0, 255),
    "int16": (-(2**15), 2**15 - 1),
    "int32": (-(2**31), 2**31 - 1),
    "float32": (0, 0),
    "int64": (0, 0),
    "bool": (0, 0),
}
_MAX_RANK = 8  # MF_MAX_RANK of engine.h
_MAX_TEXT = 255
_BODY_BYTES = (256, 65_536)  # of the largest request: every board takes more, and none so much
_MAX_RESULTS = 2**20
_MAX_TENSORS = 1024
_MAX_TENSOR_BYTES = 2**30


class ReplyError(Exception):
    """A body that no sound device sends; the text says what is wrong with it."""


@dataclass(frozen=True)
class TensorInfo:
    """An input or output as the device describes it: real = scale * (q - zero_point).

    One that streams is there row by row only, of `row_bytes` each; else these are 0.
    """

    dtype: str
    shape: tuple[int, ...]
    bytes: int
    scale: float
    zero_point: int
    row_bytes: int = 0


@dataclass(frozen=True)
class Hello:
    """What a device says about itself. `model_hash` is the SHA-256 of the `.tflite`, in hex.

    `state_bytes` are kept from one inference to the next; 0 where each is for itself.
    """

    protocol: int
    engine_abi: int
    max_body_bytes: int
    tick_hz: int
    model_hash: str
    arena_bytes: int
    state_bytes: int
    result_count: int
    board: str
    engine: str
    model: str
    inputs: tuple[TensorInfo, ...]
    outputs: tuple[TensorInfo, ...]


@dataclass(frozen=True)
class Digest:
    """CRC-32 of an output of an op, and the ticks that the op took, 0 or so after its first output.

    `result` numbers the outputs of all ops, in the order of the ops.
    """

    result: int
    bytes: int
    crc32: int
    ticks: int


@dataclass(frozen=True)
class DigestPiece:
    """The digest of `bytes` of an output of an op of `total` bytes, from `offset` on.

    A piece is all of it, or where an op runs row by row a row.
    """

    result: int
    total: int
    offset: int
    bytes: int
    crc32: int
    ticks: int


@dataclass(frozen=True)
class OutputPiece:
    """A piece of an output of an op, of `total` bytes."""

    result: int
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
    """Takes a body apart from the front. Raises `ReplyError` where it is too short."""

    def __init__(self, body: bytes) -> None:
        self._body = body
        self._position = 0

    def take(self, layout: str) -> tuple[int, ...]:
        layout = "<" + layout
        return struct.unpack(layout, self.bytes(struct.calcsize(layout)))

    def bytes(self, count: int) -> bytes:
        data = self._body[self._position : self._position + count]
        _require(len(data) == count, "it is too short")
        self._position += count
        return data

    def text(self) -> str:
        """Up to a zero. What would reach a terminal as an escape code is no name."""
        length = self._body.find(b"\0", self._position) - self._position
        _require(length >= 0, "a text without an end")
        data = self.bytes(length + 1)[:-1]
        text = data.decode("utf-8", "replace")
        _require(0 < length <= _MAX_TEXT and text.isprintable(), "a text that is no name")
        _require("\ufffd" not in text, "a text that is no name")
        return text

    def end(self) -> None:
        _require(self._position == len(self._body), "it is too long")


def parse_hello(message: Message) -> Hello:
    """Raises `ReplyError` where the body cannot be that of a sound device."""
    reader = _Reader(message.body)
    abi, max_body, tick_hz = reader.take("3I")
    digest = reader.bytes(32).hex()
    arena, state, results, inputs, outputs = reader.take("5I")
    _require(abi == ENGINE_ABI, f"version {abi} of engine.h, instead of {ENGINE_ABI}")
    least, most = _BODY_BYTES
    _require(least <= max_body <= most, f"a largest request of {max_body:,} bytes")
    _require(tick_hz > 0, "a stopwatch that does not tick")
    _require(state <= _MAX_TENSOR_BYTES, f"a state of {state:,} bytes")
    _require(results <= _MAX_RESULTS, f"{results:,} outputs of ops")
    _require(max(inputs, outputs) <= _MAX_TENSORS, "too many inputs or outputs")
    board, engine, model = reader.text(), reader.text(), reader.text()
    hello = Hello(
        protocol=message.state,
        engine_abi=abi,
        max_body_bytes=max_body,
        tick_hz=tick_hz,
        model_hash=digest,
        arena_bytes=arena,
        state_bytes=state,
        result_count=results,
        board=board,
        engine=engine,
        model=model,
        inputs=tuple(_tensor(reader) for _ in range(inputs)),
        outputs=tuple(_tensor(reader) for _ in range(outputs)),
    )
    reader.end()
    return hello


def _tensor(reader: _Reader) -> TensorInfo:
    number, rank, zero, size, row_bytes = reader.take("BBHII")
    scale, zero_point = reader.take("fi")
    _require(number < len(DTYPES) and rank <= _MAX_RANK and zero == 0, "not a tensor")
    dtype = DTYPES[number]
    shape = reader.take(f"{rank}i")
    _require(min(shape, default=1) > 0, "a tensor without elements")
    fits = prod(shape) * _DTYPE_BYTES[dtype] == size <= _MAX_TENSOR_BYTES
    _require(fits, "a tensor whose size does not follow from its shape")
    low, high = _ZERO_POINTS[dtype]
    sound = isfinite(scale) and scale >= 0 and low <= zero_point <= high
    _require(sound, "a quantisation that its dtype cannot have")
    _require(row_bytes == 0 or size % row_bytes == 0, "rows that are no part of their tensor")
    return TensorInfo(dtype, shape, size, float(scale), zero_point, row_bytes)


def parse_digest(body: bytes, count: int) -> DigestPiece:
    """Raises `ReplyError`, also for an output that no op of the model has: there are `count`."""
    piece = DigestPiece(*_unpack("<IIIIIQ", body))
    _require(piece.result < count, f"output {piece.result} of {count}")
    _require(piece.total <= _MAX_TENSOR_BYTES, f"an output of {piece.total:,} bytes")
    inside = piece.offset + piece.bytes <= piece.total and (piece.bytes > 0 or piece.total == 0)
    _require(inside, "a digest of bytes that are not there")
    return piece


def parse_output(body: bytes, result: int) -> OutputPiece:
    """A piece of that output of an op. Raises `ReplyError`."""
    number, total, offset = _unpack("<III", body[:12])
    piece = OutputPiece(number, total, offset, body[12:])
    _require(number == result, f"output {number} instead of {result}")
    _require(total <= _MAX_TENSOR_BYTES, f"an output of {total:,} bytes")
    inside = 0 < len(piece.data) <= min(OUTPUT_PIECE_BYTES, total - offset)
    _require(inside, "a piece of bytes that are not there")
    return piece


@dataclass(frozen=True)
class RowPiece:
    """Bytes of an input that are asked for, or of an output that are handed over."""

    tensor: int
    offset: int
    count: int
    data: bytes = b""


def parse_give(body: bytes, inputs: Sequence[TensorInfo], most: int) -> RowPiece:
    """What is asked for of an input that streams, at most so many bytes. Raises `ReplyError`."""
    tensor, offset, count = _unpack("<III", body)
    return _streamed(RowPiece(tensor, offset, count), inputs, most)


def parse_take(body: bytes, outputs: Sequence[TensorInfo]) -> RowPiece:
    """What is handed over of an output that streams. Raises `ReplyError`."""
    tensor, offset = _unpack("<II", body[:8])
    data = body[8:]
    return _streamed(RowPiece(tensor, offset, len(data), data), outputs, len(data))


def _streamed(piece: RowPiece, tensors: Sequence[TensorInfo], most: int) -> RowPiece:
    _require(piece.tensor < len(tensors), f"rows of tensor {piece.tensor} of {len(tensors)}")
    known = tensors[piece.tensor]
    _require(known.row_bytes > 0, f"rows of tensor {piece.tensor}, which has none")
    _require(0 < piece.count <= most, f"{piece.count:,} bytes of a row")
    _require(piece.offset + piece.count <= known.bytes, "bytes of a row that are not there")
    return piece


def parse_stats(body: bytes) -> Stats:
    """Raises `ReplyError`, also where more was used than there is."""
    stats = Stats(*_unpack("<5I", body))
    _require(stats.stack_high_water <= stats.stack_bytes, "a stack used beyond its size")
    _require(stats.arena_used <= stats.arena_bytes, "an arena used beyond its size")
    return stats


def parse_ticks(body: bytes) -> int:
    """Ticks of a RUN. Raises `ReplyError`."""
    (ticks,) = _unpack("<Q", body)
    return ticks


def _unpack(layout: str, body: bytes) -> tuple[int, ...]:
    _require(len(body) == struct.calcsize(layout), "it has the wrong length")
    return struct.unpack(layout, body)


def _require(is_sound: bool, otherwise: str) -> None:
    if not is_sound:
        raise ReplyError(otherwise)
