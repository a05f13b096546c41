"""The harness on every simulated board."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from zlib import crc32

import fake_project as fake
import numpy as np
import pytest

from mcuforge import boards
from mcuforge.boards import Board
from mcuforge.build import BuildResult
from mcuforge.device.client import FaultError, Link
from mcuforge.device.protocol import Crash
from mcuforge.device.transport import SocketTransport
from mcuforge.errors import DeviceError
from mcuforge.simulate.autopsy import Symbols
from mcuforge.simulate.memory_link import LINK_VARIABLE
from mcuforge.simulate.qemu import Qemu

pytestmark = pytest.mark.sim
Firmware = Callable[[str], BuildResult]
# Armv6-M, Armv7-M, and both kinds of Armv8-M tell what went wrong each in its own way.
ARCHITECTURES = ("microbit", "mps2-an386", "mps2-an505", "mps3-an547-helium")
EACH_ARCHITECTURE = [
    pytest.param(board.name, marks=[] if board.name in ARCHITECTURES else pytest.mark.slow)
    for board in boards.available()
    if board.qemu_machine
]


def is_armv6m(board: Board) -> bool:
    """True for cores that take one fault for everything and record no cause."""
    return board.core is not None and board.core.name in ("cortex-m0", "cortex-m0plus")


def test_hello_describes_board_and_model(board: Board, firmware: Firmware) -> None:
    with Qemu(board, firmware(board.name).elf) as qemu:
        hello = qemu.device.hello(fake.HASH)
        stats = qemu.device.stats()
    assert (hello.board, hello.engine, hello.model) == (board.name, "aot", "fake")
    assert (hello.tick_hz, hello.result_count) == (board.ticks.hz, fake.OPS)
    assert [(t.dtype, t.shape) for t in hello.inputs] == [("int8", (4, 600)), ("int32", (1,))]
    assert (hello.outputs[0].scale, hello.outputs[0].zero_point) == (0.25, -3)
    assert board.placement is not None
    assert stats.stack_bytes == board.placement.stack_bytes
    assert 64 < stats.stack_high_water < 1024
    assert stats.arena_bytes == stats.arena_used == hello.arena_bytes == 4816
    assert stats.dropped_frames == 0


def run_and_trace(board: Board, elf: Path) -> None:
    """All that moves blocks, compared with what it must be."""
    inputs = fake.inputs(1)
    expected = fake.expected_ops(inputs[0])
    patient = Link(reply_seconds=60.0, lossless=True)  # what is repeated goes over the UART
    with Qemu(board, elf, patient) as qemu:
        result = qemu.device.run(inputs)
        digests = qemu.device.trace(inputs)
        fetched = [qemu.device.fetch_op_output(op, inputs) for op in range(fake.OPS)]
    assert np.array_equal(result.outputs[0], expected[2].reshape(fake.SHAPE))
    assert [(d.result, d.bytes) for d in digests] == [(0, 2400), (1, 2400), (2, 2400)]
    assert [d.crc32 for d in digests] == [crc32(e.tobytes()) for e in expected]
    assert fetched == [e.tobytes() for e in expected]


@pytest.fixture
def large(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Sizes of the requests over the UART, but short ones."""
    sizes: list[int] = []
    write = SocketTransport.write

    def noted(self: SocketTransport, data: bytes) -> None:
        if len(data) >= 24:
            sizes.append(len(data))
        write(self, data)

    monkeypatch.setattr(SocketTransport, "write", noted)
    return sizes


def test_runs_and_traces(board: Board, firmware: Firmware, large: list[int]) -> None:
    run_and_trace(board, firmware(board.name).elf)
    assert len(large) <= 1  # the one after a HELLO that was repeated, on a busy computer


@pytest.mark.parametrize("name", ["mps2-an386", "microbit", "stm32f4-discovery"])
def test_runs_and_traces_over_each_uart(
    name: str, firmware: Firmware, large: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(LINK_VARIABLE, "uart")
    run_and_trace(boards.load(name), firmware(name).elf)
    assert len(large) > 10


@pytest.mark.parametrize("name", ["mps2-an386", "microbit"])
def test_outputs_pass_by_the_uart(
    name: str, firmware: Firmware, monkeypatch: pytest.MonkeyPatch
) -> None:
    heard: list[int] = []
    read = SocketTransport.read

    def noted(self: SocketTransport, timeout: float) -> bytes:
        data = read(self, timeout)
        heard.append(len(data))
        return data

    inputs, patient = fake.inputs(1), Link(reply_seconds=60.0, lossless=True)
    with Qemu(boards.load(name), firmware(name).elf, patient) as qemu:
        qemu.device.hello()
        monkeypatch.setattr(SocketTransport, "read", noted)
        result = qemu.device.run(inputs)
    assert np.array_equal(result.outputs[0], fake.expected_ops(inputs[0])[2].reshape(fake.SHAPE))
    assert result.outputs[0].nbytes == 2400 and sum(heard) < 400


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


@pytest.mark.parametrize("board", EACH_ARCHITECTURE, indirect=True)
@pytest.mark.parametrize(
    ("kind", "reason", "exception"),
    [
        (Crash.BUS, r"no memory\? \(address 0xe8000000\)", "BusFault"),
        (Crash.UNDEFINED, "undefined instruction", "UsageFault"),
        (Crash.STACK, "stack overflow", "(MemManage|UsageFault)"),
        (Crash.DIVIDE, "division by zero", "UsageFault"),
        (Crash.UNALIGNED, "unaligned access", "UsageFault"),
    ],
)
def test_a_fault_is_reported(
    board: Board, firmware: Firmware, kind: Crash, reason: str, exception: str
) -> None:
    if is_armv6m(board):
        if kind == Crash.DIVIDE:
            pytest.skip("the core has no division")
        exception = "HardFault"  # the core has no other
    reason += rf".*\[{exception}\]"
    with Qemu(board, firmware(board.name).elf) as qemu:
        qemu.device.hello()
        with pytest.raises(FaultError, match=reason):
            qemu.device.crash(kind)
        with pytest.raises(FaultError, match=reason):  # the core stays halted, and keeps saying so
            qemu.device.run(fake.inputs(4))


def test_all_registers_arrive(board: Board, firmware: Firmware) -> None:
    with Qemu(board, firmware(board.name).elf) as qemu:
        qemu.device.hello()
        with pytest.raises(FaultError) as caught:
            qemu.device.crash(Crash.UNDEFINED)
    fault = caught.value.fault
    assert fault.stacked is not None
    assert fault.stack_start < fault.sp < fault.stack_end
    assert Symbols.of(firmware(board.name).elf).function(fault.stacked["pc"]) == "mf_crash"
    assert fault.instruction & 0xFFFF == 0xDE00  # udf #0
    assert "pc: mf_crash" in caught.value.message and ".c:" in caught.value.message
    assert "Find the line" not in caught.value.message
    assert list(fault.others) == ["r8", "r9", "r10", "r11", "r4", "r5", "r6", "r7"]


def test_a_broken_canary_is_reported(board: Board, firmware: Firmware) -> None:
    with Qemu(board, firmware(board.name).elf) as qemu:
        qemu.device.run(fake.inputs(7))
        qemu.device.crash(Crash.CANARY)
        with pytest.raises(DeviceError, match="its stack overflowed, so results may be wrong"):
            qemu.device.run(fake.inputs(7))
        stats = qemu.device.stats()
    assert stats.stack_high_water == stats.stack_bytes


@pytest.mark.parametrize("name", ["mps2-an386", "mps3-an547"])  # ARMv6-M cannot mask its fault
def test_a_lockup_is_told_apart(name: str, firmware: Firmware) -> None:
    board = boards.load(name)
    with Qemu(board, firmware(board.name).elf) as qemu:
        qemu.device.hello()
        with pytest.raises(DeviceError, match=r"(?s)core locked up at 0x\w+ in mf_crash.*Lockup"):
            qemu.device.crash(Crash.LOCKUP)


@pytest.mark.parametrize("name", ["mps2-an386", "microbit"])
def test_an_endless_loop_is_told_apart(name: str, firmware: Firmware) -> None:
    board = boards.load(name)
    link = Link(attempts=2, reply_seconds=0.3)
    with Qemu(board, firmware(board.name).elf) as qemu:
        qemu.device.hello()
        qemu.device._conversation.link = link
        with pytest.raises(DeviceError, match=r"No answer to CRASH(?s:.*)it runs, in mf_crash\."):
            qemu.device.crash(Crash.HANG)


def test_a_failing_engine_and_another_model_are_reported(firmware: Firmware) -> None:
    board = boards.load("mps2-an385")
    with Qemu(board, firmware(board.name).elf) as qemu:
        with pytest.raises(DeviceError, match="engine could not run the model"):
            qemu.device.run(fake.inputs(5, loops=-1))
        with pytest.raises(DeviceError, match="another model: 'fake'"):
            qemu.device.hello("00" * 32)
        with pytest.raises(DeviceError, match="another model: 'fake'"):
            qemu.device.run(fake.inputs(5))  # it is still the other one that is asked for
        qemu.device.hello()
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
