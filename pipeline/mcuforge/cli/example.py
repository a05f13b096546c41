"""`mcuforge example`."""

from __future__ import annotations

import shlex
from dataclasses import asdict
from importlib.util import find_spec
from pathlib import Path

import click

from mcuforge import documents
from mcuforge.cli.arguments import EXAMPLE, OUTPUT_FOLDER
from mcuforge.cli.common import echo_json, json_option
from mcuforge.cli.consoles import echo, note, result_console
from mcuforge.documents.example import SCHEMA, SCHEMA_OF_LIST
from mcuforge.errors import UsageError
from mcuforge.scaffold import examples
from mcuforge.wording import extras
from mcuforge.wording.tables import Table


@click.command()
@click.argument("name", type=EXAMPLE, required=False)
@click.option(
    "-o", "--output", type=OUTPUT_FOLDER, metavar="FOLDER", help="The folder [NAME]."
)  # fmt: skip
@click.option(
    "--tflite", "quantized", is_flag=True,
    help="Only the quantised model, which runs without TensorFlow.",
)  # fmt: skip
@json_option
def command(name: str | None, output: Path | None, quantized: bool, as_json: bool) -> None:
    """Write the example NAME into a folder: a model, samples, a recipe. Lists them without NAME."""
    if name is None:
        if output is not None or quantized:
            raise UsageError("which example? `mcuforge example` lists them.")
        _list(as_json)
        return
    folder = output or Path(name)
    files = examples.write(name, folder, quantized=quantized)
    quoted = shlex.quote(str(folder))
    if as_json:
        content = {"folder": str(folder), "files": [str(file) for file in files]}
        echo_json(documents.document(SCHEMA, content))
        return
    for file in files:
        echo(str(file))
    if not quantized and find_spec("tensorflow") is None:
        note(
            f"To convert it takes TensorFlow: {extras.pip_install('train')}. With --tflite the "
            "example does without."
        )
    echo(f"Next: mcuforge run {quoted}")


def _list(as_json: bool) -> None:
    found = examples.listed()
    if as_json:
        content = {"examples": [asdict(example) for example in found]}
        echo_json(documents.document(SCHEMA_OF_LIST, content))
        return
    table = Table("name", "what it does", "metric")
    for example in found:
        table.add_row(example.name, example.summary, example.metric)
    result_console.print(table)
    echo("Next: mcuforge example NAME")
