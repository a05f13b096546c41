"""Flashing through gdb, for real: QEMU is the probe. Then the harness, and a decoded fault."""

from __future__ import annotations

import re
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import fake_project as fake
import numpy as np
import pytest
from click.testing import CliRunner
from json_documents import checked

from mcuforge import boards
from mcuforge.boards.hardware import ChipId, Hardware
from mcuforge.boards.qemu_command import LOCALHOST, QEMU, serial_options
from mcuforge.build import BuildResult, image
from mcuforge.cli import cli
from mcuforge.device.client import Device
from mcuforge.device.protocol import Crash
from mcuforge.device.source_lines import SourceLines
from mcuforge.flash import flash
from mcuforge.flash.job import Job
from mcuforge.flash.problems import FlashError, Kind
from mcuforge.simulate.qemu import free_port

pytestmark = [
    pytest.mark.sim,
    pytest.mark.skipif(
        not any(map(shutil.which, ("gdb-multiarch", "arm-none-eabi-gdb"))),
        reason="there is no gdb for Arm",
    ),
]
M4 = "mps2-an386"
F4 = "stm32f4-discovery"
CPUID = 0xE000_ED00
PART = 0xC24  # of a Cortex-M4
Firmware = Callable[[str], BuildResult]


@dataclass(frozen=True)
class Empty:
    """A machine without firmware: its gdbserver, and its UART."""

    gdb: str
    url: str


@contextmanager
def machine(name: str) -> Iterator[Empty]:
    """QEMU that waits for gdb, with nothing in its flash."""
    gdb, serial = free_port(), free_port()
    board = boards.load(name)
    command = [
        QEMU,
        *(
            "-machine",
            str(board.qemu_machine),
            "-icount",
            "shift=0",
            "-display",
            "none",
            "-monitor",
            "none",
        ),
        *serial_options(serial, board.qemu_serial),
        *("-gdb", f"tcp:{LOCALHOST}:{gdb}", "-S"),
    ]
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        _await(gdb)
        yield Empty(f"{LOCALHOST}:{gdb}", f"socket://{LOCALHOST}:{serial}")
    finally:
        process.kill()
        process.wait()


def _await(port: int) -> None:
    """Without connecting: a debugger that comes and goes would let QEMU run."""
    for _ in range(200):
        with socket.socket() as probe:
            try:
                probe.bind((LOCALHOST, port))
            except OSError:
                return
        time.sleep(0.05)
    raise TimeoutError("QEMU did not start")


def make_job(result: BuildResult, server: str, chip: ChipId | None = None) -> Job:
    assert result.hex
    assert result.bin
    board = replace(boards.load(M4), hardware=Hardware(chip=chip))
    start = image.load(result.elf).start
    return Job(board, result.elf, result.hex, result.bin, start, gdb_server=server)


def run(job: Job) -> None:
    flash(job, "gdb", lambda *_: None)


@pytest.mark.parametrize("reset", [None, "system_reset"])
def test_flashed_firmware_runs(reset: str | None, firmware: Firmware) -> None:
    inputs = fake.inputs(5)
    with machine(M4) as empty:
        job = make_job(firmware(M4), empty.gdb, ChipId(CPUID, 0xFFF0, PART << 4))
        run(replace(job, gdb_reset=reset))
        with Device.open(empty.url) as device:
            assert device.hello().model == "fake"
            outputs = device.run(inputs).outputs
    expected = fake.expected_ops(inputs[0].astype(np.int8))[-1]
    assert np.array_equal(outputs[0].ravel(), expected)


def test_a_board_with_flash_and_many_uarts(firmware: Firmware) -> None:
    """An STM32's flash is at 0x08000000, and the harness on its second UART."""
    with machine(F4) as empty:
        job = make_job(firmware(F4), empty.gdb)
        run(replace(job, gdb_reset="system_reset"))
        assert job.start == 0x0800_0000
        with Device.open(empty.url) as device:
            assert device.hello().board == F4


def test_it_can_be_flashed_again_over_what_runs(firmware: Firmware) -> None:
    with machine(M4) as empty:
        for _ in range(2):
            run(make_job(firmware(M4), empty.gdb))
        with Device.open(empty.url) as device:
            assert device.hello().model == "fake"


def test_the_command_line(firmware: Firmware) -> None:
    elf = str(firmware(M4).elf)
    arguments = ["flash", elf, "--board", M4, "--json"]
    with machine(M4) as empty:
        arguments += ["--gdb-server", empty.gdb, "--any-chip"]
        dry = CliRunner().invoke(cli, [*arguments, "--dry-run"])
        assert dry.exit_code == 0, dry.output
        assert f"    target remote {empty.gdb}" in checked(dry.stdout)["dry_run"]
        done = CliRunner().invoke(cli, arguments)
        assert done.exit_code == 0, done.output
        assert checked(done.stdout)["bytes"] == image.load(firmware(M4).elf).size
        with Device.open(empty.url) as device:
            assert device.hello().model == "fake"


def test_another_chip_is_left_alone(firmware: Firmware) -> None:
    with machine(M4) as empty:
        job = make_job(firmware(M4), empty.gdb, ChipId(CPUID, 0xFFF0, 0xC270))  # a Cortex-M7
        with pytest.raises(
            FlashError, match=r"as 0xc240, not 0xc270\. Nothing was written"
        ) as error:
            run(job)
        assert error.value.kind is Kind.WRONG_CHIP


def test_what_cannot_be_read_back_is_found(firmware: Firmware, tmp_path: Path) -> None:
    """Its data goes to where the UART is, which does not keep it."""
    result = firmware(M4)
    broken = tmp_path / "broken.elf"
    objcopy = shutil.which("arm-none-eabi-objcopy")
    assert objcopy
    moved = "--change-section-address=.rodata=0x40004000"
    subprocess.run([objcopy, moved, str(result.elf), str(broken)], check=True)
    with machine(M4) as empty:
        job = replace(make_job(result, empty.gdb), elf=broken)
        with pytest.raises(FlashError) as error:
            run(job)
        assert error.value.kind is Kind.VERIFY


def test_without_a_gdbserver(firmware: Firmware) -> None:
    with pytest.raises(FlashError, match=r"There is no gdbserver\. Start one") as error:
        run(make_job(firmware(M4), f"{LOCALHOST}:{free_port()}"))
    assert error.value.kind is Kind.NO_PROBE


def test_a_gdbserver_that_goes_away_is_tried_twice(firmware: Firmware) -> None:
    connections = []
    with socket.create_server((LOCALHOST, 0)) as server:

        def hang_up() -> None:
            for _ in range(2):
                connection, _address = server.accept()
                with connection:
                    connections.append(connection.recv(100))

        thread = threading.Thread(target=hang_up)
        thread.start()
        with pytest.raises(FlashError) as error:
            run(make_job(firmware(M4), f"{LOCALHOST}:{server.getsockname()[1]}"))
        thread.join()
    assert error.value.kind is Kind.LOST
    assert len(connections) == 2


def test_the_monitor_decodes_a_fault(firmware: Firmware) -> None:
    result = firmware(M4)
    with machine(M4) as empty:
        run(make_job(result, empty.gdb))
        with Device.open(empty.url) as device:
            device.hello()
            with pytest.raises(Exception, match="undefined instruction"):
                device.crash(Crash.UNDEFINED)
        arguments = ["--board", M4, "--port", empty.url, "--ask", "--seconds", "1"]
        shown = CliRunner().invoke(cli, ["monitor", str(result.elf), *arguments])
    assert shown.exit_code == 0, shown.output
    assert "[FAULT: undefined instruction" in shown.output
    place = re.search(r"pc: mf_crash at \S*runtime/crash_cortex_m\.c:(\d+)", shown.output)
    assert place, shown.output
    source = result.elf.parents[2] / "runtime" / "crash_cortex_m.c"
    assert "udf" in source.read_text().splitlines()[int(place[1]) - 1]
    assert "lr: called from mf_harness_serve at" in shown.output


def test_source_lines_agree_with_addr2line(firmware: Firmware) -> None:
    program = shutil.which("arm-none-eabi-addr2line")
    if program is None:
        pytest.skip("there is no addr2line for Arm")
    elf = firmware(M4).elf
    addresses = range(image.load(elf).start + 0x41, 0x1000, 58)
    answers = subprocess.run(
        [program, "-s", "-e", str(elf), *map(hex, addresses)],
        check=True, capture_output=True, text=True,
    ).stdout.split("\n")  # fmt: skip
    lines = SourceLines(elf)
    compared = 0
    for address, answer in zip(addresses, answers, strict=False):
        location = lines.find(address)
        expected = answer.split(" ")[0]
        if location.file and not expected.endswith("?"):
            assert f"{Path(location.file).name}:{location.line}" == expected
            compared += 1
    assert compared > 40
