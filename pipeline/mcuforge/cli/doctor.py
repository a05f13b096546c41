"""`mcuforge doctor`."""

from __future__ import annotations

import click

from mcuforge import doctor
from mcuforge.cli.common import echo_json, json_option
from mcuforge.cli.consoles import result_console
from mcuforge.cli.progress import progress
from mcuforge.errors import ToolError

_WIDE = 120  # columns that have room for where things were found


@click.command()
@json_option
def command(as_json: bool) -> None:
    """Check that this machine has what mcuforge needs.

    Exit code 1 where the main job, a .tflite all the way (mcuforge run), cannot work. What only
    some commands need is optional; it is said what does not work without it.
    """
    with progress("looking") as on_progress:
        on_progress(0, 1)
        report = doctor.check()
        on_progress(1, 1)
    if not as_json:
        wide = result_console.width >= _WIDE
        result_console.print(doctor.table(report, wide=wide), crop=False)
    if not report.ok:
        raise ToolError(report.verdict(), result=doctor.as_json(report))
    if as_json:
        echo_json(doctor.as_json(report))
