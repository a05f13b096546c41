"""The command line. Every command lives in its own module and is imported when it is called.

Words -> one call of what stands below, its result in words or JSON, and an exit code. Computes
nothing itself, and no stage knows of it.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib import import_module
from typing import Any, NoReturn

import click

from mcuforge import __version__
from mcuforge.cli import failure, quiet, streams, termination

# Section of the help -> name -> first line of a command's own help. The command is `command` of
# mcuforge.cli.<name> (_ for -).
SECTIONS = {
    "Start": {
        "example": "Write an example into a folder: a model, samples, a recipe.",
        "init": "Make the recipe folder of a model from samples and labels.",
        "run": "Take models all the way: convert, emit, build, simulate, prove, report.",
        "fit": "Show which boards a model fits, and how fast it is there.",
        "boards": "List the boards.",
        "doctor": "Check that this machine has what mcuforge needs.",
    },
    "Model": {
        "train": "Train a model of this repository again.",
        "convert": "Convert a Keras model to a full-integer .tflite.",
        "inspect": "Show what a .tflite holds and what it would cost.",
        "explore": "Show the latent space of a decoder, in float, in int8 and on a device.",
    },
    "Search": {
        "tune": "Search for the best model that fits: quality, RAM, flash, time.",
        "tune-worker": "Work at the trials of a search or a sweep, on any machine.",
        "sweep": "Take models through every combination of boards and settings.",
    },
    "Firmware": {
        "emit": "Write the firmware project of a model for a board.",
        "build": "Build a firmware project.",
        "simulate": "Run a firmware project in a simulator.",
        "flash": "Write the firmware of a project to a board.",
        "monitor": "Show what a board sends, and explain its faults.",
    },
    "Proof and speed": {
        "parity": "Prove that host and device compute the same bytes.",
        "profile": "Show where an inference spends its time: instructions and cycles.",
        "bench": "Compare the engines: instructions, flash, RAM.",
        "compare": "Show what changed from one run to another.",
    },
    "Quantisation": {
        "debug-quantization": "Show what quantisation loses in each layer, and what helps.",
        "quantize-table": "Show what quantisation makes of numbers.",
    },
    "Tools": {
        "schema": "Print the JSON schema of recipes, board files, or what commands print.",
    },
}
COMMANDS = {name: text for section in SECTIONS.values() for name, text in section.items()}


class _LazyGroup(click.Group):
    """Imports a command's module only when it is asked for, so that start-up stays short."""

    def list_commands(self, _ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, _ctx: click.Context, name: str) -> click.Command | None:
        if name not in COMMANDS:
            return None
        command: click.Command = import_module(f"mcuforge.cli.{name.replace('-', '_')}").command
        return command if name in quiet.WITHOUT else quiet.with_quiet(command)

    def invoke(self, ctx: click.Context) -> Any:
        """Whatever a command asks TensorFlow for, that is imported once."""
        from mcuforge.processes import tensorflow_child

        with tensorflow_child.kept():
            return super().invoke(ctx)

    def format_commands(self, _ctx: click.Context, formatter: click.HelpFormatter) -> None:
        width = max(map(len, COMMANDS))
        for title, commands in SECTIONS.items():
            with formatter.section(title):
                formatter.write_dl([(name.ljust(width), text) for name, text in commands.items()])


@click.group(
    cls=_LazyGroup, params=[quiet.OPTION], context_settings={"help_option_names": ["-h", "--help"]}
)
@click.option("--debug", is_flag=True, expose_value=False, help="Show a traceback on errors.")
@click.version_option(__version__, prog_name="mcuforge")
def cli() -> None:
    """From a Keras model to verified firmware on an Arm Cortex-M."""


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Entry point of the `mcuforge` command. Ends the process with the command's exit code.

    `--debug` may stand anywhere: one notices that it is needed after the rest is typed.
    """
    streams.open_closed()
    with termination.as_exceptions():
        _run(list(sys.argv[1:] if arguments is None else arguments))


def _run(given: list[str]) -> NoReturn:
    debug = "--debug" in given
    as_json = "--json" in given
    try:
        result = cli.main(
            args=[a for a in given if a != "--debug"], prog_name="mcuforge", standalone_mode=False
        )
        sys.stdout.flush()  # what cannot be written is told now, not when Python ends
        sys.exit(result if isinstance(result, int) else 0)
    except BrokenPipeError:
        streams.give_up(sys.stdout)  # its reader has gone, as in `... | head`
        sys.exit(1)
    except (KeyboardInterrupt, Exception) as error:
        sys.exit(_told(termination.cause(error), as_json=as_json, debug=debug))


def _told(error: BaseException, *, as_json: bool, debug: bool) -> int:
    """The exit code, once the error is reported; or an interrupt that comes in the middle."""
    try:
        return failure.report(error, as_json=as_json, debug=debug)
    except KeyboardInterrupt as interrupt:
        return failure.report(interrupt, as_json=as_json, debug=debug)
