"""Flashing through any gdbserver: a probe's, a simulator's, a debugger's."""

from __future__ import annotations

import re
import shutil

from mcuforge.errors import UsageError
from mcuforge.flash.job import Job, Plan, Step
from mcuforge.flash.problems import FlashError, Kind, text, wrong_chip
from mcuforge.wording.escape import gdb_line

_PROGRAMS = ("gdb-multiarch", "arm-none-eabi-gdb", "gdb")
_INSTALL = (
    "Install a gdb for Arm: Debian: apt install gdb-multiarch; Fedora: dnf install gdb; "
    "elsewhere it comes with the GNU toolchain for Arm."
)
_DONE = "mcuforge: done"  # old versions of gdb end with 0 also after an error
_ID = re.compile(r"mcuforge: chip 0x([0-9a-f]+)")
_MATCHED = re.compile(r"^Section .*: matched\.", re.MULTILINE)
_LOADED = "Transfer rate:"
_OLD_PROGRAM = (
    "It was compared after '{}', which may have put an older program back, as Renode's 'machine "
    "Reset' does: leave --gdb-reset out there."
)
_THUMB = 1 << 24  # of the xPSR; no exception is active


def plan(job: Job) -> Plan:
    """Load, compare what is there with what was sent, and start."""
    if job.erase:
        raise UsageError(
            "gdb cannot erase a chip: leave out --erase, or use the tool behind the gdbserver."
        )
    program = next(filter(shutil.which, _PROGRAMS), _PROGRAMS[0])
    command = (program, "-nx", "-batch", "-x", "{folder}/flash.gdb", str(job.elf))

    def check(output: str) -> None:
        _check(job, output)

    step = Step("load, verify and run", command, {"flash.gdb": script(job)}, check, _DONE)
    return Plan(program, _INSTALL, (step,))


def script(job: Job) -> str:
    """The commands for gdb. An error ends it, and nothing after it is run."""
    lines = [
        "set confirm off",
        "set pagination off",
        "set remotetimeout 10",
        "set tcp connect-timeout 3",
        f"target remote {gdb_line(job.gdb_server)}",
        *([f"monitor {gdb_line(job.gdb_reset)}"] if job.gdb_reset else []),
        *_chip_check(job),
        "load",
        *([f"monitor {gdb_line(job.gdb_reset)}"] if job.gdb_reset else []),
        # Last, since a reset may put back what was there: Renode's loads its ELF again.
        "compare-sections",
        *_start(),
        f"echo {_DONE}\\n",
    ]
    return "\n".join(lines) + "\n"


def _chip_check(job: Job) -> list[str]:
    chip = job.board.hardware.chip
    if chip is None:
        return []
    return [
        f"set $chip = *(unsigned int *)0x{chip.address:08x} & 0x{chip.mask:x}",
        'printf "mcuforge: chip 0x%x\\n", $chip',
        f"if $chip != 0x{chip.value:x}",
        "  detach",
        "  quit 1",
        "end",
    ]


def _start() -> list[str]:
    """As the core does after a reset: stack and first instruction from the vector table."""
    return [
        "set $sp = ((unsigned int *)&vectors)[0]",
        f"set $xpsr = 0x{_THUMB:08x}",
        "set $pc = ((unsigned int *)&vectors)[1] & ~1u",
        "detach",
    ]


def _check(job: Job, output: str) -> None:
    chip = job.board.hardware.chip
    found = _ID.search(output)
    if chip and found and int(found[1], 16) != chip.value:
        raise wrong_chip(job.board, int(found[1], 16))
    if "MIS-MATCHED" in output or (_LOADED in output and not _MATCHED.search(output)):
        hint = f" {_OLD_PROGRAM.format(job.gdb_reset)}" if job.gdb_reset else ""
        raise FlashError(Kind.VERIFY, text(Kind.VERIFY, job.board, "gdb") + hint)
