"""The codec: every message survives, no damage passes, and C and Python use the same numbers."""

from __future__ import annotations

import re
from enum import IntEnum

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcuforge.device import protocol, replies
from mcuforge.device.protocol import BadFrameError, Decoder, Message
from mcuforge.files import paths

messages = st.builds(
    Message,
    kind=st.integers(0, 255),
    sequence=st.integers(0, 65535),
    body=st.binary(max_size=600) | st.integers(0, 1200).map(bytes),
    status=st.integers(0, 255),
    state=st.integers(0, 2**32 - 1),
    session=st.integers(0, 2**32 - 1),
)


@given(messages)
def test_a_message_survives_the_wire(message: Message) -> None:
    wire = protocol.encode(message)
    assert wire[0] == wire[-1] == 0
    assert 0 not in wire[1:-1]
    assert protocol.decode(wire[1:-1]) == message


@given(st.lists(messages, max_size=5), st.lists(st.integers(1, 50), min_size=1))
def test_messages_survive_any_cut(sent: list[Message], cuts: list[int]) -> None:
    stream = b"".join(map(protocol.encode, sent))
    decoder, received, turn = Decoder(), [], 0
    while stream:
        size = cuts[turn % len(cuts)]
        received += list(decoder.feed(stream[:size]))
        stream, turn = stream[size:], turn + 1
    assert received == sent
    assert decoder.damaged == 0


@given(messages, st.data())
def test_a_changed_byte_never_passes(message: Message, data: st.DataObject) -> None:
    wire = bytearray(protocol.encode(message))
    position = data.draw(st.integers(1, len(wire) - 2))
    wire[position] ^= data.draw(st.integers(1, 255))
    assert list(Decoder().feed(bytes(wire))) in ([], [message])


@given(st.binary(max_size=300))
def test_noise_is_counted_not_raised(noise: bytes) -> None:
    decoder = Decoder()
    message = Message(protocol.Request.RUN, 7)
    received = list(decoder.feed(noise + protocol.encode(message)))
    assert received[-1] == message


def test_a_stream_without_frames_does_not_pile_up() -> None:
    decoder = Decoder()
    for _ in range(40):
        assert list(decoder.feed(b"\x01" * 65536)) == []
    assert decoder.damaged >= 2
    assert len(decoder._pending) <= 2**20 + 65536


def test_a_frame_too_short_for_its_header_is_damaged() -> None:
    with pytest.raises(BadFrameError):
        protocol.decode(b"\x03ab")


def _defines() -> dict[str, int]:
    text = (paths.data_dir("firmware") / "runtime" / "harness_protocol.h").read_text()
    found = re.findall(r"#define MF_(\w+) (0x[0-9A-F]+|\d+)", text)
    return {name: int(value, 0) for name, value in found}


def test_numbers_are_those_of_the_c_header() -> None:
    enums: dict[str, type[IntEnum]] = {
        "REQUEST": protocol.Request,
        "ANSWER": protocol.Answer,
        "EVENT": protocol.Event,
        "STATUS": protocol.Status,
        "TRACE": protocol.Trace,
        "CRASH": protocol.Crash,
    }
    expected = {f"{prefix}_{e.name}": e.value for prefix, kind in enums.items() for e in kind}
    expected |= {
        "PROTOCOL_VERSION": protocol.VERSION,
        "REPLY": protocol.REPLY,
        "OUTPUT_PIECE_BYTES": protocol.OUTPUT_PIECE_BYTES,
    }
    assert _defines() == expected


def test_dtypes_are_those_of_the_engine() -> None:
    text = (paths.data_dir("firmware") / "engines" / "mcuforge" / "engine.h").read_text()
    found = re.search(r"typedef enum \{([^}]*)\} mf_dtype;", text)
    assert found
    names = re.findall(r"MF_(\w+) = (\d+)", found[1])
    assert [(n.lower(), int(v)) for n, v in names] == [
        (name, number) for number, name in enumerate(replies.DTYPES)
    ]


def test_limits_are_those_of_the_engine() -> None:
    text = (paths.data_dir("firmware") / "engines" / "mcuforge" / "engine.h").read_text()
    defines = dict(re.findall(r"#define MF_(\w+) (\d+)", text))
    assert int(defines["ENGINE_ABI_VERSION"]) == replies.ENGINE_ABI
    assert int(defines["MAX_RANK"]) == replies._MAX_RANK
