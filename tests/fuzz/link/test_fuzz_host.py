"""Random but valid frames at the host: each call ends in a result or one `DeviceError`."""

from __future__ import annotations

import os

import numpy as np
import pytest
from lying_device import HASH, OPS, SIZE, Clock, LyingDevice, result_of

from mcuforge.device import conversation
from mcuforge.device.client import Device
from mcuforge.device.monitor import Monitor
from mcuforge.errors import DeviceError

SEED = int(os.environ.get("FUZZ_SEED", "1"))
COUNT = int(os.environ.get("FUZZ_COUNT", "20000"))
DATA = np.arange(SIZE, dtype=np.int64).astype(np.int8).reshape(3, -1)
EXPECTED = np.frombuffer(result_of(DATA.tobytes()), np.int8).reshape(3, -1)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(conversation, "time", clock)
    return clock


def is_shown_safely(text: str) -> bool:
    return all(c.isprintable() or c in "\r\n\t\b\a" for c in text.replace("\x1b[", ""))


def ask_everything(device: Device) -> int:
    """How many calls had a result."""
    results = 0

    def run() -> None:
        result = device.run([DATA])
        assert [(o.dtype, o.shape) for o in result.outputs] == [(np.int8, DATA.shape)]

    def trace() -> None:
        assert [d.result for d in device.trace([DATA])] == list(range(OPS))

    def fetch() -> None:
        assert len(device.fetch_op_output(1, [DATA])) > 0

    def stats() -> None:
        found = device.stats()
        assert found.stack_high_water <= found.stack_bytes
        assert found.arena_used <= found.arena_bytes

    def hello() -> None:
        assert device.hello(HASH.hex()).model.isprintable()

    for call in (hello, run, trace, fetch, stats, run):
        try:
            call()
            results += 1
        except DeviceError as error:
            assert is_shown_safely(error.message), error.message
    return results


def lies(clock: Clock, number: int) -> int:
    begun = clock.now
    liar = LyingDevice(clock, 0.15, number)
    with Device(liar) as device:
        results = ask_everything(device)
    assert clock.now - begun < 6 * 6 * 700  # six calls, each of few requests, all of them bounded
    monitor = Monitor()
    shown = "".join((*monitor.feed(liar.sent), *monitor.idle()))
    assert is_shown_safely(shown)
    return results


def all_lies(clock: Clock, first: int, count: int) -> None:
    results = sum(lies(clock, number) for number in range(first, first + count))
    assert count < results < 6 * count  # some are found out, and some calls have none


def test_an_honest_device_is_believed(clock: Clock) -> None:
    with Device(LyingDevice(clock, 0.0, 0)) as device:
        assert ask_everything(device) == 6
        assert np.array_equal(device.run([DATA]).outputs[0], EXPECTED)


def test_lies_are_found_out(clock: Clock) -> None:
    all_lies(clock, 0, 400)


@pytest.mark.slow
def test_many_lies_are_found_out(clock: Clock) -> None:
    all_lies(clock, 1_000, 8_000)


@pytest.mark.fuzz
def test_new_lies_are_found_out(clock: Clock) -> None:
    all_lies(clock, SEED * 1_000_000, COUNT)
