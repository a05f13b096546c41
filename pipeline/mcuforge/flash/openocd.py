"""Flashing with OpenOCD.

The board file names OpenOCD's configuration files, and commands that choose and set up an adapter,
separated by semicolons. It is started in an empty folder, so that it finds its own files alone.
"""

from __future__ import annotations

import re

from mcuforge.flash.job import Job, Plan, Step
from mcuforge.flash.problems import FlashError, Kind, text, wrong_chip
from mcuforge.wording.escape import tcl_string

_PROGRAM = "openocd"
_INSTALL = (
    "Install it: Debian: apt install openocd; Fedora: dnf install openocd; "
    "macOS: brew install openocd; Windows: winget install xpack-dev-tools.openocd-xpack."
)
_DONE = "mcuforge: done"
_ID = re.compile(r"mcuforge: chip (0x[0-9a-f]+|\d+)")


def plan(job: Job) -> Plan:
    """One run of OpenOCD: check the chip, write, read back, start."""
    command = [_PROGRAM]
    for part in map(str.strip, job.board.hardware.targets["openocd"].split(";")):
        command += ["-f" if part.endswith(".cfg") else "-c", part]
    if job.probe:
        command += ["-c", f"adapter serial {tcl_string(job.probe)}"]
    command += ["-f", "{folder}/flash.cfg"]

    def check(output: str) -> None:
        _check(job, output)

    step = Step("write, verify and run", tuple(command), {"flash.cfg": script(job)}, check, _DONE)
    return Plan(_PROGRAM, _INSTALL, (step,))


def script(job: Job) -> str:
    """Tcl for OpenOCD 0.12. Any error ends it with an exit code."""
    firmware = tcl_string(job.hex.as_posix())
    lines = ["init", "reset halt", *_chip_check(job)]
    if job.erase:
        lines += ["flash erase_sector 0 0 last"]
    lines += [
        f"flash write_image erase {firmware}",
        f"verify_image {firmware}",
        'echo "mcuforge: verified"',
        "reset run",
        f'echo "{_DONE}"',
        "shutdown",
    ]
    return "\n".join(lines) + "\n"


def _chip_check(job: Job) -> list[str]:
    chip = job.board.hardware.chip
    if chip is None:
        return []
    return [
        f"set chip [expr {{[read_memory 0x{chip.address:08x} 32 1] & 0x{chip.mask:x}}}]",
        'echo "mcuforge: chip $chip"',
        f"if {{$chip != 0x{chip.value:x}}} {{ reset run; shutdown error }}",
    ]


def _check(job: Job, output: str) -> None:
    chip = job.board.hardware.chip
    found = _ID.search(output)
    if chip and found and int(found[1], 0) != chip.value:
        raise wrong_chip(job.board, int(found[1], 0))
    if "wrote " in output and "mcuforge: verified" not in output:
        raise FlashError(Kind.VERIFY, text(Kind.VERIFY, job.board, _PROGRAM))
