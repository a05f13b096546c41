"""A model whose input and output stream: rows go over a link that loses, damages and repeats."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import fake_project as fake
import harness_build
import link_scenario
import numpy as np
import pytest
from faulty_link import Faults, FaultyLink, Reset

from mcuforge.device import protocol
from mcuforge.device.client import Device
from mcuforge.device.protocol import Event, Message
from mcuforge.device.transport import ProcessTransport
from mcuforge.errors import DeviceError

COLUMNS = 600  # a row of so many bytes takes three pieces of 272 bytes
EVERYTHING = Faults(
    lose=0.02, damage=0.02, repeat=0.03, delay=0.02, split=0.03, merge=0.01, garbage=0.02,
    disconnect=0.0005, reset=0.002,
)  # fmt: skip


@pytest.fixture(scope="module", params=[0, 1])
def firmware(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A program that serves the fake model, whose rows are longer than a request may be."""
    state = int(request.param)
    project = harness_build.write_sources(tmp_path_factory.mktemp(f"rows{state}") / "p", 272)
    return harness_build.program(project, COLUMNS, state, rows=True)


def stateless(firmware: Path) -> bool:
    with Device.spawn([str(firmware)]) as device:
        return device.hello().state_bytes == 0


def link_to(firmware: Path, faults: Faults, seed: int, reset: Reset | None = None) -> FaultyLink:
    return FaultyLink(lambda: ProcessTransport([str(firmware)]), faults, seed, reset)


def inputs(seed: int) -> list[fake.Array]:
    rng = np.random.default_rng(seed)
    return [rng.integers(-128, 128, (4, COLUMNS), np.int8), np.zeros(1, np.int32)]  # type: ignore[list-item]


def expected(seeds: list[int]) -> list[list[int]]:
    """The output of a model without state."""
    return [fake.expected_ops(inputs(seed)[0])[2].tolist() for seed in seeds]


def with_state(seeds: list[int]) -> list[list[int]]:
    carried, found = 0, []
    for seed in seeds:
        third = (fake.expected_ops(inputs(seed)[0])[2].view(np.uint8) + np.uint8(carried)).view(
            np.int8
        )
        carried = (3 * carried + int(third.view(np.uint8)[0]) + 1) % 256
        found.append(third.tolist())
    return found


def run(device: Device, seeds: list[int]) -> list[list[int]]:
    return [device.run(inputs(seed)).outputs[0].ravel().tolist() for seed in seeds]


def results(firmware: Path, seeds: list[int]) -> list[list[int]]:
    return (expected if stateless(firmware) else with_state)(seeds)


def test_rows_go_both_ways(firmware: Path) -> None:
    with Device.spawn([str(firmware)]) as device:
        hello = device.hello(fake.HASH)
        assert [t.row_bytes for t in (*hello.inputs, *hello.outputs)] == [COLUMNS, 0, COLUMNS, 0]
        assert run(device, [1, 2, 3]) == results(firmware, [1, 2, 3])


def test_neither_is_written_or_read_otherwise(firmware: Path) -> None:
    with Device.spawn([str(firmware)]) as device:
        device.hello()
        with pytest.raises(DeviceError, match="refused WRITE: there is no such"):
            device._exchange(protocol.Request.WRITE, bytes(12))
        run(device, [1])
        with pytest.raises(DeviceError, match="refused READ: there is no such"):
            device._exchange(protocol.Request.READ, bytes(12))


def faults_until(firmware: Path, least: int, seed: int) -> None:
    """Sequences until so many faults were made: what is not refused is right."""
    made = right = refused = 0
    is_stateless = stateless(firmware)
    known = expected if is_stateless else with_state
    while made < least:
        link = link_to(firmware, EVERYTHING, seed)
        with Device(link, link_scenario.QUICK) as device:
            if is_stateless:
                outcome = link_scenario.play(device, COLUMNS, seed)
                assert outcome.wrong == [], f"seed {seed}"
                right, refused = right + outcome.right, refused + len(outcome.refused)
            seeds = [seed + step for step in range(3)]
            try:
                device.reset()
                assert run(device, seeds) == known(seeds), f"seed {seed}"
                right += 1
            except DeviceError:
                refused += 1
        made += link.faults_made
        seed += 1
    assert 2 * right >= refused, "many are got over; how many depends on how busy the computer is"


def test_no_fault_makes_a_wrong_row(firmware: Path) -> None:
    faults_until(firmware, 30, seed=1)


@pytest.mark.slow
def test_five_hundred_faults_make_no_wrong_row(firmware: Path) -> None:
    faults_until(firmware, 500, seed=10_000)


def resets(firmware: Path, every: int, after: bool) -> None:
    """A reset at every so manieth frame, answers to the device among them."""
    if not stateless(firmware):
        return
    link = link_to(firmware, Faults(), 0)
    with Device(link, link_scenario.QUICK) as device:
        assert link_scenario.play(device, COLUMNS, 0).refused == []
    for at in range(0, link.frames_sent, every):
        reset = link_to(firmware, Faults(), 0, Reset(at, after, late_hello=False))
        with Device(reset, link_scenario.QUICK) as device:
            outcome = link_scenario.play(device, COLUMNS, 0)
        assert outcome.wrong == [] and len(outcome.refused) <= 1, f"reset at frame {at}"


@pytest.mark.parametrize("after", [False, True])
def test_a_reset_at_some_frames(firmware: Path, after: bool) -> None:
    resets(firmware, 40, after)


@pytest.mark.slow
@pytest.mark.parametrize("after", [False, True])
def test_a_reset_at_every_frame(firmware: Path, after: bool) -> None:
    resets(firmware, 1, after)


class Filtered(ProcessTransport):
    """Lets through only some of what the device sends."""

    def __init__(self, firmware: Path, keep: Callable[[Message], bool]) -> None:
        super().__init__([str(firmware)])
        self.keep = keep
        self._decoder = protocol.Decoder()

    def read(self, timeout: float) -> bytes:
        messages = self._decoder.feed(super().read(timeout))
        return b"".join(map(protocol.encode, filter(self.keep, messages)))


def test_a_host_that_goes_away_leaves_the_device_to_the_next(firmware: Path) -> None:
    link = Filtered(firmware, lambda message: message.kind != Event.GIVE)
    with Device(link, link_scenario.QUICK) as device:
        with pytest.raises(DeviceError, match="No answer to RUN"):
            device.run(inputs(1))
        link.keep = lambda _message: True
        device.hello(fake.HASH)
        assert run(device, [2, 3]) == results(firmware, [2, 3])


def test_a_row_that_was_not_handed_over_is_missed(firmware: Path) -> None:
    """A device that says that it has run, and handed nothing over."""

    def keep(message: Message) -> bool:
        if message.kind == Event.TAKE:
            device._conversation.answer(protocol.Answer.TAKEN, message.body[:8])
        return message.kind != Event.TAKE

    with (
        Device(Filtered(firmware, keep), link_scenario.QUICK) as device,
        pytest.raises(DeviceError, match="handed over 0 of the 2,400 bytes of output 0"),
    ):
        device.run(inputs(1))
