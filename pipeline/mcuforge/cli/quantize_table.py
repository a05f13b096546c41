"""`mcuforge quantize-table`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from mcuforge.cli.arguments import INPUT, STRATEGY
from mcuforge.cli.common import echo_document, json_option
from mcuforge.cli.consoles import result_console
from mcuforge.documents.quantization import TABLE
from mcuforge.errors import UsageError
from mcuforge.files import untrusted
from mcuforge.wording.tables import Table

if TYPE_CHECKING:
    from mcuforge.quantization.worked import Worked

DEFAULT_STRATEGIES = ("min-max", "percentile", "mse", "kl")
ROUNDINGS = {"half-away": "HALF_AWAY", "half-even": "HALF_EVEN", "floor": "FLOOR"}
MAX_ROWS = 100_000
_MOST_BYTES = 64 << 20
_FLOAT32_MAX = 3.4028234663852886e38


@click.command()
@click.argument("values", type=INPUT)
@click.option(
    "--calibration", "strategies", multiple=True, metavar="STRATEGY", type=STRATEGY,
    help="min-max, moving-average, percentile [LOW HIGH], mse, kl; may be repeated.",
)  # fmt: skip
@click.option("--bits", type=int, default=8, show_default=True, help="2 to 16.")
@click.option("--symmetric", is_flag=True, help="Zero point 0.")
@click.option("--rounding", type=click.Choice(list(ROUNDINGS)), default="half-away")
@json_option
def command(
    values: Path,
    strategies: tuple[str, ...],
    bits: int,
    symmetric: bool,
    rounding: str,
    as_json: bool,
) -> None:
    """Quantise the numbers of VALUES, a .csv, and show what each strategy makes of them."""
    from mcuforge.quantization.arithmetic import Rounding
    from mcuforge.quantization.worked import work
    from mcuforge.recipe.strategies import parse

    if "auto" in strategies:
        raise UsageError("--calibration auto judges by a model's outputs; numbers alone have none.")
    numbers = read_numbers(values)
    results = [
        work(numbers, parse(text), bits, centred=symmetric, rounding=Rounding[ROUNDINGS[rounding]])
        for text in strategies or DEFAULT_STRATEGIES
    ]
    if as_json:
        echo_document(TABLE, {"results": [_as_json(result) for result in results]})
        return
    for result in results:
        affine, chosen = result.affine, result.range
        result_console.print(
            f"{result.strategy}: [{chosen.low:.6g}, {chosen.high:.6g}], "
            f"scale {affine.scale:.6g}, zero point {affine.zero_point}",
            markup=False,
        )
        result_console.print(_table(result))
        result_console.print()


def read_numbers(path: Path) -> list[float]:
    """All numbers of a CSV file, row by row; a first row of headings is skipped.

    Raises `UsageError` naming line and text of what is no number that a float32 can hold.
    """
    import csv
    import io
    import math

    try:
        text = untrusted.read(path, _MOST_BYTES).decode("utf-8-sig")
        reader = csv.reader(io.StringIO(text, newline=""))
        rows = [(reader.line_num, row) for row in reader]
    except FileNotFoundError:
        raise UsageError(f"{path}: no such file.") from None
    except OSError as error:
        raise UsageError(f"{path}: cannot be read ({error.strerror}).") from None
    except (UnicodeDecodeError, csv.Error) as error:
        raise UsageError(f"{path}: not a CSV file of text ({error}).") from None
    cells = [(line, cell.strip()) for line, row in rows for cell in row if cell.strip()]
    numbers: list[float] = []
    for line, cell in cells:
        try:
            number = float(cell)
        except ValueError:
            if line == 1 and not numbers:
                continue
            raise UsageError(f"{path}, line {line}: '{cell[:40]}' is not a number.") from None
        if not math.isfinite(number):
            raise UsageError(f"{path}, line {line}: {cell} is not finite.")
        if abs(number) > _FLOAT32_MAX:
            raise UsageError(f"{path}, line {line}: {cell} is too large for a float32.")
        numbers.append(number)
    if not numbers:
        raise UsageError(f"{path}: holds no numbers. Commas or line ends separate them.")
    if len(numbers) > MAX_ROWS:
        raise UsageError(f"{path}: {len(numbers):,} numbers; a table takes up to {MAX_ROWS:,}.")
    return numbers


def _as_json(result: Worked) -> dict[str, object]:
    return {
        "strategy": str(result.strategy),
        "range": list(result.range),
        "scale": result.affine.scale,
        "zero_point": result.affine.zero_point,
        "original": result.original.tolist(),
        "quantized": result.quantized.tolist(),
        "dequantized": result.dequantized.tolist(),
        "error": result.error.tolist(),
    }


def _table(result: Worked) -> Table:
    table = Table(caption_justify="left")
    for heading in ("original", "quantised", "dequantised", "error"):
        table.add_column(heading, justify="right")
    columns = (result.original, result.quantized, result.dequantized, result.error)
    for x, q, back, error in zip(*columns, strict=True):
        table.add_row(f"{x:.6g}", str(q), f"{back:.6g}", f"{error:.3g}")
    table.caption = (
        f"mean square error {float((result.error**2).mean()):.4g}\n"
        f"largest error {float(abs(result.error).max()):.4g}"
    )
    return table
