"""A device that answers slowly, on a clock that only the link moves."""

from __future__ import annotations

import itertools
import struct
from collections import deque
from dataclasses import replace

import pytest

from mcuforge.device import conversation, protocol
from mcuforge.device.client import Device, Link
from mcuforge.device.protocol import Decoder, Message, Request
from mcuforge.errors import DeviceError

STATS = struct.pack("<5I", 8192, 100, 4000, 4000, 0)
LONG = bytes(range(1, 256)) * 32


class Clock:
    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 1000.0
        monkeypatch.setattr(conversation.time, "monotonic", lambda: self.now)


class SlowDevice:
    """Thinks for `delay` seconds, then sends its reply at `rate` bytes a second.

    It answers every request that arrives, one after the other, as real firmware does.
    """

    def __init__(self, clock: Clock, delay: float, rate: float = 1e6, deaf: int = 0) -> None:
        self.sent: list[float] = []
        self._clock, self._delay, self._rate, self._deaf = clock, delay, rate, deaf
        self._decoder = Decoder()
        self._free_at = 0.0
        self._coming: deque[tuple[float, bytes]] = deque()
        self._begun = clock.now

    def write(self, data: bytes) -> None:
        self.sent.append(self._clock.now - self._begun)
        for request in self._decoder.feed(data):
            if self._deaf:
                self._deaf -= 1
                continue
            at = max(self._free_at, self._clock.now) + self._delay
            for byte in protocol.encode(self._reply(request)):
                at += 1 / self._rate
                self._coming.append((at, bytes([byte])))
            self._free_at = at

    def _reply(self, request: Message) -> Message:
        body = {Request.STATS: STATS, Request.RUN: bytes(8)}.get(Request(request.kind), LONG)
        return replace(request, kind=request.kind | protocol.REPLY, body=body)

    def read(self, timeout: float) -> bytes:
        until = self._clock.now + timeout
        if not self._coming or self._coming[0][0] > until:
            self._clock.now = until
            return b""
        self._clock.now = max(self._clock.now, self._coming[0][0])
        return self._coming.popleft()[1]

    def close(self) -> None:
        pass


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    return Clock(monkeypatch)


@pytest.mark.parametrize("lossless", [False, True])
def test_a_reply_that_is_arriving_is_not_asked_for_again(clock: Clock, lossless: bool) -> None:
    """8 KB at 400 bytes a second: 20 s, ten times the patience."""
    slow = SlowDevice(clock, 0.1, rate=400)
    with Device(slow, Link(lossless=lossless)) as device:
        reply = device._exchange(Request.READ)
    assert reply.body == LONG
    assert len(slow.sent) == 1


def test_a_model_that_runs_for_long_is_asked_less_and_less_often(clock: Clock) -> None:
    slow = SlowDevice(clock, 60.0)
    with Device(slow, Link(reply_seconds=5.0, lossless=True)) as device:
        device._exchange(Request.RUN, running=True)
    assert slow.sent == [0.0, 5.0, 15.0, 35.0]
    serial = SlowDevice(clock, 60.0)
    with Device(serial, Link(reply_seconds=2.0)) as device:
        device._exchange(Request.RUN, running=True)
    assert len(serial.sent) <= 10  # 30 where it was repeated every 2 s
    gaps = [b - a for a, b in itertools.pairwise(serial.sent)]
    assert gaps == sorted(gaps) and max(gaps) == 8.0


def test_a_link_that_loses_is_asked_again_as_often_as_before(clock: Clock) -> None:
    slow = SlowDevice(clock, 0.1, deaf=5)
    with Device(slow, Link()) as device:
        device._exchange(Request.STATS)
    assert slow.sent == [0.0, 2.0, 4.0, 6.0, 8.0, 10.0]


def test_repeats_do_not_outrun_a_slow_device(clock: Clock) -> None:
    """Each request takes it 5 s: those repeated every 2 s would pile up before it."""
    slow = SlowDevice(clock, 5.0)
    with Device(slow, Link()) as device:
        for _ in range(20):
            device._exchange(Request.STATS)
        before = len(slow.sent)
        for _ in range(10):
            device._exchange(Request.STATS)
    assert len(slow.sent) == before + 10
    assert before < 40


def test_firmware_that_starts_is_asked_again_soon(clock: Clock) -> None:
    """The first HELLO may come before the UART is set up."""
    for lossless in (False, True):
        slow = SlowDevice(clock, 0.01, deaf=2)
        with Device(slow, Link(reply_seconds=5.0, lossless=lossless)) as device:
            device._conversation.hello()
        assert slow.sent == pytest.approx([0.0, 0.2, 0.6])


@pytest.mark.parametrize("lossless", [False, True])
@pytest.mark.parametrize("running", [False, True])
def test_patience_ends(clock: Clock, lossless: bool, running: bool) -> None:
    link = Link(attempts=3, reply_seconds=2.0, run_seconds=50.0, lossless=lossless)
    silent = SlowDevice(clock, 0.1, deaf=10_000)
    begun = clock.now
    with Device(silent, link) as device, pytest.raises(DeviceError, match="No answer to STATS"):
        device._exchange(Request.STATS, running=running)
    assert clock.now - begun == pytest.approx(50.0 if running else 6.0)


def test_noise_without_an_end_is_given_up(clock: Clock) -> None:
    class Noise(SlowDevice):
        def read(self, timeout: float) -> bytes:
            self._clock.now += min(timeout, 0.5)
            return b"\x55"

    noise = Noise(clock, 0.1)
    begun = clock.now
    with Device(noise, Link()) as device, pytest.raises(DeviceError, match="No answer to STATS"):
        device._exchange(Request.STATS)
    assert clock.now - begun < 200
    assert len(noise.sent) == 1


def test_whether_the_core_has_stopped_is_asked_after_a_second(clock: Clock) -> None:
    silent = SlowDevice(clock, 0.1, deaf=10_000)
    begun = clock.now
    with (
        Device(silent, Link(lossless=True), stopped=lambda: "jumped to nowhere") as device,
        pytest.raises(DeviceError, match="The device stopped: jumped to nowhere"),
    ):
        device._exchange(Request.RUN, running=True)
    assert clock.now - begun == pytest.approx(1.0)
