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
from faulty_link import Faults, FaultyLink

from mcuforge.device import protocol
from mcuforge.device.client import Device, Link
from mcuforge.device.protocol import Message, Request, Status
from mcuforge.device.transport import ProcessTransport, Transport
from mcuforge.errors import DeviceError

QUICK = Link(attempts=40, reply_seconds=0.05, run_seconds=2.0)

BAD_LINKS = {
    "loses": Faults(lose=0.2),
    "damages": Faults(damage=0.2),
    "repeats": Faults(repeat=0.5),
    "delays": Faults(delay=0.3),
    "everything": Faults(lose=0.08, damage=0.08, repeat=0.15, delay=0.15),
}


@contextmanager
def linked(elf: Path, faults: Faults, seed: int) -> Iterator[tuple[Device, FaultyLink]]:
    link = FaultyLink(ProcessTransport([str(elf)]), faults, seed)
    with Device(link, QUICK) as device:
        yield device, link


@pytest.mark.parametrize("seed", range(3))
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
    link = FaultyLink(ProcessTransport([str(host_firmware)]), Faults(lose=1.0), seed=0)
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

    link = Deaf(ProcessTransport([str(host_firmware)]), Faults(damage=1.0), seed=1)
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

    def ask(self, kind: int, sequence: int, body: bytes = b"") -> Message:
        self._transport.write(protocol.encode(Message(kind, sequence, body)))
        deadline = time.monotonic() + 5.0
        while time.monotonic() < deadline:
            for message in self._decoder.feed(self._transport.read(1.0)):
                return message
        raise AssertionError("no answer")


@pytest.fixture
def raw(host_firmware: Path) -> Iterator[Raw]:
    transport = ProcessTransport([str(host_firmware)])
    yield Raw(transport)
    transport.close()


def words(*values: int) -> bytes:
    return b"".join(v.to_bytes(4, "little") for v in values)


def test_nothing_runs_before_hello(raw: Raw) -> None:
    assert raw.ask(Request.RUN, 1).status == Status.SEQUENCE
    assert raw.ask(Request.HELLO, 1, words(protocol.VERSION, 77)).status == Status.OK
    assert raw.ask(Request.RUN, 2).status == Status.OK


def test_a_repeated_request_is_answered_but_not_run_again(raw: Raw) -> None:
    raw.ask(Request.HELLO, 1, words(protocol.VERSION, 77))
    first, again = raw.ask(Request.RUN, 2), raw.ask(Request.RUN, 2)
    assert first == again
    assert first.status == Status.OK
    raw.ask(Request.RUN, 3)
    assert raw.ask(Request.RUN, 2).status == Status.SEQUENCE  # one that comes too late
    assert raw.ask(Request.WRITE, 3, words(0, 0)).status == Status.SEQUENCE
    raw.ask(Request.HELLO, 1, words(protocol.VERSION, 77))  # so does a late hello: no new session
    assert raw.ask(Request.RUN, 2).status == Status.SEQUENCE
    assert raw.ask(Request.READ, 9, words(1, 0, 4)).body == words(2)  # the count of runs
    raw.ask(Request.HELLO, 1, words(protocol.VERSION, 78))
    assert raw.ask(Request.RUN, 2).status != Status.SEQUENCE


def test_sequence_numbers_go_round(raw: Raw) -> None:
    raw.ask(Request.HELLO, 0xFFFE, words(protocol.VERSION, 5))
    for sequence in (0xFFFF, 0, 1):
        assert raw.ask(Request.RUN, sequence).status != Status.SEQUENCE
    assert raw.ask(Request.READ, 2, words(1, 0, 4)).body == words(3)


@pytest.mark.parametrize(
    ("kind", "body", "status"),
    [
        (Request.HELLO, b"", Status.MALFORMED),
        (Request.HELLO, words(protocol.VERSION + 1, 3), Status.VERSION),
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
    raw.ask(Request.HELLO, 1, words(protocol.VERSION, 9))
    reply = raw.ask(kind, 2, body)
    assert (reply.kind, reply.sequence, reply.status) == (kind | protocol.REPLY, 2, status)


def test_frames_too_long_are_dropped_and_counted(raw: Raw) -> None:
    raw._transport.write(protocol.encode(Message(Request.WRITE, 1, b"\x01" * 5000)))
    raw._transport.write(b"\0\xff\x01\0")
    stats = protocol.parse_stats(raw.ask(Request.STATS, 1).body)
    assert stats.dropped_frames == 2
    largest = protocol.REQUEST_BYTES - 8
    assert raw.ask(Request.RUN, 2, b"\0" * largest).status == Status.SEQUENCE


def test_a_host_that_ends_is_reported() -> None:
    with (
        Device(ProcessTransport(["sh", "-c", "echo broken >&2; exit 3"])) as device,
        pytest.raises(DeviceError, match=r"(?s)sh ended with exit code 3\nbroken"),
    ):
        device.hello()


def test_another_protocol_version_is_reported(
    host_firmware: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(protocol, "VERSION", 2)
    with (
        Device.spawn([str(host_firmware)]) as device,
        pytest.raises(DeviceError, match=r"speaks version 1 of the harness protocol, .* version 2"),
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
