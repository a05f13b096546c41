"""What mcuforge says of Renode, asked of Renode itself."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path

import fake_project as fake
import numpy as np
import pytest
from real_renode import Small, program

from mcuforge import boards, planning
from mcuforge.boards import Board
from mcuforge.build import BuildResult, build, image, toolchains
from mcuforge.device.client import FaultError
from mcuforge.device.protocol import Crash, Request
from mcuforge.device.transport import Transport
from mcuforge.errors import DeviceError, ToolError
from mcuforge.flash import flash
from mcuforge.flash.job import Job
from mcuforge.flash.problems import FlashError, Kind
from mcuforge.oracle.tflm import TFLM
from mcuforge.planning.rows.borders import BorderRows
from mcuforge.proof import parity, prove
from mcuforge.samples import quantised
from mcuforge.simulate.choose import choose
from mcuforge.simulate.qemu import Qemu, free_port
from mcuforge.simulate.renode import Renode
from mcuforge.simulate.renode_gaps import GAPS

pytestmark = [pytest.mark.sim, pytest.mark.slow]

BOARDS = [b.name for b in boards.available() if b.renode]
M4 = boards.load("mps2-an386")
INIT = "void mf_chip_init(void) {"


def nothing(_label: str, _done: int, _total: int) -> None:
    pass


def crash_tested(board: Board, folder: Path) -> Path:
    """Firmware that goes wrong on demand."""
    fake.write_project(board, folder)
    preset = ["cmake", "--preset", board.name, "-DMF_CRASH_TEST=ON"]
    subprocess.run(preset, cwd=folder, check=True, capture_output=True)
    return build(folder, board.name).elf


def patched(board: Board, statement: str, folder: Path) -> Path:
    """Firmware that runs `statement` before its UART is set up."""
    family = board.chip.family if board.chip else "none"
    chip = fake.write_project(board, folder) / "runtime" / f"chip_{family}.c"
    chip.write_text(chip.read_text().replace(INIT, f"{INIT}\n    {statement}"))
    return build(folder, board.name).elf


@contextmanager
def busy_computer() -> Iterator[None]:
    """Two processes for each core, which do nothing useful."""
    command = [sys.executable, "-c", "while True: pass"]
    others = [subprocess.Popen(command) for _ in range(2 * (os.cpu_count() or 1))]
    try:
        yield
    finally:
        for other in others:
            other.kill()
            other.wait()


@pytest.mark.parametrize("name", BOARDS)
def test_a_board_starts_and_computes_the_oracles_bytes(
    name: str, renode: Path, small: Small, tmp_path: Path
) -> None:
    """The micro:bit among them, which needs `numberOfMPURegions: 0`."""
    board = boards.load(name)
    elf = small.built(name, tmp_path)
    with Renode(board, elf, program(board, renode)) as simulator:
        measured = prove.measure(simulator.device, name, small.plan, small.samples, nothing)
    found = parity.compare(name, small.expected, measured.outputs, decides=True)
    assert (found.bytes_compared, found.bytes_differing) == (250, 0)


def test_rows_come_and_go(renode: Path, tmp_path: Path) -> None:
    """And waiting for them is not counted."""
    tflite = Path(__file__).parents[2] / "models" / "autoencoder" / "artifacts" / "model.tflite"
    plan = planning.plan_for(M4, tflite, memory="small", borders=BorderRows(True, True))
    samples = quantised.random_samples(plan.graph, 2)
    elf = Small(plan, samples, TFLM.run(tflite.read_bytes(), samples)).built(M4.name, tmp_path)
    counts = []
    program(M4, renode)
    for choice in (choose(M4, "qemu"), choose(M4, "renode", renode)):
        with choice.open(elf) as simulator:
            measured = prove.measure(simulator.device, M4.name, plan, samples, nothing)
        expected = TFLM.run(tflite.read_bytes(), samples)
        assert not parity.compare(M4.name, expected, measured.outputs, decides=True).bytes_differing
        counts.append(choice.count(measured.ticks))
    assert counts[1] == pytest.approx(counts[0], rel=0.01)


@pytest.mark.parametrize("busy", [False, True])
@pytest.mark.parametrize("name", [b for b in BOARDS if boards.load(b).qemu_machine])
def test_it_counts_within_a_percent_of_qemu(
    name: str, busy: bool, renode: Path, small: Small, tmp_path: Path
) -> None:
    board = boards.load(name)
    program(board, renode)
    elf, sample = small.built(name, tmp_path), small.samples[0]
    counts = []
    for choice in (choose(board, "qemu"), choose(board, "renode", renode)):
        with choice.open(elf) as simulator, busy_computer() if busy else nullcontext():
            ticks = [simulator.device.run(sample).ticks for _ in range(choice.counting_runs)]
        counts.append(choice.count(ticks))
    assert counts[1] == pytest.approx(counts[0], rel=0.01)


@pytest.mark.parametrize("name", ["mps2-an385", "mps2-an386", "mps2-an500", "mps2-an505"])
def test_the_stack_is_guarded_where_there_is_a_guard(
    name: str, renode: Path, tmp_path: Path
) -> None:
    board = boards.load(name)
    elf = crash_tested(board, tmp_path)
    with Renode(board, elf, program(board, renode)) as simulator:
        simulator.device.hello()
        with pytest.raises(FaultError, match="stack overflow"):
            simulator.device.crash(Crash.STACK)


@pytest.mark.parametrize("kind", [Crash.UNDEFINED, Crash.DIVIDE])
def test_a_fault_is_reported(kind: Crash, renode: Path, tmp_path: Path) -> None:
    elf = crash_tested(M4, tmp_path)
    with Renode(M4, elf, program(M4, renode)) as simulator:
        simulator.device.hello()
        with pytest.raises(FaultError):
            simulator.device.crash(kind)


@pytest.mark.parametrize("name", ["microbit", "mps2-an386", "mps2-an505"])
def test_a_fault_before_the_uart_is_reported(name: str, renode: Path, tmp_path: Path) -> None:
    board = boards.load(name)
    elf = patched(board, '__asm__ volatile("udf #0");', tmp_path)
    with (
        Renode(board, elf, program(board, renode)) as simulator,
        pytest.raises(FaultError, match="undefined instruction"),
    ):
        simulator.device.hello()


def test_a_jump_to_nowhere_ends_at_once(renode: Path, tmp_path: Path) -> None:
    """By Renode's log, or as a fault where a Renode makes one of it."""
    elf = patched(M4, "((void (*)(void))0x60000001u)();", tmp_path)
    with Renode(M4, elf, program(M4, renode)) as simulator:
        started = time.monotonic()
        with pytest.raises(DeviceError, match=r"CPU abort|stopped with a fault"):
            simulator.device.hello()
        assert time.monotonic() - started < 15


def test_requests_are_not_repeated(renode: Path, small: Small, tmp_path: Path) -> None:
    elf = small.built(M4.name, tmp_path)
    with Renode(M4, elf, program(M4, renode)) as simulator, busy_computer():
        device = simulator.device
        device.hello()
        sent = counted(device._conversation.transport)
        for sample in small.samples:
            device.run(sample)
        assert sent() == len(small.samples) * 3  # WRITE, RUN, READ
        device._exchange(Request.STATS)
        assert device.stats().dropped_frames == 0


def counted(transport: Transport) -> Callable[[], int]:
    """How many frames were written to it."""
    frames: list[bytes] = []
    write = transport.write

    def writing(data: bytes) -> None:
        frames.append(data)
        write(data)

    transport.write = writing  # type: ignore[method-assign]
    return lambda: len(frames)


def test_what_this_renode_runs_wrongly_is_refused(renode: Path, tmp_path: Path) -> None:
    """CSET, by Clang: refused, or computed as QEMU computes it."""
    if not (shutil.which("clang") and shutil.which("ld.lld")):
        pytest.skip("no clang and lld")
    board = boards.load("mps3-an547")
    this = program(board, renode)
    fake.write_project(board, tmp_path)
    elf = build(tmp_path, toolchains.preset_name(board.name, toolchain="clang")).elf
    inputs = fake.inputs(1)
    if not all(this.is_newer_than(gap.since) for gap in GAPS[:3]):
        with pytest.raises(ToolError, match="--simulator qemu"), Renode(board, elf, this):
            pass
        return
    outputs = []
    for simulator in (Qemu(board, elf), Renode(board, elf, this)):
        with simulator:
            outputs.append(simulator.device.run(inputs).outputs)
    assert all(map(np.array_equal, *outputs))


@pytest.mark.parametrize("name", ["Modellprüfung", "with\ttab", "a;b", "two  spaces"])
def test_odd_paths(name: str, renode: Path, small: Small, tmp_path: Path) -> None:
    elf = small.built(M4.name, tmp_path / "project")
    folder = tmp_path / name
    folder.mkdir()
    moved = shutil.copy(elf, folder / "firmware.elf")
    with Renode(M4, moved, program(M4, renode)) as simulator:
        assert simulator.device.hello().model == "small"


def test_a_reset_that_loads_the_old_program_is_no_success(
    renode: Path, small: Small, tmp_path: Path
) -> None:
    if not shutil.which("gdb-multiarch"):
        pytest.skip("no gdb for Arm")
    old = small.built(M4.name, tmp_path / "old")
    new = build(fake.write_project(M4, tmp_path / "new"), M4.name)
    with Renode(M4, old, program(M4, renode)) as simulator:
        assert simulator.device.hello().model == "small"
        port = free_port()
        assert simulator._monitor is not None
        simulator._monitor.command(f"machine StartGdbServer {port} true")
        with pytest.raises(FlashError) as caught:
            flash(job(new, port, "machine Reset"), "gdb", lambda *_: None)
        assert caught.value.kind is Kind.VERIFY
        flash(job(new, port, None), "gdb", lambda *_: None)
        assert simulator.device.hello().model == "fake"


def job(built: BuildResult, port: int, reset: str | None) -> Job:
    assert built.hex and built.bin
    server = f"127.0.0.1:{port}"
    start = image.load(built.elf).start
    return Job(M4, built.elf, built.hex, built.bin, start, gdb_server=server, gdb_reset=reset)


@pytest.mark.parametrize("name", ["mps2-an386", "stm32f4-discovery", "microbit"])
def test_the_robot_test_passes_and_is_quick(
    name: str, renode: Path, small: Small, tmp_path: Path
) -> None:
    runner = renode.parent / "renode-test"
    if not runner.exists():
        pytest.skip("no renode-test beside renode")
    project = tmp_path / "a folder"
    small.built(name, project)
    started = time.monotonic()
    done = subprocess.run(
        [runner, project / "renode" / "firmware.robot", "-r", tmp_path], check=False,
        capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout
    assert time.monotonic() - started < 60


def test_sigterm_leaves_nothing(renode: Path, small: Small, tmp_path: Path) -> None:
    project, temporary = tmp_path / "project", tmp_path / "temporary"
    small.built(M4.name, project)
    temporary.mkdir()
    command = ["simulate", str(project), "--renode", str(renode), "--count", "1000000"]
    with subprocess.Popen(
        [sys.executable, "-m", "mcuforge", *command], stderr=subprocess.PIPE,
        env=os.environ | {"TMPDIR": str(temporary)},
    ) as running:  # fmt: skip
        deadline = time.monotonic() + 120
        while not list(temporary.glob("mcuforge-renode-*/serve.resc")):
            assert running.poll() is None and time.monotonic() < deadline
            time.sleep(0.1)
        time.sleep(5)
        running.send_signal(signal.SIGTERM)
        running.communicate(timeout=30)
    assert running.returncode == 128 + signal.SIGTERM
    assert not list(temporary.glob("mcuforge-*"))
