"""Digests of outputs that come row by row are those of the whole outputs."""

from __future__ import annotations

import random
import struct
from zlib import crc32

import pytest

from mcuforge.device.protocol import Event, Message
from mcuforge.device.tracing import Digests
from mcuforge.errors import DeviceError


def event(result: int, total: int, offset: int, data: bytes, ticks: int = 3) -> Message:
    body = struct.pack("<IIIIIQ", result, total, offset, len(data), crc32(data), ticks)
    return Message(Event.DIGEST, 0, body)


@pytest.mark.parametrize("rows", [[5], [1, 1, 1], [64, 64, 7], [1] * 40])
def test_rows_in_any_order_make_the_digest_of_the_whole(rows: list[int]) -> None:
    draw = random.Random(1)
    content = draw.randbytes(sum(rows))
    events = [event(1, 4, 0, b"abcd")]
    begin = 0
    for row in rows:
        events.append(event(0, len(content), begin, content[begin : begin + row]))
        begin += row
    draw.shuffle(events)
    digests = Digests(2)
    for each in (*events, events[0]):  # one comes twice
        assert not digests.is_complete() or each is events[0]
        digests.take(each)
    whole, other = digests.in_order()
    assert digests.is_complete() and other.crc32 == crc32(b"abcd")
    assert (whole.bytes, whole.crc32, whole.ticks) == (begin, crc32(content), 3 * len(rows))


def test_pieces_that_overlap_are_refused() -> None:
    digests = Digests(1)
    for each in (event(0, 8, 0, b"abcd"), event(0, 8, 2, b"cdef")):
        digests.take(each)
    with pytest.raises(DeviceError, match="twice"):
        digests.in_order()
    with pytest.raises(DeviceError, match="two sizes"):
        digests.take(event(0, 9, 0, b"abcd"))
