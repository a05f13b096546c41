"""Single lies, each told in one message; random ones are in tests/fuzz/link."""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import lying_device
import numpy as np
import pytest
from lying_device import HASH, SIZE, Clock, LyingDevice
from small_model import small_classifier

from mcuforge import planning
from mcuforge.device import conversation, protocol
from mcuforge.device.client import Device
from mcuforge.device.protocol import Event, Message, Request
from mcuforge.errors import DeviceError
from mcuforge.proof import divergence, prove
from mcuforge.samples import quantised

INPUT = np.zeros((3, SIZE // 3), np.int8)
Change = Callable[[Message], Message]


class Liar(LyingDevice):
    """Changes each answer by `change`."""

    def __init__(self, clock: Clock, change: Change) -> None:
        super().__init__(clock, 0.0, 0)
        self._change = change
        self.asked: list[Message] = []

    def _answers(self, request: Message) -> list[Message]:
        self.asked.append(request)
        return [self._change(m) for m in super()._answers(request)]


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(conversation, "time", clock)
    return clock


def in_reply(kind: int, old: bytes, new: bytes) -> Change:
    def change(message: Message) -> Message:
        if message.kind != kind:
            return message
        assert old in message.body
        return replace(message, body=message.body.replace(old, new, 1))

    return change


def in_hello(old: bytes, new: bytes) -> Change:
    return in_reply(Request.HELLO | protocol.REPLY, old, new)


BODY = struct.pack("<II", 1008, 25)


@pytest.mark.parametrize("least", [0, 4, 8, 9, 255, 2**32 - 1])
def test_a_largest_request_that_takes_no_input(clock: Clock, least: int) -> None:
    liar = Liar(clock, in_hello(BODY, struct.pack("<II", least, 25)))
    with Device(liar) as device, pytest.raises(DeviceError, match="a largest request of"):
        device.run([INPUT])
    assert [m.kind for m in liar.asked] == [Request.HELLO]


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        (b"board", b"\x1b[2Jx", "no name"),
        (struct.pack("<f", 0.5), struct.pack("<f", float("nan")), "quantisation"),
        (struct.pack("<i", SIZE // 3), struct.pack("<i", -(SIZE // 3)), "tensor"),
        (BODY, struct.pack("<II", 1008, 0), "does not tick"),
    ],
)
def test_what_a_hello_cannot_say(clock: Clock, old: bytes, new: bytes, told: str) -> None:
    with Device(Liar(clock, in_hello(old, new))) as device:
        with pytest.raises(DeviceError, match=told) as caught:
            device.hello(HASH.hex())
        assert caught.value.message.isprintable()


def test_ops_and_pieces_that_do_not_exist(clock: Clock) -> None:
    digest = in_reply(Event.DIGEST, struct.pack("<II", 1, SIZE), struct.pack("<II", 7, SIZE))

    def beyond(message: Message) -> Message:
        return digest(message) if message.body[:4] == b"\1\0\0\0" else message

    with Device(Liar(clock, beyond)) as device, pytest.raises(DeviceError, match="output 7 of 2"):
        device.trace([INPUT])
    piece = in_reply(Event.OUTPUT, struct.pack("<I", SIZE), struct.pack("<I", 2**31))
    with Device(Liar(clock, piece)) as device, pytest.raises(DeviceError, match="cannot be right"):
        device.fetch_op_output(1, [INPUT])


@pytest.fixture(scope="module")
def plan(tmp_path_factory: pytest.TempPathFactory) -> Any:
    file = tmp_path_factory.mktemp("model") / "m.tflite"
    file.write_bytes(small_classifier())
    return planning.make_plan(file, "m")


def test_the_tensors_of_another_model(clock: Clock, plan: Any) -> None:
    """The hash is that of the model, the rest is not."""
    digest = bytes.fromhex(plan.graph.model_hash)
    with (
        Device(Liar(clock, in_hello(lying_device.HASH, digest))) as device,
        pytest.raises(DeviceError, match="other inputs or outputs than the model"),
    ):
        prove.measure(device, "device", plan, quantised.random_samples(plan.graph, 1), _nothing)


def _nothing(_label: str, _done: int, _total: int) -> None:
    pass


def test_traces_of_other_sizes(plan: Any) -> None:
    tensors = [plan.graph.output(op) for op in plan.graph.ops]
    outputs = [np.zeros(t.shape, t.dtype.value) for t in tensors]
    expected = divergence.trace_outputs("oracle", outputs)
    more = divergence.trace_outputs("device", [*outputs, outputs[0]])
    with pytest.raises(DeviceError, match="traces"):
        divergence.first(plan, expected, more)
    shorter = divergence.trace_outputs("device", [o.ravel()[1:] for o in outputs])
    with pytest.raises(DeviceError, match="bytes of an output of op 0"):
        divergence.first(plan, expected, shorter)
