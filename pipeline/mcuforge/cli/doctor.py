"""`mcuforge doctor`."""

from __future__ import annotations

import click

from mcuforge import doctor
from mcuforge.cli.common import echo_json, json_option, result_console


@click.command()
@json_option
@click.pass_context
def command(context: click.Context, as_json: bool) -> None:
    """Check that this machine has what mcuforge needs.

    Exit code 1 where the main job (mcuforge run) cannot work.
    """
    report = doctor.check()
    if as_json:
        echo_json(doctor.as_json(report))
    else:
        result_console.print(doctor.table(report))
    context.exit(0 if report.ok else 1)
