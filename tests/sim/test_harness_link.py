"""The C harness, built for this computer under ASan and UBSan, behind good and bad links."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from zlib import crc32

import fake_project as fake
import numpy as np
import pytest
from cobs import cobs
from faulty_link import Faults, FaultyLink

from mcuforge.device import protocol, replies
from mcuforge.device.client import Device, Link
from mcuforge.device.protocol import Message, Request, Status
from mcuforge.device.transport import ProcessTransport, Transport
from mcuforge.errors import DeviceError

SESSION = 77
QUICK = Link(attempts=40, reply_seconds=0.05, run_seconds=2.0)

BAD_LINKS = {
    "loses": Faults(lose=0.2),
    "damages": Faults(damage=0.2),
    "repeats": Faults(repeat=0.5),
    "delays": Faults(delay=0.3),
    "splits": Faults(split=0.5),
    "merges": Faults(merge=0.2),
    "adds": Faults(garbage=0.3),
    "everything": Faults(lose=0.08, damage=0.08, repeat=0.15, delay=0.15),
}


@contextmanager
def linked(elf: Path, faults: Faults, seed: int) -> Iterator[tuple[Device, FaultyLink]]:
    link = FaultyLink(lambda: ProcessTransport([str(elf)]), faults, seed)
    with Device(link, QUICK) as device:
        yield device, link


@pytest.mark.parametrize(
    "seed", [0, *(pytest.param(seed, marks=pytest.mark.slow) for seed in (1, 2))]
)
@pytest.mark.parametrize("faults", BAD_LINKS.values(), ids=BAD_LINKS)
def test_every_request_runs_once_on_a_bad_link(
    host_firmware: Path, faults: Faults, seed: int
) -> None:
    with linked(host_firmware, faults, seed) as (device, link):
        for number in range(6):
            inputs = fake.inputs(number)
            result = device.run(inputs)
            expected = fake.expected_ops(inputs[0])[2].reshape(fake.SHAPE)
            assert np.array_equal(result.outputs[0], expected)
            assert result.outputs[1] == [number + 1]  # the device's own count of runs
        assert link.faults_made > 0


@pytest.mark.parametrize("faults", BAD_LINKS.values(), ids=BAD_LINKS)
def test_a_trace_is_complete_on_a_bad_link(host_firmware: Path, faults: Faults) -> None:
    inputs = fake.inputs(9)
    expected = fake.expected_ops(inputs[0])
    with linked(host_firmware, faults, seed=5) as (device, _):
        digests = device.trace(inputs)
        assert [d.crc32 for d in digests] == [crc32(e.tobytes()) for e in expected]
        assert device.fetch_op_output(1, inputs) == expected[1].tobytes()


def test_retries_are_bounded(host_firmware: Path) -> None:
    link = FaultyLink(lambda: ProcessTransport([str(host_firmware)]), Faults(lose=1.0), seed=0)
    start = time.monotonic()
    with (
        Device(link, Link(attempts=4, reply_seconds=0.05)) as device,
        pytest.raises(DeviceError, match=r"No answer to HELLO within 0.2 s and 4 attempts"),
    ):
        device.hello()
    assert link.frames_sent == 4
    assert time.monotonic() - start < 5.0


def test_damage_is_mentioned(host_firmware: Path) -> None:
    class Deaf(FaultyLink):
        def write(self, data: bytes) -> None:
            self._inner.write(data)  # only what comes back is damaged

    link = Deaf(lambda: ProcessTransport([str(host_firmware)]), Faults(damage=1.0), seed=1)
    quick = Link(attempts=3, reply_seconds=0.3)
    with (
        Device(link, quick) as device,
        pytest.raises(DeviceError, match=r"[1-9]\d* damaged frames arrived"),
    ):
        device.hello()


def test_a_trace_that_never_gets_through_is_an_error(host_firmware: Path) -> None:
    class NoEvents(ProcessTransport):
        """Lets replies pass, and no events."""

        def read(self, timeout: float) -> bytes:
            messages = protocol.Decoder().feed(super().read(timeout))
            return b"".join(protocol.encode(m) for m in messages if m.kind < 0xC0)

    with (
        Device(NoEvents([str(host_firmware)]), Link(attempts=3, reply_seconds=0.5)) as device,
        pytest.raises(DeviceError, match="lost in each of 3 attempts"),
    ):
        device.trace(fake.inputs(1))


class Raw:
    """Sends single messages, to see what the device says to those that no client sends."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport
        self._decoder = protocol.Decoder()

    def send(self, message: Message) -> Message:
        """The reply."""
        self._transport.write(protocol.encode(message))
        return self.reply()

    def reply(self) -> Message:
        """What comes next, but for what a TRACE tells."""
        deadline = time.monotonic() + 5.0
        while time.monotonic() < deadline:
            for reply in self._decoder.feed(self._transport.read(1.0)):
                if reply.kind not in list(protocol.Event):
                    return reply
        raise AssertionError("no answer")

    def hello(self, sequence: int = 1, session: int = SESSION) -> Message:
        version = protocol.VERSION
        return self.send(Message(Request.HELLO, sequence, state=version, session=session))

    def ask(
        self, kind: int, sequence: int, state: int, body: bytes = b"", session: int = SESSION
    ) -> Message:
        return self.send(Message(kind, sequence, body, state=state, session=session))

    def run(self, sequence: int, state: int) -> Message:
        """With an input that lets the model run; `state` is that of the RUN."""
        self.ask(Request.WRITE, sequence - 1, state - 1, words(1, 0, 0))
        return self.ask(Request.RUN, sequence, state)


@pytest.fixture
def raw(host_firmware: Path) -> Iterator[Raw]:
    transport = ProcessTransport([str(host_firmware)])
    yield Raw(transport)
    transport.close()


def words(*values: int) -> bytes:
    return b"".join(v.to_bytes(4, "little") for v in values)


EVERY = [
    (Request.WRITE, words(0, 0, 0)),
    (Request.RUN, b""),
    (Request.READ, words(1, 0, 4)),
    (Request.TRACE, words(0, 0)),
    (Request.STATS, b""),
    (Request.LATENT, words(0, 0, 0, 0, 0)),
]


@pytest.mark.parametrize(("kind", "body"), EVERY)
def test_nothing_is_done_before_hello(raw: Raw, kind: Request, body: bytes) -> None:
    assert raw.ask(kind, 1, 0, body).status == Status.SEQUENCE


@pytest.mark.parametrize(("kind", "body"), EVERY)
def test_nothing_is_done_for_another_session_or_state(raw: Raw, kind: Request, body: bytes) -> None:
    raw.hello()
    assert raw.run(3, 1).status == Status.OK
    for session, state in ((SESSION + 1, 2), (SESSION, 0), (SESSION, 3), (SESSION, 2**32 - 1)):
        assert raw.ask(kind, 4, state, body, session).status == Status.SEQUENCE
    assert raw.ask(kind, 5, 1, body).status == Status.SEQUENCE  # RUN's own state, but no repetition
    assert raw.ask(Request.READ, 6, 2, words(1, 0, 4)).body == words(1)  # the count of runs


def test_outputs_are_those_of_a_run_that_succeeded(raw: Raw) -> None:
    read = (Request.READ, 9, 0, words(1, 0, 4))
    raw.hello()
    assert raw.ask(*read).status == Status.SEQUENCE
    assert raw.run(3, 1).status == Status.OK
    assert raw.ask(Request.READ, 9, 2, words(1, 0, 4)).status == Status.OK
    raw.ask(Request.WRITE, 4, 2, words(1, 0, 0))
    assert raw.ask(Request.READ, 9, 3, words(1, 0, 4)).status == Status.SEQUENCE
    raw.ask(Request.TRACE, 5, 3, words(0, 0))
    raw.ask(Request.WRITE, 6, 4, words(1, 0, 2**32 - 1))
    assert raw.ask(Request.RUN, 7, 5).status == Status.INVOKE_FAILED
    assert raw.ask(Request.READ, 9, 6, words(1, 0, 4)).status == Status.SEQUENCE
    raw.run(9, 7)
    raw.hello(session=SESSION + 1)
    assert raw.ask(*read, session=SESSION + 1).status == Status.SEQUENCE


def test_a_repeated_request_is_answered_but_not_run_again(raw: Raw) -> None:
    raw.hello()
    raw.ask(Request.WRITE, 2, 0, words(1, 0, 0))
    first, again = raw.ask(Request.RUN, 3, 1), raw.ask(Request.RUN, 3, 1)
    assert first == again
    assert first.status == Status.OK
    raw.hello()  # so does a late hello: no new session
    assert raw.ask(Request.READ, 9, 2, words(1, 0, 4)).body == words(1)  # the count of runs
    assert raw.run(5, 3).status == Status.OK
    assert raw.ask(Request.RUN, 3, 1).status == Status.SEQUENCE  # one that comes too late
    assert raw.ask(Request.WRITE, 5, 3, words(0, 0)).status == Status.SEQUENCE
    assert raw.ask(Request.READ, 9, 4, words(1, 0, 4)).body == words(2)


def test_sequence_numbers_go_round(raw: Raw) -> None:
    raw.hello(0xFFFD)
    for state, sequence in ((1, 0xFFFF), (3, 1)):
        assert raw.run(sequence, state).status == Status.OK
    assert raw.ask(Request.READ, 2, 4, words(1, 0, 4)).body == words(2)


def test_a_monitor_asks_without_a_session(raw: Raw) -> None:
    assert raw.ask(Request.STATS, 0, 0, session=0).status == Status.OK
    raw.hello()
    raw.run(3, 1)
    assert raw.ask(Request.STATS, 0, 0, session=0).status == Status.OK
    assert raw.ask(Request.RUN, 4, 2, session=0).status == Status.SEQUENCE


@pytest.mark.parametrize(
    ("kind", "body", "status"),
    [
        (Request.WRITE, words(0), Status.MALFORMED),
        (Request.WRITE, words(2, 0) + b"x", Status.RANGE),
        (Request.WRITE, words(0, 2400) + b"x", Status.RANGE),
        (Request.WRITE, words(0, 0xFFFFFFFF) + b"xx", Status.RANGE),
        (Request.WRITE, words(0, 2399) + b"x", Status.OK),
        (Request.RUN, b"x", Status.MALFORMED),
        (Request.READ, words(0, 0), Status.MALFORMED),
        (Request.READ, words(2, 0, 1), Status.RANGE),
        (Request.READ, words(0, 1, 2400), Status.RANGE),
        (Request.READ, words(0, 0xFFFFFFFF, 2), Status.RANGE),
        (Request.READ, words(0, 1, 0xFFFFFFFF), Status.RANGE),
        (Request.READ, words(0, 2400, 0), Status.OK),
        (Request.TRACE, words(2, 0), Status.RANGE),
        (Request.TRACE, words(1, 3), Status.RANGE),
        (Request.TRACE, words(1), Status.MALFORMED),
        (Request.CRASH, words(0), Status.UNKNOWN),  # not built in
        (0x33, b"", Status.UNKNOWN),
    ],
)
def test_bad_requests_are_refused(raw: Raw, kind: int, body: bytes, status: Status) -> None:
    raw.hello()
    raw.run(3, 1)
    reply = raw.ask(kind, 4, 2, body)
    assert (reply.kind, reply.sequence, reply.status) == (kind | protocol.REPLY, 4, status)
    assert (reply.session, reply.state) == (SESSION, 2)


@pytest.mark.parametrize(
    ("body", "version", "session", "status"),
    [
        (b"x", protocol.VERSION, 3, Status.MALFORMED),
        (b"", protocol.VERSION, 0, Status.MALFORMED),
        (b"", protocol.VERSION + 1, 3, Status.VERSION),
        (b"more", 1, 3, Status.VERSION),
    ],
)
def test_bad_hellos_start_no_session(
    raw: Raw, body: bytes, version: int, session: int, status: Status
) -> None:
    hello = Message(Request.HELLO, 1, body, state=version, session=session)
    reply = raw.send(hello)
    assert (reply.status, reply.state) == (status, protocol.VERSION)
    assert raw.ask(Request.RUN, 2, 0, session=session).status == Status.SEQUENCE


def test_hosts_of_the_first_version_are_told(raw: Raw) -> None:
    """Their headers end after the sequence number; HELLO's body begins as it did."""
    hello = Message(Request.HELLO, 5, state=1, session=77)
    assert raw.send(hello).state == protocol.VERSION
    payload = bytes([Request.STATS, 0, 9, 0])
    stuffed = cobs.encode(payload + words(crc32(payload)))
    raw._transport.write(b"\0" + stuffed + b"\0")
    reply = raw.reply()
    assert (reply.kind, reply.sequence) == (Request.STATS | protocol.REPLY, 9)
    assert reply.status == Status.MALFORMED


def test_frames_too_long_are_dropped_and_counted(raw: Raw) -> None:
    raw.hello()
    raw._transport.write(protocol.encode(Message(Request.WRITE, 1, b"\x01" * 5000)))
    raw._transport.write(b"\0\xff\x01\0")
    stats = replies.parse_stats(raw.ask(Request.STATS, 1, 0).body)
    assert stats.dropped_frames == 2
    largest = protocol.REQUEST_BYTES - 16
    assert raw.ask(Request.RUN, 2, 0, b"\0" * largest).status == Status.MALFORMED


def test_a_host_that_ends_is_reported() -> None:
    with (
        Device(ProcessTransport(["sh", "-c", "echo broken >&2; exit 3"])) as device,
        pytest.raises(DeviceError, match=r"(?s)sh ended with exit code 3\nbroken"),
    ):
        device.hello()


def test_another_protocol_version_is_reported(
    host_firmware: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(protocol, "VERSION", 6)
    with (
        Device.spawn([str(host_firmware)]) as device,
        pytest.raises(DeviceError, match=r"speaks version 5 of the harness protocol, .* version 6"),
    ):
        device.hello()


@pytest.mark.skipif(sys.platform == "win32", reason="needs pseudo-terminals")
def test_a_serial_port_works(host_firmware: Path) -> None:
    ours, theirs = os.openpty()
    name = os.ttyname(theirs)
    with subprocess.Popen([host_firmware], stdin=ours, stdout=ours) as firmware:
        with Device.open(name) as device:
            inputs = fake.inputs(3)
            expected = fake.expected_ops(inputs[0])[2].reshape(fake.SHAPE)
            assert device.hello(fake.HASH).board == "host"
            assert np.array_equal(device.run(inputs).outputs[0], expected)
        os.close(theirs)
        os.close(ours)
        firmware.terminate()


def test_programs_and_ports_that_do_not_exist_are_reported(tmp_path: Path) -> None:
    with pytest.raises(DeviceError, match="cannot be started: No such file"):
        Device.spawn([str(tmp_path / "none")])
    with pytest.raises(DeviceError, match=r"socket://127\.0\.0\.1:1 cannot be opened"):
        Device.open("socket://127.0.0.1:1")
    with pytest.raises(DeviceError, match="/dev/no-such-port cannot be opened"):
        Device.open("/dev/no-such-port")
    with pytest.raises(DeviceError, match="nonsense://x cannot be opened"):
        Device.open("nonsense://x")
