"""A reset at a certain request: what rests on what was before is refused; the next call works."""

from __future__ import annotations

from pathlib import Path

import fake_project as fake
import harness_build
import numpy as np
import pytest
from faulty_link import Faults, FaultyLink, Reset

from mcuforge.device.client import Device, Link
from mcuforge.device.protocol import Request
from mcuforge.device.transport import ProcessTransport
from mcuforge.errors import DeviceError

PIECES = 3  # of an input of 2,400 bytes, in requests of 1,024
QUICK = Link(attempts=30, reply_seconds=0.05, run_seconds=1.5)
# Requests of one run after HELLO (0): WRITE 1 to 3 and 4, RUN 5, READ 6 to 9.
SECOND_WRITE, LAST_WRITE, RUN, READ, SECOND_READ, LAST_READ = 2, PIECES + 1, 5, 6, 7, 9


@pytest.fixture(scope="module")
def firmware(tmp_path_factory: pytest.TempPathFactory) -> Path:
    project = harness_build.write_sources(tmp_path_factory.mktemp("reset") / "p", 1024)
    return harness_build.program(project, 600)


@pytest.mark.parametrize("late_hello", [False, True])
@pytest.mark.parametrize("at", [SECOND_WRITE, LAST_WRITE, RUN, READ, SECOND_READ, LAST_READ])
def test_nothing_is_made_of_what_was_lost(firmware: Path, at: int, late_hello: bool) -> None:
    reset = Reset(at, after=False, late_hello=late_hello)
    link = FaultyLink(lambda: ProcessTransport([str(firmware)]), Faults(), 0, reset)
    inputs = fake.inputs(3)
    with Device(link, QUICK) as device:
        device.hello(fake.HASH)
        with pytest.raises(DeviceError, match="it was reset in the meantime"):
            device.run(inputs)
        result = device.run(inputs)
        assert np.array_equal(result.outputs[0].ravel(), fake.expected_ops(inputs[0])[2])


@pytest.mark.parametrize("late_hello", [False, True])
def test_stack_and_arena_are_those_of_the_runs(firmware: Path, late_hello: bool) -> None:
    reset = Reset(LAST_READ + 1, after=False, late_hello=late_hello)
    link = FaultyLink(lambda: ProcessTransport([str(firmware)]), Faults(), 0, reset)
    with Device(link, QUICK) as device:
        device.run(fake.inputs(3))
        with pytest.raises(DeviceError, match="refused STATS: it was reset in the meantime"):
            device.stats()


def test_a_trace_is_of_one_session(firmware: Path) -> None:
    for at in range(1, LAST_WRITE + 2):
        link = FaultyLink(
            lambda: ProcessTransport([str(firmware)]), Faults(), 0, Reset(at, False, True)
        )
        inputs = fake.inputs(3)
        with Device(link, QUICK) as device:
            if at == 1:  # nothing was done yet: nothing is lost
                assert len(device.trace(inputs)) == fake.OPS
                continue
            with pytest.raises(DeviceError, match="it was reset in the meantime"):
                device.trace(inputs)


def test_another_host_is_noticed(firmware: Path) -> None:
    transport = ProcessTransport([str(firmware)])
    first, second = Device(transport, QUICK), Device(transport, QUICK)
    with first:
        first.run(fake.inputs(3))
        second.run(fake.inputs(4))
        for refused in (first.stats, lambda: first._exchange(Request.RUN)):
            first._conversation.is_open = True
            with pytest.raises(DeviceError, match="another host talks to it"):
                refused()
