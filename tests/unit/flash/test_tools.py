"""Flashing with programs that only pretend: what they say decides, and a lost probe is retried."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from flash_job import make_job

from mcuforge import boards
from mcuforge import flash as flash_module
from mcuforge.errors import ToolError
from mcuforge.flash import flash
from mcuforge.flash.problems import FlashError, Kind

Script = Callable[[str, str], Path]


@pytest.fixture
def script(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Script:
    """Puts a shell script on PATH, the only one there. `$LOG` is a file for it to write to."""
    programs = tmp_path / "bin"
    programs.mkdir()
    for needed in ("sh", "cat", "rm"):
        found = shutil.which(needed)
        assert found
        (programs / needed).symlink_to(found)
    monkeypatch.setenv("PATH", str(programs))
    monkeypatch.setenv("LOG", str(tmp_path / "log"))
    monkeypatch.setattr(flash_module, "_PAUSE_SECONDS", 0.0)

    def add(name: str, body: str) -> Path:
        path = programs / name
        path.write_text(f"#!/bin/sh\n{body}\n")
        path.chmod(0o755)
        return tmp_path / "log"

    return add


def run(tmp_path: Path, method: str, **changes: object) -> list[tuple[int, int]]:
    steps: list[tuple[int, int]] = []
    flash(make_job(tmp_path, **changes), method, lambda done, total: steps.append((done, total)))
    return steps


def fails(tmp_path: Path, method: str, **changes: object) -> FlashError:
    with pytest.raises(FlashError) as error:
        run(tmp_path, method, **changes)
    return error.value


@pytest.mark.parametrize("method", ["openocd", "jlink", "stm32cubeprog", "gdb"])
def test_a_missing_tool_is_named(method: str, script: Script, tmp_path: Path) -> None:
    assert script
    with pytest.raises(ToolError, match="was not found on PATH"):
        run(tmp_path, method)


JLINK = """
for last; do :; done
cat "$last" >> "$LOG"
case "$(cat "$last")" in
mem32*) echo "E0042000 = 10076{id}";;
*) echo "{said}";;
esac
exit {code}"""


def jlink(chip: str = "413", said: str = "O.K.\nVerify successful.", code: int = 0) -> str:
    return JLINK.format(id=chip, said=said, code=code)


def test_jlink_looks_at_the_chip_and_then_writes(script: Script, tmp_path: Path) -> None:
    log = script("JLinkExe", jlink())
    assert run(tmp_path, "jlink")[-1] == (2, 2)
    commands = log.read_text().splitlines()
    assert commands[:2] == ["mem32 0xe0042000 1", "exit"]
    assert commands[2:4] == ["r", "h"]
    assert f'verifybin "{tmp_path}/firmware.bin", 0x08000000' in commands


def test_jlink_on_another_chip_writes_nothing(script: Script, tmp_path: Path) -> None:
    log = script("JLinkExe", jlink(chip="419"))
    error = fails(tmp_path, "jlink")
    assert error.kind is Kind.WRONG_CHIP
    assert "0x419, not 0x413. Nothing was written" in error.message
    assert "loadfile" not in log.read_text()


def test_jlink_that_cannot_verify(script: Script, tmp_path: Path) -> None:
    script("JLinkExe", jlink(said="Verify failed @ address 0x08000000"))
    assert fails(tmp_path, "jlink").kind is Kind.VERIFY


CUBE = """
echo "$@" >> "$LOG"
echo "Device ID   : 0x{id}"
case "$*" in *-w*) echo "{said}";; esac"""


def test_stm32cubeprog(script: Script, tmp_path: Path) -> None:
    log = script(
        "STM32_Programmer_CLI", CUBE.format(id="413", said="Download verified successfully")
    )
    run(tmp_path, "stm32cubeprog", probe="AB")
    assert log.read_text().splitlines()[1].endswith(f"sn=AB -w {tmp_path}/firmware.hex -v -rst")
    script("STM32_Programmer_CLI", CUBE.format(id="419", said=""))
    assert fails(tmp_path, "stm32cubeprog").kind is Kind.WRONG_CHIP
    script("STM32_Programmer_CLI", "echo 'Error: No debug probe detected.'; exit 1")
    assert fails(tmp_path, "stm32cubeprog").kind is Kind.NO_PROBE
    locked = "Error: read protection (RDP) is on"
    script("STM32_Programmer_CLI", CUBE.format(id="413", said=locked))
    error = fails(tmp_path, "stm32cubeprog")
    assert error.kind is Kind.LOCKED
    assert "Unlocking erases all of it" in error.message


ONCE_LOST = """
echo run >> "$LOG"
if [ -e "$LOG.again" ]; then echo "mcuforge: done"; exit 0; fi
> "$LOG.again"
echo "Error: LIBUSB_ERROR_NO_DEVICE"
exit 1"""


def test_a_lost_probe_is_tried_once_more(script: Script, tmp_path: Path) -> None:
    log = script("openocd", ONCE_LOST)
    run(tmp_path, "openocd")
    assert log.read_text().count("run") == 2


def test_but_not_after_an_erase(script: Script, tmp_path: Path) -> None:
    log = script("openocd", ONCE_LOST)
    assert fails(tmp_path, "openocd", erase=True).kind is Kind.LOST
    assert log.read_text().count("run") == 1


def test_and_not_for_ever(script: Script, tmp_path: Path) -> None:
    log = script("openocd", 'echo run >> "$LOG"; echo LIBUSB_ERROR_NO_DEVICE; exit 1')
    error = fails(tmp_path, "openocd")
    assert "was lost while flashing" in error.message
    assert log.read_text().count("run") == 2


def test_a_probe_that_does_not_come_back_was_lost(script: Script, tmp_path: Path) -> None:
    script(
        "openocd", ONCE_LOST.replace('echo "mcuforge: done"; exit 0', "echo open failed; exit 1")
    )
    assert fails(tmp_path, "openocd").kind is Kind.LOST


@pytest.mark.parametrize(("method", "program"), [("openocd", "openocd"), ("gdb", "gdb-multiarch")])
def test_an_exit_code_alone_is_no_success(
    method: str, program: str, script: Script, tmp_path: Path
) -> None:
    script(program, "echo 'Error in sourced command file'; exit 0")
    assert fails(tmp_path, method).kind is Kind.OTHER
    script(program, "echo 'mcuforge: done'")
    run(tmp_path, method)


def test_an_interrupt_does_not_claim_that_nothing_happened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(flash_module, "_once", interrupted)
    message = fails(tmp_path, "openocd").message
    assert "the firmware on a board may be incomplete. Flash it again" in message


def test_what_is_not_lost_is_not_tried_again(script: Script, tmp_path: Path) -> None:
    log = script("openocd", 'echo run >> "$LOG"; echo "Error: open failed"; exit 1')
    assert fails(tmp_path, "openocd").kind is Kind.NO_PROBE
    assert log.read_text().count("run") == 1


PRETEND = """
adapter driver dummy
proc init {} {}
proc reset {how} { echo "reset $how" }
proc read_memory {address width count} { return 0x10076%s }
proc flash {args} { echo "wrote 64 bytes: $args" }
proc verify_image {file} { %s }
"""
OPENOCD = shutil.which("openocd")


def test_the_script_runs_in_openocd(tmp_path: Path) -> None:
    """The real OpenOCD, whose commands that need a board are replaced."""
    if OPENOCD is None:
        pytest.skip("OpenOCD is not installed")
    job = make_job(tmp_path)
    from mcuforge.flash.openocd import plan

    def runs(chip: str, verify: str) -> subprocess.CompletedProcess[bytes]:
        (tmp_path / "pretend.cfg").write_text(PRETEND % (chip, verify))
        step = plan(job).steps[0]
        (tmp_path / "flash.cfg").write_text(step.files["flash.cfg"])
        done = subprocess.run(
            [OPENOCD or "", "-f", "pretend.cfg", "-f", "flash.cfg"],
            cwd=tmp_path, check=False, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip
        assert step.check
        step.check(done.stdout.decode())
        return done

    done = runs("413", 'echo "verified"')
    assert done.returncode == 0
    assert done.stdout.index(b"reset run") < done.stdout.index(b"mcuforge: done")
    assert b"wrote 64 bytes: write_image erase" in done.stdout
    assert done.stdout.index(b"verified") < done.stdout.index(b"reset run")
    with pytest.raises(FlashError, match="identifies itself as 0x419"):
        runs("419", "")
    with pytest.raises(FlashError, match="does not hold what was written"):
        runs("413", "error {contents differ}")


def test_openocd_without_a_probe(tmp_path: Path) -> None:
    if OPENOCD is None:
        pytest.skip("OpenOCD is not installed")
    error = fails(tmp_path, "openocd")
    assert error.kind is Kind.NO_PROBE
    assert "No debug probe was found for a board (USB 0483:374b)" in error.message


@pytest.mark.parametrize(
    "board",
    [b for b in boards.available() if "openocd" in b.hardware.targets],
    ids=lambda b: b.name,
)
def test_openocd_has_the_files_of_every_board(board: boards.Board, tmp_path: Path) -> None:
    """It looks for the probe after it has read its configuration."""
    if OPENOCD is None:
        pytest.skip("OpenOCD is not installed")
    error = fails(tmp_path, "openocd", board=board)
    assert error.kind in (Kind.NO_PROBE, Kind.PERMISSION), error.message
    assert board.title in error.message
