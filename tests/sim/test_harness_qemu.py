"""The harness on every simulated board."""

from __future__ import annotations

from collections.abc import Callable
from zlib import crc32

import fake_project as fake
import numpy as np
import pytest

from mcuforge import boards
from mcuforge.boards import Board
from mcuforge.build import BuildResult
from mcuforge.device.client import FaultError
from mcuforge.device.protocol import Crash
from mcuforge.errors import DeviceError
from mcuforge.simulate.qemu import Qemu

pytestmark = pytest.mark.sim
Firmware = Callable[[str], BuildResult]


def test_hello_describes_board_and_model(board: Board, firmware: Firmware) -> None:
    with Qemu(board, firmware(board.name).elf) as qemu:
        hello = qemu.device.hello(fake.HASH)
        stats = qemu.device.stats()
    assert (hello.board, hello.engine, hello.model) == (board.name, "aot", "fake")
    assert (hello.tick_hz, hello.op_count) == (board.ticks.hz, fake.OPS)
    assert [(t.dtype, t.shape) for t in hello.inputs] == [("int8", (4, 600)), ("int32", (1,))]
    assert (hello.outputs[0].scale, hello.outputs[0].zero_point) == (0.25, -3)
    assert board.placement is not None
    assert stats.stack_bytes == board.placement.stack_bytes
    assert 64 < stats.stack_high_water < 1024
    assert stats.arena_bytes == stats.arena_used == hello.arena_bytes == 4816
    assert stats.dropped_frames == 0


def test_runs_and_traces(board: Board, firmware: Firmware) -> None:
    inputs = fake.inputs(1)
    expected = fake.expected_ops(inputs[0])
    with Qemu(board, firmware(board.name).elf) as qemu:
        result = qemu.device.run(inputs)
        digests = qemu.device.trace(inputs)
        fetched = [qemu.device.fetch_op_output(op, inputs) for op in range(fake.OPS)]
    assert np.array_equal(result.outputs[0], expected[2].reshape(fake.SHAPE))
    assert [(d.op, d.bytes) for d in digests] == [(0, 2400), (1, 2400), (2, 2400)]
    assert [d.crc32 for d in digests] == [crc32(e.tobytes()) for e in expected]
    assert fetched == [e.tobytes() for e in expected]


def test_ticks_count_instructions_and_repeat_exactly(board: Board, firmware: Firmware) -> None:
    loops = 100_000  # of two instructions
    ticks = []
    for _ in range(2):
        with Qemu(board, firmware(board.name).elf) as qemu:
            ticks += [qemu.device.run(fake.inputs(2, n)).ticks for n in (1, 1, 1 + loops)]
    assert ticks[:3] == ticks[3:]
    assert ticks[0] == ticks[1]
    counted = (ticks[2] - ticks[0]) * board.instructions_per_tick
    assert abs(counted - 2 * loops) <= board.instructions_per_tick


def test_ticks_go_beyond_the_counter(firmware: Firmware) -> None:
    board = boards.load("mps2-an386")
    loops = 350_000_000
    with Qemu(board, firmware(board.name).elf) as qemu:
        short, long = (qemu.device.run(fake.inputs(3, n)).ticks for n in (1, 1 + loops))
    assert long > 2**24
    # Every wrap of SysTick costs the few instructions of its interrupt handler.
    assert 0 <= (long - short) * board.instructions_per_tick - 2 * loops <= 200


@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        (Crash.BUS, "no memory"),
        (Crash.UNDEFINED, "undefined instruction"),
        (Crash.STACK, "stack overflow"),
        (Crash.DIVIDE, "division by zero"),
    ],
)
def test_a_fault_is_reported(board: Board, firmware: Firmware, kind: Crash, reason: str) -> None:
    with Qemu(board, firmware(board.name).elf) as qemu:
        qemu.device.hello()
        with pytest.raises(FaultError, match=reason):
            qemu.device.crash(kind)
        with pytest.raises(FaultError, match=reason):  # the core stays halted, and keeps saying so
            qemu.device.run(fake.inputs(4))


def test_a_failing_engine_and_another_model_are_reported(firmware: Firmware) -> None:
    board = boards.load("mps2-an385")
    with Qemu(board, firmware(board.name).elf) as qemu:
        with pytest.raises(DeviceError, match="engine could not run the model"):
            qemu.device.run(fake.inputs(5, loops=-1))
        with pytest.raises(DeviceError, match="another model: 'fake'"):
            qemu.device.hello("00" * 32)
        with pytest.raises(DeviceError, match="takes int32"):
            qemu.device.run([fake.inputs(5)[0]] * 2)


def test_a_simulator_that_dies_is_reported(firmware: Firmware) -> None:
    board = boards.load("mps2-an385")
    with Qemu(board, firmware(board.name).elf) as qemu:
        qemu.device.hello()
        assert qemu._process is not None
        qemu._process.kill()
        with pytest.raises(DeviceError, match=r"link to the device was lost.*\n?.*exit code -9"):
            qemu.device.run(fake.inputs(6))
