"""A link that loses, damages, repeats and delays frames, the same way for the same seed."""

from __future__ import annotations

import random
from dataclasses import dataclass

from mcuforge.device.transport import Transport


@dataclass(frozen=True)
class Faults:
    """Probability of each fault, for every frame."""

    lose: float = 0.0
    damage: float = 0.0
    repeat: float = 0.0
    delay: float = 0.0


class FaultyLink:
    """Wraps a transport; a delayed frame arrives after the next one in its direction."""

    def __init__(self, inner: Transport, faults: Faults, seed: int) -> None:
        self.frames_sent = 0
        self.faults_made = 0
        self._inner = inner
        self._faults = faults
        self._random = random.Random(seed)
        self._partial = b""
        self._late: dict[str, list[bytes]] = {"out": [], "in": []}

    def write(self, data: bytes) -> None:
        self.frames_sent += 1
        for frame in self._through(data, "out"):
            self._inner.write(frame)

    def read(self, timeout: float) -> bytes:
        *frames, self._partial = (self._partial + self._inner.read(timeout)).split(b"\0")
        arrived = [f for frame in frames if frame for f in self._through(frame + b"\0", "in")]
        return b"".join(arrived)

    def close(self) -> None:
        self._inner.close()

    def _happens(self, probability: float) -> bool:
        happens = self._random.random() < probability
        self.faults_made += happens
        return happens

    def _through(self, frame: bytes, direction: str) -> list[bytes]:
        late, self._late[direction] = self._late[direction], []
        if self._happens(self._faults.lose):
            return late
        if self._happens(self._faults.damage):
            position = self._random.randrange(len(frame))
            flipped = frame[position] ^ (1 << self._random.randrange(8))
            frame = frame[:position] + bytes([flipped]) + frame[position + 1 :]
        frames = [frame] * (2 if self._happens(self._faults.repeat) else 1)
        if self._happens(self._faults.delay):
            self._late[direction] = frames
            return late
        return frames + late
