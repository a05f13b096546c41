"""A reset that puts an older program back. QEMU does it, too, where it was started with one."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import fake_project as fake
import pytest
import test_flash_gdb

from mcuforge import boards
from mcuforge.boards.hardware import Hardware
from mcuforge.boards.qemu_command import LOCALHOST, qemu_command, serial_options
from mcuforge.build import BuildResult, build, image
from mcuforge.flash import flash
from mcuforge.flash.gdb import script
from mcuforge.flash.job import Job
from mcuforge.flash.problems import FlashError, Kind
from mcuforge.simulate.qemu import free_port

BOARD = replace(boards.load("mps2-an386"), hardware=Hardware())


def job_for(built: BuildResult, server: str, reset: str | None) -> Job:
    assert built.hex and built.bin
    start = image.load(built.elf).start
    return Job(
        BOARD, built.elf, built.hex, built.bin, start, gdb_server=server, gdb_reset=reset
    )  # fmt: skip


def test_nothing_resets_after_the_comparison(tmp_path: Path) -> None:
    built = BuildResult(tmp_path / "x.elf", tmp_path / "x.hex", tmp_path / "x.bin")
    job = Job(BOARD, built.elf, tmp_path, tmp_path, 0, gdb_server="x:1", gdb_reset="machine Reset")
    lines = script(job).splitlines()
    assert lines.index("load") < lines.index("compare-sections")
    last_reset = len(lines) - 1 - lines[::-1].index("monitor machine Reset")
    assert lines.index("load") < last_reset < lines.index("compare-sections")


@pytest.mark.sim
@pytest.mark.skipif(not shutil.which("gdb-multiarch"), reason="there is no gdb for Arm")
def test_an_older_program_that_comes_back_is_no_success(tmp_path: Path) -> None:
    old = build(fake.write_project(BOARD, tmp_path / "old"), BOARD.name)
    project = fake.write_project(BOARD, tmp_path / "new")
    model = project / "model" / "fake_model.c"
    model.write_text(model.read_text().replace("0x5Au", "0x5Bu"))
    new = build(project, BOARD.name)
    assert old.elf.read_bytes() != new.elf.read_bytes()
    gdb, serial = free_port(), free_port()
    command = [
        *qemu_command(BOARD, str(old.elf)), *serial_options(serial),
        *("-gdb", f"tcp:{LOCALHOST}:{gdb}"),
    ]  # fmt: skip
    with subprocess.Popen(command, stdin=subprocess.DEVNULL) as process:
        try:
            test_flash_gdb._await(gdb)
            with pytest.raises(FlashError, match=r"after 'system_reset'.*older program") as caught:
                flash(job_for(new, f"{LOCALHOST}:{gdb}", "system_reset"), "gdb", lambda *_: None)
            assert caught.value.kind is Kind.VERIFY
            flash(job_for(new, f"{LOCALHOST}:{gdb}", None), "gdb", lambda *_: None)
        finally:
            process.kill()
