"""A device in Python that speaks the harness protocol, and lies: frames are sound, fields are not.

Time is its own, so that nothing is waited for.
"""

from __future__ import annotations

import random
import struct
from collections.abc import Callable
from dataclasses import replace

from mcuforge.device import protocol, replies
from mcuforge.device.protocol import Decoder, Event, Message, Request, Status, Trace

SIZE = 1500
HASH = b"\x11" * 32
OPS = 2
_WORDS = (0, 1, 4, 8, 255, 256, 2**31 - 1, 2**31, 2**32 - 1)
_FLOATS = (float("nan"), float("inf"), -1.0, 1e-45)
_TEXTS = (b"\x1b[2J\0", b"\xff\xfe\0", b"\0", b"a\nb\0", b"x" * 300 + b"\0")


class Clock:
    """Seconds that pass only where a link waits."""

    def __init__(self) -> None:
        self.now = 1000.0

    def monotonic(self) -> float:
        return self.now


class LyingDevice:
    """A transport. `lie` is the probability that a frame is changed before it is sent."""

    def __init__(self, clock: Clock, lie: float, seed: int) -> None:
        self.sent = b""
        self._clock, self._lie = clock, lie
        self._random = random.Random(seed)
        self._decoder = Decoder()
        self._coming: list[bytes] = []
        self._data = bytearray(SIZE)
        self._result = bytes(SIZE)

    def write(self, data: bytes) -> None:
        for request in self._decoder.feed(data):
            for message in self._answers(request):
                for told in self._told(message):
                    self._coming.append(told)
                    self.sent += told

    def read(self, timeout: float) -> bytes:
        if self._coming:
            self._clock.now += 0.001
            return self._coming.pop(0)
        self._clock.now += timeout
        return b""

    def close(self) -> None:
        pass

    def _answers(self, request: Message) -> list[Message]:
        body = request.body
        events: list[Message] = []
        reply = bytes(8)
        if request.kind == Request.HELLO:
            reply = hello_body()
        elif request.kind == Request.WRITE:
            offset = int.from_bytes(body[4:8], "little")
            self._data[offset : offset + len(body) - 8] = body[8:]
        elif request.kind == Request.RUN:
            self._result = result_of(self._data)
        elif request.kind == Request.READ:
            _, offset, length = struct.unpack("<3I", body)
            reply = self._result[offset : offset + length]
        elif request.kind == Request.TRACE:
            events = [replace(request, kind=k, body=b) for k, b in self._traced(body)]
        elif request.kind == Request.STATS:
            reply = struct.pack("<5I", 8192, 100, 4000, 3000, 0)
        return [*events, replace(request, kind=request.kind | protocol.REPLY, body=reply)]

    def _traced(self, body: bytes) -> list[tuple[int, bytes]]:
        mode, op = struct.unpack("<2I", body)
        if mode == Trace.DIGESTS:
            return [
                (Event.DIGEST, struct.pack("<IIIIIQ", i, SIZE, 0, SIZE, i, 5)) for i in range(OPS)
            ]
        return [
            (Event.OUTPUT, struct.pack("<3I", op, SIZE, at) + bytes(self._data[at : at + 1024]))
            for at in range(0, SIZE, 1024)
        ]

    def _told(self, message: Message) -> list[bytes]:
        if self._random.random() >= self._lie:
            return [protocol.encode(message)]
        lies: list[Callable[[Message], list[bytes]]] = [
            self._another_body, self._another_header, self._another_length, self._something_else,
            self._twice, self._nothing, self._noise,
        ]  # fmt: skip
        return self._random.choice([lies[0], *lies])(message)

    def _another_body(self, message: Message) -> list[bytes]:
        """One or a few of its fields hold something else."""
        body = bytearray(message.body)
        for _ in range(self._random.randrange(1, 4)):
            at = self._random.randrange(len(body) + 1)
            at -= self._random.choice((0, at % 4))
            value = self._random.choice(
                (
                    struct.pack("<I", self._random.choice(_WORDS)),
                    struct.pack("<f", self._random.choice(_FLOATS)),
                    self._random.choice(_TEXTS),
                    self._random.randbytes(self._random.randrange(1, 5)),
                )
            )
            body[at : at + len(value)] = value
        return [protocol.encode(replace(message, body=bytes(body)))]

    def _another_header(self, message: Message) -> list[bytes]:
        r = self._random
        changed = r.choice(
            (
                replace(message, kind=r.randrange(256)),
                replace(message, status=r.randrange(256)),
                replace(message, status=r.choice(list(Status))),
                replace(message, sequence=r.randrange(2**16)),
                replace(message, state=r.choice(_WORDS)),
                replace(message, session=r.choice(_WORDS)),
            )
        )
        return [protocol.encode(changed)]

    def _another_length(self, message: Message) -> list[bytes]:
        body = message.body[: self._random.randrange(len(message.body) + 1)]
        longer = message.body + self._random.randbytes(self._random.randrange(1, 3000))
        return [protocol.encode(replace(message, body=self._random.choice((body, longer))))]

    def _something_else(self, message: Message) -> list[bytes]:
        """A sound frame of random content, before the true one."""
        kinds = [*Event, *(k | protocol.REPLY for k in Request)]
        size = self._random.choice((0, 4, 12, 20, 108, self._random.randrange(200)))
        body = self._random.randbytes(size)
        other = replace(message, kind=self._random.choice(kinds), body=body)
        return [protocol.encode(other), protocol.encode(message)]

    def _twice(self, message: Message) -> list[bytes]:
        return [protocol.encode(message)] * 2

    def _nothing(self, _: Message) -> list[bytes]:
        return []

    def _noise(self, message: Message) -> list[bytes]:
        return [self._random.randbytes(self._random.randrange(200)), protocol.encode(message)]


def hello_body() -> bytes:
    """Of a model with one int8 input and one output, both of `SIZE` elements."""
    tensor = struct.pack("<BBHIIfi2i", 0, 2, 0, SIZE, 0, 0.5, -1, 3, SIZE // 3)
    head = struct.pack("<3I32s5I", replies.ENGINE_ABI, 1008, 25, HASH, 4000, 0, OPS, 1, 1)
    return head + b"board\0aot\0model\0" + tensor * 2


def result_of(data: bytes | bytearray) -> bytes:
    """What the model computes."""
    return bytes(b ^ 0x5A for b in data)
