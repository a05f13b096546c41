"""A model with state behind the harness: sequences, and what ends them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from zlib import crc32

import fake_project as fake
import harness_build
import numpy as np
import pytest
from faulty_link import Faults, FaultyLink, Reset

from mcuforge.device.client import Device, Link
from mcuforge.device.protocol import Message, Request, Status, decode, encode
from mcuforge.device.transport import ProcessTransport
from mcuforge.errors import DeviceError

QUICK = Link(attempts=30, reply_seconds=0.05, run_seconds=1.5)
STEPS = 4


@pytest.fixture(scope="module")
def firmware(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A program that serves the fake model with a byte of state, in requests of 1024 bytes."""
    project = harness_build.write_sources(tmp_path_factory.mktemp("stateful") / "p", 1024)
    return harness_build.program(project, 40, state_bytes=1)


def inputs(seed: int) -> list[fake.Array]:
    rng = np.random.default_rng(seed)
    return [rng.integers(-128, 128, (4, 40), np.int8), np.zeros(1, np.int32)]  # type: ignore[list-item]


def expected(seeds: list[int]) -> Iterator[list[fake.Array]]:
    """The outputs of the three ops at each step of a sequence."""
    carried = 0
    for seed in seeds:
        first, second, third = fake.expected_ops(inputs(seed)[0])
        third = (third.view(np.uint8) + np.uint8(carried)).view(np.int8)
        yield [first, second, third]
        carried = (3 * carried + int(third.view(np.uint8)[0]) + 1) % 256


def results(seeds: list[int]) -> list[list[int]]:
    return [ops[2].tolist() for ops in expected(seeds)]


def run(device: Device, seeds: list[int]) -> list[list[int]]:
    return [device.run(inputs(seed)).outputs[0].ravel().tolist() for seed in seeds]


def test_sequences_begin_with_a_session_and_with_reset(firmware: Path) -> None:
    with Device.spawn([str(firmware)]) as device:
        assert device.hello(fake.HASH).state_bytes == 1
        assert run(device, [1, 2, 3]) == results([1, 2, 3])
        assert run(device, [4]) == results([1, 2, 3, 4])[3:]
        device.reset()
        assert run(device, [2, 1]) == results([2, 1])
        device.hello()
        assert run(device, [3, 3]) == results([3, 3])


def test_a_trace_runs_what_came_before(firmware: Path) -> None:
    with Device.spawn([str(firmware)]) as device:
        run(device, [9])
        *before, last = (inputs(seed) for seed in (1, 2, 3))
        ops = list(expected([1, 2, 3]))[-1]
        digests = [d.crc32 for d in device.trace(last, before)]
        assert digests == [crc32(op.tobytes()) for op in ops]
        assert device.fetch_op_output(2, last, before) == ops[2].tobytes()


def test_a_sequence_that_was_lost_is_not_gone_on_with(firmware: Path) -> None:
    with Device.spawn([str(firmware)]) as device:
        run(device, [1, 2])
        with pytest.raises(DeviceError, match="could not run"):
            device.run([inputs(3)[0], np.array([-1], np.int32)])
        for _ in range(2):
            with pytest.raises(DeviceError, match="begin the sequence again"):
                device.run(inputs(3))
        device.stats()  # does not begin one
        with pytest.raises(DeviceError, match="begin the sequence again"):
            device.run(inputs(3))
        device.reset()
        assert run(device, [3, 4]) == results([3, 4])


class Repeating(ProcessTransport):
    """Sends every request twice; the device's answers to the second are late replies."""

    def write(self, data: bytes) -> None:
        super().write(data)
        super().write(data)


def test_a_run_that_arrives_twice_runs_once(firmware: Path) -> None:
    with Device(Repeating([str(firmware)]), QUICK) as device:
        assert run(device, [1, 2, 3]) == results([1, 2, 3])


@pytest.mark.parametrize(("body", "status"), [(b"", Status.OK), (b"x", Status.MALFORMED)])
def test_the_status_of_a_reset(firmware: Path, body: bytes, status: Status) -> None:
    with Device.spawn([str(firmware)]) as device:
        device.hello()
        conversation = device._conversation
        reply = conversation._exchange(Request.RESET, body, False, None)
        assert reply.status == status
        message = Message(Request.RESET, 1, body)
        assert decode(encode(message).strip(b"\0")) == message


def play(link: FaultyLink, seed: int) -> tuple[int, int]:
    """Sequences, each begun again until it comes through: how many steps were right, and begun."""
    right = begun = 0
    with Device(link, QUICK) as device:
        for number in range(3):
            seeds = [seed + number, seed, seed + 7, number]
            for _ in range(20):
                begun += 1
                try:
                    device.reset()
                    done: list[int] = []
                    for step in seeds:
                        (found,) = run(device, [step])
                        done.append(step)
                        assert found == results(done)[-1], f"seed {seed}, after {done}"
                    *before, last = map(inputs, seeds)
                    digests = [d.crc32 for d in device.trace(last, before)]
                    ops = list(expected(seeds))[-1]
                    assert digests == [crc32(op.tobytes()) for op in ops]
                    right += len(seeds)
                    break
                except DeviceError:
                    continue
    return right, begun


EVERYTHING = Faults(
    lose=0.02, damage=0.02, repeat=0.03, delay=0.02, split=0.03, merge=0.01, garbage=0.02,
    disconnect=0.0005, reset=0.01,
)  # fmt: skip


FEWEST = 3  # seeds: on a busy computer late replies are faults, too


def play_until(firmware: Path, least: int) -> None:
    made = right = seed = 0
    while made < least or seed < FEWEST:
        link = FaultyLink(lambda: ProcessTransport([str(firmware)]), EVERYTHING, seed)
        steps, _ = play(link, seed)
        made, right, seed = made + link.faults_made, right + steps, seed + 1
    assert 2 * right >= seed * 3 * STEPS, "half of the steps come through"


def test_no_fault_makes_a_wrong_step(firmware: Path) -> None:
    play_until(firmware, 60)


@pytest.mark.slow
def test_a_thousand_faults_make_no_wrong_step(firmware: Path) -> None:
    play_until(firmware, 1000)


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("late_hello", [False, True])
def test_a_reset_of_the_device_at_every_request(
    firmware: Path, after: bool, late_hello: bool
) -> None:
    """The step that it hits is refused, and the sequence is begun again from its first state."""
    quiet = FaultyLink(lambda: ProcessTransport([str(firmware)]), Faults(), 0)
    assert play(quiet, 0) == (3 * STEPS, 3)
    for at in range(0, quiet.frames_sent, 7):
        reset = Reset(at, after, late_hello)
        link = FaultyLink(lambda: ProcessTransport([str(firmware)]), Faults(), 0, reset)
        right, begun = play(link, 0)
        assert right == 3 * STEPS and begun <= 4, f"reset at request {at}"
