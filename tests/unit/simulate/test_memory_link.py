"""Frames past QEMU's UART: what is said to its debugger interface, and when the UART is taken."""

from __future__ import annotations

import socket
import struct
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from cobs import cobs

from mcuforge.device.protocol import REPLY, Decoder, Message, Request, encode
from mcuforge.device.transport import LinkError
from mcuforge.simulate.gdb_stub import GdbStub
from mcuforge.simulate.memory_link import DELIMITER, LINK_VARIABLE, Mailbox, MemoryLink

STOPPED, ATTACHED = b"$T05thread:01;#07", b"$1#31"
OK, NO_MEMORY = b"$OK#9a", b"$E14#aa"
MAILBOX = Mailbox(0x20000100, 1024, 0x20000010, 0x20000014)
WRITE = encode(Message(Request.WRITE, 7, bytes(range(64)), session=5))


@pytest.fixture
def ends() -> Iterator[tuple[GdbStub, socket.socket]]:
    """A debugger, and QEMU's end of its connection."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        yield GdbStub(ours), theirs


def test_memory_is_written_while_the_machine_stands_still(
    ends: tuple[GdbStub, socket.socket],
) -> None:
    stub, qemu = ends
    for report in (b"", STOPPED, STOPPED + STOPPED):  # none of a machine that did not run yet
        qemu.sendall(report + b"+" + ATTACHED + b"+" + OK + b"+" + OK + b"+")
        assert stub.write([(0x20000100, b"\x01\xff"), (0x10, b"z")])
        acks = b"+" * (report.count(b"$") + 1)
        wanted = b"+\x03$qAttached#8f" + acks + b"$M20000100,2:01ff#95+$M10,1:7a#dd+$c#63"
        assert qemu.recv(4096) == wanted


def test_large_blocks_go_in_parts_that_a_packet_holds(ends: tuple[GdbStub, socket.socket]) -> None:
    stub, qemu = ends
    qemu.sendall(STOPPED + ATTACHED + 3 * OK)
    assert stub.write([(0, bytes(2500))])
    said = qemu.recv(1 << 16)
    assert [p.partition(b":")[0] for p in said.split(b"$")[2:5]] == [
        b"M0,400",
        b"M400,400",
        b"M800,1c4",
    ]


def test_where_there_is_no_memory_the_machine_runs_on(ends: tuple[GdbStub, socket.socket]) -> None:
    stub, qemu = ends
    qemu.sendall(STOPPED + ATTACHED + NO_MEMORY)
    assert not stub.write([(0, b"a"), (4, b"b")])
    assert qemu.recv(4096).endswith(b"$c#63")


def test_as_many_bytes_are_read_as_are_counted(ends: tuple[GdbStub, socket.socket]) -> None:
    stub, qemu = ends
    content = bytes(range(256)) * 5
    parts = b"".join(b"$%s#00" % part.hex().encode() for part in (content[:1024], content[1024:]))
    qemu.sendall(STOPPED + ATTACHED + b"$00050000#00" + parts)
    assert stub.read_counted(0x10, 0x20000100, 4096) == content
    said = qemu.recv(1 << 16)
    assert said.endswith(b"$c#63")
    asked = [b"$m10,4#", b"$m20000100,400#", b"$m20000500,100#"]
    assert [said.count(packet) for packet in asked] == [1, 1, 1]


@pytest.mark.parametrize("count", [b"$00000000#00", b"$01100000#00", NO_MEMORY])
def test_nothing_is_read_where_the_count_is_none(
    ends: tuple[GdbStub, socket.socket], count: bytes
) -> None:
    stub, qemu = ends
    qemu.sendall(STOPPED + ATTACHED + count)
    assert stub.read_counted(0x10, 0x20000100, 4096) == b""
    assert qemu.recv(4096).endswith(b"$c#63")


def test_a_debugger_that_is_gone_is_a_lost_link(ends: tuple[GdbStub, socket.socket]) -> None:
    stub, qemu = ends
    qemu.close()
    with pytest.raises(LinkError):
        stub.write([(0, b"a")])


class Recorder(GdbStub):
    """A debugger whose memory takes everything."""

    def __init__(self) -> None:
        self.pieces: list[tuple[int, bytes]] = []
        self.replies: list[bytes] = []

    def write(self, pieces: Sequence[tuple[int, bytes]]) -> bool:
        self.pieces += pieces
        return True

    def read_counted(self, count_at: int, start: int, most: int) -> bytes:
        assert (count_at, start, most) == (0x20000014, 0x20000100, 1024)
        return self.replies.pop()


@pytest.fixture
def link() -> Iterator[MemoryLink]:
    made = MemoryLink(MAILBOX)
    made._debugger.close()
    made._debugger = Recorder()
    yield made
    made._theirs.close()


def test_a_frame_is_put_without_its_cobs(link: MemoryLink) -> None:
    memory = link._debugger
    assert isinstance(memory, Recorder)
    assert link.put(WRITE)
    content = memory.pieces[0][1]
    assert memory.pieces[0][0] == 0x20000100 and bytes(range(64)) in content
    assert memory.pieces[1] == (0x20000010, struct.pack("<I", len(content)))
    assert len(content) == 12 + 64 + 4  # header, body and CRC
    assert not link.put(encode(Message(Request.RUN, 8, session=5)))  # short
    assert not link.put(encode(Message(Request.WRITE, 9, bytes(1024))))  # no room for it
    assert not link.put(
        encode(Message(Request.HELLO, 10, bytes(64)))
    )  # a core that faulted hears it
    assert len(memory.pieces) == 2


def test_while_copies_may_arrive_nothing_is_put_into_their_buffer(link: MemoryLink) -> None:
    frames = [encode(Message(Request.WRITE, n, bytes(64), session=5)) for n in range(4)]
    a, b, c, d = frames
    taken = [link.put(frame) for frame in (a, a, a, b, c, d, d, a, b)]
    assert taken == [True, False, False, False, True, True, False, False, True]


def test_a_reply_is_looked_for_where_the_request_was_put_and_a_delimiter_comes(
    link: MemoryLink,
) -> None:
    memory = link._debugger
    assert isinstance(memory, Recorder)
    reply = encode(Message(Request.WRITE | REPLY, 7, bytes(64), session=5))
    assert link.with_reply(DELIMITER) == DELIMITER  # nothing was asked: the memory is not read
    assert link.put(WRITE)
    assert link.with_reply(b"\5\6") == b"\5\6"
    memory.replies = [cobs.decode(reply.strip(DELIMITER)), b""]
    assert link.with_reply(DELIMITER) == DELIMITER  # none yet, or it comes over the UART
    assert list(Decoder().feed(link.with_reply(DELIMITER))) == list(Decoder().feed(reply))
    assert link.with_reply(DELIMITER) == DELIMITER and not memory.replies
    assert not link.put(WRITE)  # repeated: its reply is not in memory
    assert link.with_reply(DELIMITER) == DELIMITER


def test_without_a_mailbox_or_where_asked_for_everything_goes_over_the_uart(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    elf = tmp_path / "firmware.elf"
    elf.write_bytes(b"\x7fELF of another kind")
    assert Mailbox.of(elf) is None and MemoryLink.of(elf) is None
    monkeypatch.setattr(Mailbox, "of", lambda _elf: MAILBOX)
    link = MemoryLink.of(elf)
    assert link is not None and str(link.descriptor) in link.options[1]
    link.close()
    monkeypatch.setenv(LINK_VARIABLE, "uart")
    assert MemoryLink.of(elf) is None
