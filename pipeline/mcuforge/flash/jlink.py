"""Flashing with SEGGER's J-Link Commander."""

from __future__ import annotations

import re
import shutil

from mcuforge.flash.job import Job, Plan, Step
from mcuforge.flash.problems import explain, wrong_chip
from mcuforge.wording.escape import jlink_string

_PROGRAMS = ("JLinkExe", "JLink")
_INSTALL = "It is part of the J-Link Software Pack of SEGGER."
_WORD = re.compile(r"^[0-9A-F]{8} = ([0-9A-F]{8})", re.MULTILINE)


def plan(job: Job) -> Plan:
    """Two runs: the chip is looked at before anything is written to it."""
    program = next(filter(shutil.which, _PROGRAMS), _PROGRAMS[0])
    command = (
        program,
        *("-device", job.board.hardware.targets["jlink"]),
        *("-if", "SWD", "-speed", "4000", "-autoconnect", "1"),
        *("-ExitOnError", "1", "-NoGui", "1"),
        *(("-SelectEmuBySN", job.probe) if job.probe else ()),
        *("-CommandFile", "{folder}/flash.jlink"),
    )

    def check_written(output: str) -> None:
        if "Verify successful" not in output:
            raise explain(job.board, program, output)

    files = {"flash.jlink": script(job)}
    steps = [Step("write, verify and run", command, files, check_written)]
    chip = job.board.hardware.chip
    if chip:

        def check_chip(output: str) -> None:
            word = _WORD.search(output)
            if word is None:
                raise explain(job.board, program, output)
            if int(word[1], 16) & chip.mask != chip.value:
                raise wrong_chip(job.board, int(word[1], 16) & chip.mask)

        read = f"mem32 0x{chip.address:08x} 1\nexit\n"
        steps.insert(0, Step("check the chip", command, {"flash.jlink": read}, check_chip))
    return Plan(program, _INSTALL, tuple(steps))


def script(job: Job) -> str:
    """Commands for J-Link Commander. It erases only the sectors that are written."""
    lines = ["r", "h"]
    if job.erase:
        lines.append("erase")
    lines += [
        f"loadfile {jlink_string(str(job.hex))}",
        f"verifybin {jlink_string(str(job.bin))}, 0x{job.start:08x}",
        "r",
        "g",
        "exit",
    ]
    return "\n".join(lines) + "\n"
