"""Flashing with STMicroelectronics' STM32CubeProgrammer."""

from __future__ import annotations

import re

from mcuforge.flash.job import Job, Plan, Step
from mcuforge.flash.problems import explain, wrong_chip

_PROGRAM = "STM32_Programmer_CLI"
_INSTALL = "It is part of STM32CubeProgrammer; its folder bin must be on PATH."
_ID = re.compile(r"^Device ID\s*: 0x([0-9A-Fa-f]+)", re.MULTILINE)


def plan(job: Job) -> Plan:
    """Two runs: the chip is looked at before anything is written to it."""
    port = job.board.hardware.targets["stm32cubeprog"]
    connect = (
        _PROGRAM,
        "-c",
        f"port={port}",
        "mode=UR",
        *((f"sn={job.probe}",) if job.probe else ()),
    )

    def check_chip(output: str) -> None:
        chip = job.board.hardware.chip
        found = _ID.search(output)
        if found is None:
            raise explain(job.board, _PROGRAM, output)
        if chip and int(found[1], 16) != chip.value:
            raise wrong_chip(job.board, int(found[1], 16))

    def check_written(output: str) -> None:
        if "Download verified successfully" not in output:
            raise explain(job.board, _PROGRAM, output)

    erase = ("-e", "all") if job.erase else ()
    write = (*connect, *erase, "-w", str(job.hex), "-v", "-rst")
    return Plan(
        _PROGRAM,
        _INSTALL,
        (
            Step("check the chip", connect, check=check_chip),
            Step("write, verify and run", write, check=check_written),
        ),
    )
