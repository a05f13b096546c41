"""`mcuforge convert`."""

from __future__ import annotations

from pathlib import Path

import click

from mcuforge import atomic, recipe
from mcuforge.cli.common import echo_json, json_option
from mcuforge.cli.progress import progress
from mcuforge.convert import convert
from mcuforge.errors import UsageError


@click.command()
@click.argument("model", type=click.Path(path_type=Path))
@click.option(
    "--calibration",
    type=click.Path(path_type=Path),
    help="An .npz whose array 'inputs' holds typical inputs, float32 [N, ...].",
)
@click.option(
    "-o", "--output", type=click.Path(path_type=Path), help="The .tflite [beside the model]."
)
@json_option
def command(model: Path, calibration: Path | None, output: Path | None, as_json: bool) -> None:
    """Convert MODEL (a model folder, or a .keras file) to a full-integer int8 .tflite.

    A folder's recipe names the calibration samples; a .keras file needs --calibration.
    """
    with progress("calibrating") as on_progress:
        if model.suffix == ".keras":
            target = output or model.with_suffix(".tflite")
            result = convert(model, calibration, on_progress)
        elif model.suffix == ".tflite":
            raise UsageError(f"{model} is converted already.")
        else:
            loaded = recipe.load(model)
            target = output or loaded.tflite
            result = convert(loaded, calibration, on_progress)
    atomic.write_bytes(target, result.tflite)
    if as_json:
        echo_json(
            {
                "tflite": str(target),
                "bytes": len(result.tflite),
                "calibration_samples": result.calibration_samples,
                "rewritten": list(result.rewritten),
            }
        )
        return
    click.echo(
        f"{target}: {len(result.tflite):,} bytes, full-integer int8, calibrated on "
        f"{result.calibration_samples} samples."
    )
    for name in result.rewritten:
        click.echo(f"Nearest upsampling rewritten to RESIZE_NEAREST_NEIGHBOR: {name}")
