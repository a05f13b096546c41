"""`mcuforge init`."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import click

from mcuforge import documents
from mcuforge.cli.arguments import INPUT_MODEL, OUTPUT_FOLDER, SAMPLES
from mcuforge.cli.common import MOST_SAMPLES, echo_json, json_option
from mcuforge.cli.consoles import echo, warn
from mcuforge.cli.label_options import LabelOptions, label_options
from mcuforge.cli.progress import hidden, stages
from mcuforge.documents.init import SCHEMA
from mcuforge.errors import UsageError
from mcuforge.scaffold import SEED, NewRecipe, init_recipe

_OPTIONS = (
    click.option(
        "--calibration", metavar="N", type=click.IntRange(1, MOST_SAMPLES),
        help="Samples that set the ranges of int8 values [100, at most half].",
    ),
    click.option(
        "--golden", metavar="N", type=click.IntRange(1, MOST_SAMPLES),
        help="Samples that the model is judged on [256, or what is left; of a .tflite all].",
    ),
    click.option(
        "--seed", type=click.IntRange(0, 2**32 - 1), default=SEED, show_default=True,
        help="Which samples are drawn.",
    ),
    click.option(
        "--copy/--no-copy", default=True, show_default=True,
        help="Copy the model into the folder, or name it where it lies.",
    ),
    click.option("--name", help="What the model is called [as its file]."),
    click.option("-y", "--yes", is_flag=True, help="Ask nothing: take what is guessed."),
    click.option("--force", is_flag=True, help="Write a recipe again that mcuforge made."),
)  # fmt: skip


def _options(function: Callable[..., Any]) -> Callable[..., Any]:
    for option in reversed(_OPTIONS):
        function = option(function)
    return function


@click.command()
@click.argument("model", type=INPUT_MODEL)
@click.option(
    "--samples", type=SAMPLES, metavar="FILE",
    help="Typical inputs [N, ...], an .npz or .npy file; of several inputs an array for each.",
)  # fmt: skip
@label_options
@click.option(
    "-o", "--output", type=OUTPUT_FOLDER, metavar="FOLDER",
    help="The recipe's folder [as the model is called].",
)  # fmt: skip
@_options
@json_option
def command(
    model: Path,
    samples: Path | None,
    labels: LabelOptions,
    output: Path | None,
    yes: bool,
    as_json: bool,
    **words: Any,
) -> None:
    """Make the recipe folder of MODEL, a Keras model or an int8 .tflite.

    Parts the samples into those that calibrate and those that judge, guesses the metric from the
    model's outputs and the labels, and says why. Every guess is an option. At a terminal it asks
    where a guess is not sure.
    """
    asks = sys.stdin.isatty() and not (yes or as_json)
    samples = samples or _samples(asks)
    with stages() as on_stage:
        on_stage("reading", 0, 0)
        made = init_recipe(
            model, samples, labels.file, output, labels.recipe(**words),
            ask if asks else None,
            lambda done, total: on_stage("running", done, total),
        )  # fmt: skip
    for warning in made.warnings:
        warn(warning)
    if as_json:
        echo_json(content(made))
    else:
        _print(made)


def _samples(asks: bool) -> Path:
    """The file of samples, which nobody named."""
    if not asks:
        raise UsageError(
            "which samples? --samples FILE.npz names typical inputs [N, ...], as in training."
        )
    return Path(str(click.prompt("File of samples, .npz or .npy", type=SAMPLES, err=True)))


def ask(question: str, answers: Sequence[str], default: str) -> str:
    """The metric that whoever sits at the terminal names."""
    with hidden():
        echo(question, err=True)
        return str(click.prompt("Metric", type=click.Choice(answers), default=default, err=True))


def told(made: NewRecipe) -> list[str]:
    """What was guessed and parted, a line each."""
    why = f"since {made.reason}" if made.guessed else made.reason
    lines = [*made.notes, f"metric: {made.metric.value}, {why}."]
    count = made.calibration or made.golden
    samples = f"samples: {count:,}"
    if made.calibration:
        lines.append(f"{samples} to calibrate with, {made.golden:,} others to judge by.")
    else:
        lines.append(f"{samples} to judge by.")
    if made.quality:
        values = (f"{n.replace('_', ' ')} {v:.4g}" for n, v in made.quality.items())
        lines.append(f"{made.engine} on these: {', '.join(values)}.")
    return lines


def content(made: NewRecipe) -> dict[str, Any]:
    """The same for programs."""
    return documents.document(SCHEMA, {
        "folder": str(made.folder),
        "name": made.name,
        "metric": made.metric.value,
        "guessed": made.guessed,
        "reason": made.reason,
        "calibration": made.calibration,
        "golden": made.golden,
        "engine": made.engine,
        "quality": made.quality,
        "notes": list(made.notes),
        "warnings": list(made.warnings),
    })  # fmt: skip


def _print(made: NewRecipe) -> None:
    for line in told(made):
        echo(line)
    echo(f"Recipe: {made.folder}/recipe.toml")
    echo(f"Next: mcuforge run {shlex.quote(str(made.folder))}")
