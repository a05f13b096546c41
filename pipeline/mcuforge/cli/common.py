"""What several commands share: options, output, and finding a model's .tflite."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from mcuforge import documents
from mcuforge.boards import Board
from mcuforge.cli.arguments import BOARD, OUTPUT, OUTPUT_FOLDER
from mcuforge.cli.consoles import echo, write
from mcuforge.cli.sizes import SIZE
from mcuforge.device.ports import AUTO, Port, find
from mcuforge.engines import AOT, ENGINES, TFLM
from mcuforge.errors import UsageError
from mcuforge.files import json_text, locks
from mcuforge.recipe import Recipe

if TYPE_CHECKING:
    from mcuforge.planning.rows.borders import BorderRows

_BORDERS = ("whole", "rows")
_FIT = "fit"
_MEMORY = (_FIT, "fast", "small")
_OPTIMIZE = ("speed", "size")  # those of mcuforge.planning, which takes long to import
MOST_SAMPLES = 1_000_000  # random ones are made at once
F = TypeVar("F", bound=Callable[..., Any])


def json_option(function: F) -> F:
    """`--json`: the result as JSON on stdout."""
    return click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")(
        function
    )


def board_option(function: F) -> F:
    """`--board`: a board's name, or the path of a board file."""
    return click.option(
        "--board", "board_name", type=BOARD, default="mps2-an386", show_default=True,
        metavar="NAME|FILE.toml", help="The board; `mcuforge boards` lists them.",
    )(function)  # fmt: skip


def output_option(function: F) -> F:
    """`--output`: the folder that is written to, which the command holds while it runs."""

    @wraps(function)
    def holding(*arguments: Any, output: Path, **options: Any) -> Any:
        with locks.writing(output):
            return function(*arguments, output=output, **options)

    return click.option(
        "-o", "--output", type=OUTPUT_FOLDER, default=OUTPUT, show_default=True,
        help="The folder that is written to.",
    )(holding)  # type: ignore[return-value]  # fmt: skip


def simulator_options(function: F) -> F:
    """`--simulator` and `--renode`."""
    where = click.option(
        "--renode", type=click.Path(path_type=Path), metavar="PATH",
        help="Renode's program or folder; else MCUFORGE_RENODE, RENODE_ROOT, PATH, /opt/renode.",
    )  # fmt: skip
    which = click.option(
        "--simulator", type=click.Choice(("auto", "qemu", "renode")), default="auto",
        show_default=True, help="auto: QEMU where it has the board, else Renode.",
    )  # fmt: skip
    return which(where(function))


def count_option(
    default: int | None, what: str, *, takes_samples: bool = False
) -> Callable[[F], F]:
    """`--count`: how many samples. `--samples` is always a file, and refused where a command
    without `takes_samples` reads none; old habits are told so.
    """

    def refuse(_context: click.Context, _option: click.Parameter, value: str | None) -> None:
        if value is not None:
            raise UsageError(
                f"--samples names a file, for commands that read samples from one. "
                f"The number of samples is --count{f' {value}' if value.isdigit() else ''}."
            )

    number = click.option(
        "--count", metavar="N", type=click.IntRange(1, MOST_SAMPLES), default=default,
        show_default=default is not None, help=what,
    )  # fmt: skip
    if takes_samples:
        return number
    old = click.option("--samples", hidden=True, expose_value=False, callback=refuse)
    return lambda function: number(old(function))


def served_option(function: F) -> F:
    """`--model`: which model of a project of several the harness serves."""
    return click.option(
        "--model", metavar="NAME",
        help="In a project of several models: the one that the firmware serves [the first].",
    )(function)  # fmt: skip


def engine_option(function: F) -> F:
    """`--engine`: what computes the model on the device."""
    return click.option(
        "--engine", type=click.Choice(ENGINES), default=AOT, show_default=True,
        help="aot: C with our kernels; tflm: TensorFlow Lite Micro, found by TFLM_ROOT.",
    )(function)  # fmt: skip


def optimize_option(function: F) -> F:
    """`--optimize`: what a plan is made for."""
    return click.option(
        "--optimize", type=click.Choice(_OPTIMIZE), default=_OPTIMIZE[0], show_default=True,
        help="size: leave int4 weights packed in flash, and unpack them while the model runs; "
        "speed: only where flash is too small otherwise.",
    )(function)  # fmt: skip


def memory_option(function: F) -> F:
    """`--memory`: whether ops run row by row."""
    return click.option(
        "--memory", type=click.Choice(_MEMORY),
        help="Run ops row by row, which takes a smaller arena and some percent more instructions: "
        "fit: where RAM or --max-ram is too small otherwise; fast: never; small: as far as it "
        "saves memory [the recipe's, or fit].",
    )(function)  # fmt: skip


def max_ram_option(function: F) -> F:
    """`--max-ram` of commands that judge no gates: a budget for the plan alone."""
    return click.option(
        "--max-ram", metavar="SIZE", type=SIZE,
        help="RAM that the firmware may take, such as 24k [the recipe's gate, or all of the "
        "board's].",
    )(function)  # fmt: skip


def ram_choice(
    recipe: Recipe | None, memory: str | None, max_ram: int | None = None
) -> tuple[str, int | None]:
    """`--memory` and `--max-ram` as they were given, or else as the recipe says."""
    if recipe is not None:
        memory, max_ram = memory or recipe.memory, max_ram or recipe.gates.max_ram
    return memory or _FIT, max_ram


def rows_options(function: F) -> F:
    """`--input` and `--output-as`: whether inputs arrive, and outputs leave, row by row."""
    output = click.option(
        "--output-as", "output_as", type=click.Choice(_BORDERS),
        help="rows: outputs are handed over row by row, when a row is made [the recipe's, or "
        "whole].",
    )(function)  # fmt: skip
    return click.option(
        "--input", "--input-as", "input_as", type=click.Choice(_BORDERS),
        help="rows: the application gives inputs row by row, as a camera does, and none of them "
        "needs a buffer; whole: all of them lies in the arena [the recipe's, or whole].",
    )(output)  # fmt: skip


def borders_of(
    input_as: str | None, output_as: str | None, recipe: Recipe | None, engine: str = AOT
) -> BorderRows:
    """What `rows_options` ask for, or else the recipe.

    Raises `UsageError` where the engine cannot do what an option asks for.
    """
    from mcuforge.planning.rows.borders import BorderRows

    if engine == TFLM:
        if _BORDERS[1] in (input_as, output_as):
            raise UsageError(
                "TensorFlow Lite Micro takes whole inputs, and gives whole outputs: leave --input "
                "and --output-as out, or use --engine aot."
            )
        return BorderRows()
    said = recipe.borders if recipe is not None else (None, None)
    return BorderRows.said(input_as or said[0], output_as or said[1])


def force_option(function: F) -> F:
    """`--force`: replace edited files of an older project."""
    return click.option(
        "--force", is_flag=True,
        help="Replace files of the project that were edited, too; files of your own always stay.",
    )(function)  # fmt: skip


def history_option(function: F) -> F:
    """`--no-history`: do not keep the run beside older ones."""
    return click.option(
        "--history/--no-history", default=True,
        help="Keep report.json in the folder's runs/<number>, for compare and --baseline [yes].",
    )(function)  # fmt: skip


def tighten_option(function: F) -> F:
    """`--tighten-arena`: reserve what TFLM reports to use."""
    return click.option(
        "--tighten-arena", is_flag=True,
        help="With tflm: reserve only the arena that the simulated device reports to use.",
    )(function)  # fmt: skip


def steps_option(function: F) -> F:
    """`--steps`: how long the sequences of a model with state are."""
    return click.option(
        "--steps", metavar="N", type=click.IntRange(1, MOST_SAMPLES),
        help="Of a model with state: begin again from its first state after N samples; by default "
        "all are one sequence.",
    )(function)  # fmt: skip


def echo_json(document: dict[str, Any]) -> None:
    """Print a JSON document on stdout."""
    write(json_text.dumps(document))


def echo_document(schema: str, content: dict[str, Any]) -> None:
    """Print the JSON document of a schema on stdout."""
    echo_json(documents.document(schema, content))


def find_port(board: Board, port: str | None) -> str:
    """The port that was named; for None and `auto`, the board's, by asking where several fit.

    Raises `DeviceError` where none is found, or nobody can be asked.
    """
    if port not in (None, AUTO):
        return str(port)
    return find(board, _ask if sys.stdin.isatty() else None)


def _ask(ports: Sequence[Port]) -> Port:
    for number, port in enumerate(ports, 1):
        echo(f"  {number}  {port}", err=True)
    number = click.prompt("Which port", type=click.IntRange(1, len(ports)), default=1, err=True)
    return ports[int(number) - 1]
