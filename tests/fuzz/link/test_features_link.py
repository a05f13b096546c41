"""Features behind the harness: raw samples in pieces, what is made of them, and what is refused."""

from __future__ import annotations

from pathlib import Path

import fake_project as fake
import harness_build
import link_scenario
import numpy as np
import pytest
from faulty_link import Faults, FaultyLink, Reset

from mcuforge import boards
from mcuforge.device.client import Device
from mcuforge.device.protocol import Request, Status
from mcuforge.device.transport import ProcessTransport
from mcuforge.errors import DeviceError

COLUMNS = 160  # a raw sample goes in two pieces
RAW_BYTES = 2 * 4 * COLUMNS
EVERYTHING = Faults(
    lose=0.02, damage=0.02, repeat=0.03, delay=0.02, split=0.03, merge=0.01, garbage=0.02,
    disconnect=0.0005, reset=0.01,
)  # fmt: skip


@pytest.fixture(scope="module")
def firmware(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Firmware that takes raw samples, in requests of 1024 bytes, under sanitizers."""
    project = harness_build.write_sources(tmp_path_factory.mktemp("raw") / "p", 1024)
    return harness_build.program(project, COLUMNS)


def word(*values: int) -> bytes:
    return np.array(values, "<u4").tobytes()


def status(device: Device, kind: Request, body: bytes) -> int:
    """Of the reply; a change is counted."""
    try:
        device._exchange(kind, body)
    except DeviceError:
        pass
    else:
        return Status.OK
    device.hello()
    return int(device._conversation._exchange(kind, body, False, None).status)


@pytest.mark.parametrize(
    ("kind", "body", "expected"),
    [
        (Request.RAW, word(RAW_BYTES - 2) + b"\1\2", Status.OK),
        (Request.RAW, word(RAW_BYTES), Status.OK),  # nothing, at the end
        (Request.RAW, word(RAW_BYTES - 1) + b"\1\2", Status.RANGE),
        (Request.RAW, word(2**32 - 1) + b"\1\2", Status.RANGE),
        (Request.RAW, b"\0\0\0", Status.MALFORMED),
        (Request.FEATURES, word(RAW_BYTES), Status.OK),
        (Request.FEATURES, word(RAW_BYTES - 2), Status.RANGE),
        (Request.FEATURES, b"", Status.MALFORMED),
        (Request.READ_INPUT, word(0, 0, 4), Status.SEQUENCE),  # nothing was made yet
    ],
)
def test_the_status_of_each_request(
    firmware: Path, kind: Request, body: bytes, expected: Status
) -> None:
    with Device.spawn([str(firmware)]) as device:
        device.hello()
        assert status(device, kind, body) == expected


def test_what_is_read_are_the_features_of_the_last_raw_sample(firmware: Path) -> None:
    raw = np.arange(4 * COLUMNS).astype(np.uint16)
    with Device.spawn([str(firmware)]) as device:
        first = device._make(raw, device.info.inputs[0]).input
        assert np.array_equal(first.ravel(), (raw ^ raw >> 8).astype(np.uint8).view(np.int8))
        for body, expected in (
            (word(0, 4 * COLUMNS, 0), Status.OK),
            (word(0, 4 * COLUMNS, 1), Status.RANGE),
            (word(2, 0, 1), Status.RANGE),
            (word(0, 0), Status.MALFORMED),
        ):
            device._make(raw, device.info.inputs[0])
            reply = device._conversation._exchange(Request.READ_INPUT, body, False, None)
            assert reply.status == expected, body
        device.run([np.zeros((4, COLUMNS), np.int8), np.zeros(1, np.int32)])
        with pytest.raises(DeviceError, match="reset in the meantime"):
            device._exchange(Request.READ_INPUT, word(0, 0, 4))  # a RUN has overwritten them


def test_features_that_fail_are_told_and_cannot_be_read(firmware: Path) -> None:
    refused = np.full(4 * COLUMNS, 0xFFFF, np.uint16)
    with Device.spawn([str(firmware)]) as device:
        tensor = device.info.inputs[0]
        with pytest.raises(DeviceError, match="refused FEATURES: its engine could not run"):
            device._make(refused, tensor)


def test_a_model_of_two_inputs_has_no_features(firmware: Path) -> None:
    with Device.spawn([str(firmware)]) as device, pytest.raises(DeviceError, match="2 inputs"):
        device.features(np.zeros(4 * COLUMNS, np.uint16))


def test_firmware_without_features_does_not_know_the_requests(tmp_path: Path) -> None:
    """As that of older versions: the protocol's version is the same."""
    project = fake.write_project(boards.load("host"), tmp_path / "p")
    elf = harness_build.program_without_features(project)
    with Device.spawn([str(elf)]) as device:
        tensor = device.info.inputs[0]
        with pytest.raises(DeviceError, match=r"RAW: it does not know this request.*emit, build"):
            device._make(np.zeros(8, np.uint16), tensor)
        assert device.run(fake.inputs(1)).outputs[0].shape == fake.SHAPE  # a session of its own


def link_to(firmware: Path, faults: Faults, seed: int, reset: Reset | None = None) -> FaultyLink:
    return FaultyLink(lambda: ProcessTransport([str(firmware)]), faults, seed, reset)


def play_until(firmware: Path, least: int) -> None:
    made = right = refused = seed = 0
    while made < least:
        link = link_to(firmware, EVERYTHING, seed)
        with Device(link, link_scenario.QUICK) as device:
            outcome = link_scenario.play_features(device, COLUMNS, seed)
        assert outcome.wrong == [], f"seed {seed}"
        made, right = made + link.faults_made, right + outcome.right
        refused, seed = refused + len(outcome.refused), seed + 1
    assert right > refused, "most faults are got over"


def test_no_fault_makes_wrong_features(firmware: Path) -> None:
    play_until(firmware, 15)


@pytest.mark.slow
def test_five_hundred_faults_make_no_wrong_features(firmware: Path) -> None:
    play_until(firmware, 500)


@pytest.mark.parametrize(
    ("after", "late_hello"),
    [
        (False, False),
        *(pytest.param(a, b, marks=pytest.mark.slow) for a, b in ((0, 1), (1, 0), (1, 1))),
    ],
)
def test_a_reset_at_every_request(firmware: Path, after: bool, late_hello: bool) -> None:
    """At most one call is refused, and those after it are right."""
    quiet = link_to(firmware, Faults(), 0)
    with Device(quiet, link_scenario.QUICK) as device:
        outcome = link_scenario.play_features(device, COLUMNS, 0)
    assert (outcome.refused, outcome.wrong) == ([], [])
    for at in range(quiet.frames_sent):
        link = link_to(firmware, Faults(), 0, Reset(at, after, late_hello))
        with Device(link, link_scenario.QUICK) as device:
            outcome = link_scenario.play_features(device, COLUMNS, 0)
        assert outcome.wrong == [], f"reset at request {at}"
        assert len(outcome.refused) <= 1, f"reset at request {at}"
