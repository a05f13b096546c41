"""Text and frames in one stream, told apart."""

from __future__ import annotations

import itertools

import pytest

from mcuforge.device import protocol
from mcuforge.device.faults import Fault
from mcuforge.device.monitor import Monitor, Pulse, watch
from mcuforge.device.protocol import Event, Message, Request
from mcuforge.device.replies import ReplyError
from mcuforge.device.transport import LinkError
from mcuforge.errors import DeviceError

FAULT = b"registers"
REGISTERS = {"r0": 1, "lr": 0x2001, "pc": 0x1234}


@pytest.fixture(autouse=True)
def parsed(monkeypatch: pytest.MonkeyPatch) -> None:
    """The body `FAULT` is a division by zero; any other is damaged."""

    def parse(body: bytes) -> Fault:
        if body != FAULT:
            raise ReplyError("damaged")
        return Fault(
            stacked=REGISTERS, sp=0x2000_1000, exc_return=0xFFFF_FFF9, cfsr=1 << 25, hfsr=1 << 30,
            mmfar=0, bfar=0, stack_start=0x2000_0000, stack_end=0x2000_2000,
        )  # fmt: skip

    monkeypatch.setattr("mcuforge.device.monitor.parse_fault", parse)


def frame(kind: int, body: bytes = b"") -> bytes:
    return protocol.encode(Message(kind, 0, body))


def shown(data: bytes, size: int | None = None) -> str:
    monitor = Monitor()
    pieces = [data[i : i + (size or len(data))] for i in range(0, len(data), size or len(data))]
    return "".join(text for piece in pieces for text in monitor.feed(piece)) + "".join(
        monitor.idle()
    )


@pytest.mark.parametrize("size", [None, 1, 7])
def test_text_and_frames(size: int | None) -> None:
    data = b"hello\r\n" + frame(Event.FAULT, FAULT) + b"w\xc3\xb6rld\n"
    text = shown(data, size)
    assert text.startswith("hello\r\n[FAULT: division by zero")
    assert "pc=0x00001234" in text
    assert text.endswith("]\nwörld\n")


def test_other_frames_are_named() -> None:
    reply = frame(Request.HELLO | protocol.REPLY, b"12345")
    assert shown(reply) == "[HELLO reply, 5 bytes]\n"
    assert shown(frame(Event.DIGEST)) == "[DIGEST, 0 bytes]\n"
    assert shown(frame(0x55)) == "[message 0x55, 0 bytes]\n"


def test_damage_is_told() -> None:
    assert shown(b"\0\x01\xff\x02\0") == "(damaged frame of 3 bytes)\n"
    assert shown(frame(Event.FAULT, b"short")) == "[FAULT that this mcuforge cannot read]\n"


def test_a_terminal_does_nothing_but_colours() -> None:
    text = "\x1b[31mred\x1b[0m \x1b]0;title\a \x1b[2J"
    told = text.replace("\x1b]", "\\x1b]").replace("\x1b[2J", "\\x1b[2J")
    assert shown(text.encode()) == told
    assert shown(text.encode() + frame(Event.DIGEST)).startswith(told)


def test_noise_does_not_pile_up() -> None:
    monitor = Monitor()
    text = "".join(monitor.feed(b"\xff" * 70_000))
    assert text == "(70,000 bytes that are neither text nor a frame)\n"
    assert list(monitor.idle()) == []


def test_half_a_frame_is_waited_for() -> None:
    monitor = Monitor()
    data = frame(Event.FAULT, FAULT)
    assert list(monitor.feed(data[:10])) == []
    assert list(monitor.idle()) == []
    assert "division by zero" in "".join(monitor.feed(data[10:]))


class Line:
    """A transport that has some bytes, and is then lost."""

    def __init__(self, *pieces: bytes) -> None:
        self.pieces = list(pieces)
        self.sent = b""

    def write(self, data: bytes) -> None:
        self.sent += data

    def read(self, _timeout: float) -> bytes:
        if not self.pieces:
            raise LinkError("unplugged")
        return self.pieces.pop(0)

    def close(self) -> None:
        pass


def test_watching_ends_when_the_link_is_lost() -> None:
    line = Line(b"one", b"", b"two\n", b"")
    texts: list[str] = []
    with pytest.raises(DeviceError, match="lost: unplugged"):
        watch(line, Monitor(), texts.append)
    assert texts == ["one", "two\n"]
    assert line.sent == b""


def test_asking_sends_one_request() -> None:
    line = Line(b"")
    with pytest.raises(DeviceError):
        watch(line, Monitor(), print, at_once=True)
    messages = list(protocol.Decoder().feed(line.sent))
    assert [m.kind for m in messages] == [Request.STATS]


def test_watching_ends_in_time() -> None:
    watch(Line(b""), Monitor(), print, seconds=0)


def test_a_device_that_does_not_answer_is_asked_less_and_less_often(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now = 0.0
    monkeypatch.setattr("mcuforge.device.monitor.time.monotonic", lambda: now)
    line, told, asked_at = Line(), list[str](), list[float]()
    pulse = Pulse(told.append)
    for step in range(2400):
        now, before = step / 10, len(line.sent)
        pulse.beat(line)
        if len(line.sent) > before:
            asked_at.append(now)
    gaps = [round(b - a) for a, b in itertools.pairwise(asked_at)]
    assert gaps[:5] == [5, 5, 10, 20, 40] and set(gaps[5:]) <= {40}
    assert len(told) == 1
    pulse.heard()
    now, before = now + 2.1, len(line.sent)
    pulse.beat(line)
    assert len(line.sent) > before
