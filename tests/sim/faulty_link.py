"""A link that does everything wrong that links do, the same way for the same seed."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import dataclass

from mcuforge.device.protocol import Decoder, Request
from mcuforge.device.transport import LinkError, Transport

_PAUSE_SECONDS = 0.002  # between the pieces of a frame


@dataclass(frozen=True)
class Faults:
    """Probability of each fault, for every frame.

    A `merge` joins a frame with the next one in its direction, `garbage` comes before it. After a
    `disconnect` nothing arrives any more; a `reset` starts the device again, before or after it
    takes a request in, and half of them are followed by a late copy of the session's HELLO.
    """

    lose: float = 0.0
    damage: float = 0.0
    repeat: float = 0.0
    delay: float = 0.0
    split: float = 0.0
    merge: float = 0.0
    garbage: float = 0.0
    disconnect: float = 0.0
    reset: float = 0.0


@dataclass(frozen=True)
class Reset:
    """A reset at request number `at`, counted from 0; one that is sent again counts once."""

    at: int
    after: bool  # it was taken in, and its reply is lost
    late_hello: bool


class FaultyLink:
    """Wraps what `start` gives; a delayed frame arrives after the next one in its direction."""

    def __init__(
        self,
        start: Callable[[], Transport],
        faults: Faults,
        seed: int,
        reset: Reset | None = None,
    ) -> None:
        self.frames_sent = 0
        self.faults_made = 0
        self.faults_by_kind: dict[str, int] = {}
        self._start = start
        self._inner = start()
        self._faults = faults
        self._reset = reset
        self._random = random.Random(seed)
        self._partial = b""
        self._arrived: list[bytes] = []  # what a read returns at once, each
        self._late: dict[str, list[bytes]] = {"out": [], "in": []}
        self._hello = b""
        self._last_sent, self._requests = b"", 0
        self._is_connected = True

    def write(self, data: bytes) -> None:
        self._require_connected()
        number, self.frames_sent = self.frames_sent, self.frames_sent + 1
        if data != self._last_sent:
            self._last_sent, self._requests = data, self._requests + 1
        if next(Decoder().feed(data)).kind == Request.HELLO:
            self._hello = data
        reset = self._reset if self._reset and self._reset.at == self._requests - 1 else None
        if reset is not None:
            self._reset = None
        elif self._happens("reset"):
            reset = Reset(number, *(self._random.random() < 0.5 for _ in range(2)))
        if reset and not reset.after:
            self._restart(reset)
        for frame in self._through(data, "out"):
            for piece in self._split(frame):
                self._inner.write(piece)
                if piece != frame:
                    time.sleep(_PAUSE_SECONDS)
        if reset and reset.after:
            time.sleep(_PAUSE_SECONDS)
            self._restart(reset)

    def read(self, timeout: float) -> bytes:
        self._require_connected()
        if not self._arrived:
            received = self._partial + self._inner.read(timeout)
            *frames, self._partial = received.split(b"\0")
            for frame in filter(None, frames):
                for through in self._through(b"\0" + frame + b"\0", "in"):
                    self._arrived += self._split(through)
        return self._arrived.pop(0) if self._arrived else b""

    def close(self) -> None:
        self._inner.close()

    def _restart(self, reset: Reset) -> None:
        self._inner.close()
        self._inner = self._start()
        self._partial, self._arrived = b"", []
        if reset.late_hello:
            self._inner.write(self._hello)

    def _require_connected(self) -> None:
        if self._is_connected and self._happens("disconnect"):
            self._is_connected = False
        if not self._is_connected:
            raise LinkError("unplugged")

    def _happens(self, kind: str) -> bool:
        happens = self._random.random() < getattr(self._faults, kind)
        self.faults_made += happens
        self.faults_by_kind[kind] = self.faults_by_kind.get(kind, 0) + happens
        return happens

    def _through(self, frame: bytes, direction: str) -> list[bytes]:
        late, self._late[direction] = self._late[direction], []
        if self._happens("lose"):
            return late
        if self._happens("damage"):
            position = self._random.randrange(len(frame))
            flipped = frame[position] ^ (1 << self._random.randrange(8))
            frame = frame[:position] + bytes([flipped]) + frame[position + 1 :]
        if self._happens("merge"):
            frame = frame.strip(b"\0")
        if self._happens("garbage"):
            frame = self._random.randbytes(self._random.randrange(1, 400)) + frame
        frames = [frame] * (2 if self._happens("repeat") else 1)
        if self._happens("delay"):
            self._late[direction] = frames
            return late
        return frames + late

    def _split(self, frame: bytes) -> list[bytes]:
        if len(frame) < 2 or not self._happens("split"):
            return [frame]
        at = self._random.randrange(1, len(frame))
        return [frame[:at], frame[at:]]
