"""Bodies of replies: a sound one is read, any other is refused in words, whatever it holds."""

from __future__ import annotations

import contextlib
import struct
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcuforge.device import protocol, replies
from mcuforge.device.faults import parse_fault
from mcuforge.device.protocol import Message, Request
from mcuforge.device.replies import ReplyError

NAN, INF = float("nan"), float("inf")


def hello_body(**fields: Any) -> bytes:
    """The body of a sound HELLO, but for the fields given."""
    f: dict[str, Any] = {
        "abi": 5, "body": 4080, "hz": 25, "arena": 100, "state": 0, "ops": 3,
        "inputs": 1, "outputs": 0,
        "board": b"board", "engine": b"aot", "model": b"model",
        "dtype": 0, "rank": 2, "zero": 0, "size": 6, "row": 0, "scale": 0.5, "zero_point": -1,
        "shape": (2, 3), "more": b"",
    } | fields  # fmt: skip
    head = struct.pack("<3I32s", f["abi"], f["body"], f["hz"], b"\x0a" * 32)
    counts = struct.pack("<5I", f["arena"], f["state"], f["ops"], f["inputs"], f["outputs"])
    texts = b"".join(f[name] + b"\0" for name in ("board", "engine", "model"))
    tensor = struct.pack(
        "<BBHIIfi",
        *(f[name] for name in ("dtype", "rank", "zero", "size", "row", "scale", "zero_point")),
    ) + struct.pack(f"<{len(f['shape'])}i", *f["shape"])
    return head + counts + texts + tensor + f["more"]


def read(body: bytes) -> replies.Hello:
    kind = Request.HELLO | protocol.REPLY
    return replies.parse_hello(Message(kind, 1, body, state=protocol.VERSION, session=7))


def test_a_hello_is_read() -> None:
    hello = read(hello_body())
    assert (hello.board, hello.engine, hello.model) == ("board", "aot", "model")
    assert hello.inputs == (replies.TensorInfo("int8", (2, 3), 6, 0.5, -1),)
    assert hello.model_hash == "0a" * 32
    assert hello.protocol == protocol.VERSION


@pytest.mark.parametrize("length", range(len(hello_body())))
def test_a_hello_cut_short_is_refused(length: int) -> None:
    with pytest.raises(ReplyError):
        read(hello_body()[:length])


WRONG: list[dict[str, Any]] = [
    {"row": 4}, {"row": 7}, {"abi": 2}, {"state": 2**31},
    {"body": 0}, {"body": 4}, {"body": 8}, {"body": 255}, {"body": 2**32 - 1},
    {"hz": 0},
    {"ops": 2**32 - 1},
    {"inputs": 0}, {"inputs": 2}, {"inputs": 2**32 - 1}, {"outputs": 1}, {"outputs": 2**32 - 1},
    {"board": b"\x1b[2J"}, {"model": b"a\nb"}, {"engine": b""}, {"board": b"\xff\xfe"},
    {"model": b"x" * 300}, {"model": "\u202etxt".encode()}, {"board": "\x9b2J".encode()},
    {"rank": 9}, {"rank": 7}, {"rank": 1}, {"zero": 1},
    {"size": 7}, {"size": 0}, {"dtype": 5}, {"dtype": 7}, {"dtype": 255}, {"dtype": 3},
    {"shape": (-2, -3)}, {"shape": (0, 3), "size": 0}, {"shape": (2**31 - 1, 2**31 - 1)},
    {"scale": NAN}, {"scale": INF}, {"scale": -0.5},
    {"zero_point": 128}, {"zero_point": -129}, {"dtype": 4, "size": 24, "zero_point": 1},
    {"more": b"x"},
]  # fmt: skip


@pytest.mark.parametrize("wrong", WRONG, ids=str)
def test_a_hello_that_cannot_be_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ReplyError):
        read(hello_body(**wrong))


@pytest.mark.parametrize(
    "sound",
    [{"body": 1008}, {"scale": 0.0}, {"dtype": 4, "size": 24, "zero_point": 0}, {"hz": 10**9}],
    ids=str,
)
def test_what_devices_say_is_read(sound: dict[str, Any]) -> None:
    read(hello_body(**sound))


@given(st.binary(max_size=200), st.integers(0, 40))
def test_no_body_crashes_a_reader(body: bytes, kept: int) -> None:
    sound = hello_body()
    for data in (body, sound[:kept] + body, sound[:-kept] + body):
        with contextlib.suppress(ReplyError):
            read(data)
    for parse in (replies.parse_stats, replies.parse_ticks, parse_fault):
        with contextlib.suppress(ReplyError):
            parse(body)
    with contextlib.suppress(ReplyError):
        replies.parse_digest(body, 3)
    with contextlib.suppress(ReplyError):
        replies.parse_output(body, 3)


def words(*values: int) -> bytes:
    return struct.pack(f"<{len(values)}I", *values)


@pytest.mark.parametrize(
    "body",
    [words(8, 9, 8, 8, 0), words(8, 8, 8, 9, 0), words(8, 8, 8, 8), words(8, 8, 8, 8, 0, 0)],
)
def test_stats_that_cannot_be_are_refused(body: bytes) -> None:
    with pytest.raises(ReplyError):
        replies.parse_stats(body)


@pytest.mark.parametrize(
    ("op", "total", "offset", "size", "is_sound"),
    [
        (2, 1500, 0, 1024, True),
        (2, 1500, 1024, 476, True),
        (1, 1500, 0, 1024, False),  # of another op
        (2, 1500, 1024, 475, True),  # a row of an op that runs row by row
        (2, 1500, 512, 988, True),
        (2, 1500, 1024, 477, False),
        (2, 3000, 0, 1025, False),
        (2, 1500, 2048, 0, False),
        (2, 2**32 - 1, 0, 1024, False),
        (2, 0, 0, 0, False),
    ],
)
def test_pieces_of_outputs(op: int, total: int, offset: int, size: int, is_sound: bool) -> None:
    body = words(op, total, offset) + bytes(size)
    if is_sound:
        assert replies.parse_output(body, 2).offset == offset
        return
    with pytest.raises(ReplyError):
        replies.parse_output(body, 2)


def test_digests_are_of_ops_that_exist() -> None:
    assert replies.parse_digest(digest(2, 4, 0, 4), 3).result == 2
    assert replies.parse_digest(digest(2, 4, 3, 1), 3).offset == 3
    wrong = ((3, 4, 0, 4), (2, 4, 0, 5), (2, 4, 4, 1), (2, 4, 0, 0), (2, 2**31, 0, 4))
    for body in (*(digest(*each) for each in wrong), words(2, 4, 5)):
        with pytest.raises(ReplyError):
            replies.parse_digest(body, 3)


def digest(*place: int) -> bytes:
    return words(*place) + struct.pack("<IQ", 5, 6)
