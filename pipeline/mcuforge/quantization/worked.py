"""Worked numbers for docs/explanation/quantization-arithmetic.md, made by the formulas."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from mcuforge.quantization.arithmetic import Affine, Rounding, asymmetric, symmetric
from mcuforge.quantization.ranges import observers
from mcuforge.quantization.ranges.observers import Range
from mcuforge.recipe.strategies import Strategy, parse

BEGIN, END = "<!-- worked: begin -->", "<!-- worked: end -->"
OUTLIER = (43.31, -44.93, 0.0, 22.99, -43.93, -11.35, 38.48, -20.49, 1000.0, -28.02)
KEEPS_THE_SMALL = parse("percentile 0 88.97")
TIES = (-2.5, -1.5, -0.5, 0.5, 1.5, 2.5, 0.7, -0.7)


@dataclass(frozen=True, eq=False)
class Worked:
    """Values, the range that a strategy chose for them, and what quantisation makes of them."""

    strategy: Strategy
    range: Range
    affine: Affine
    original: npt.NDArray[np.float64]
    quantized: npt.NDArray[np.int64]
    dequantized: npt.NDArray[np.float64]

    @property
    def error(self) -> npt.NDArray[np.float64]:
        """What came back less what went in."""
        return self.dequantized - self.original


def work(
    values: Sequence[float],
    strategy: Strategy,
    bits: int = 8,
    *,
    centred: bool = False,
    rounding: Rounding = Rounding.HALF_AWAY,
) -> Worked:
    """Quantise `values` with the range that `strategy` chooses for them; `centred`: symmetric.

    Raises `UsageError` for bits outside 2 ... 16, `ValueError` for NaN, infinity or no values.
    """
    watching = observers.observer(strategy)
    watching.observe(values)
    chosen = watching.range()
    affine = (symmetric if centred else asymmetric)(chosen.low, chosen.high, bits)
    original = np.array(values, np.float64)
    q = affine.quantize(original, rounding)
    return Worked(strategy, chosen, affine, original, q, affine.dequantize(q))


def markdown() -> str:
    """Everything that stands between the page's markers."""
    least, clipped = work(OUTLIER, parse("min-max")), work(OUTLIER, KEEPS_THE_SMALL)
    both = work(OUTLIER, KEEPS_THE_SMALL, centred=True)
    return "\n\n".join(
        [
            "### One outlier, min-max",
            _example(least),
            f"### The same values, {KEEPS_THE_SMALL}",
            _example(clipped),
            "### The same, symmetric",
            _example(both),
            "### What becomes of the fraction",
            _table(
                ["x / s", *(r.value for r in Rounding)],
                [[f"{x:g}", *(f"{float(r(x)) + 0.0:g}" for r in Rounding)] for x in TIES],
            ),
            "### From 2 to 16 bits",
            _table(["bits", "s", "z", "largest error inside the range"], _by_bits(clipped.range)),
        ]
    )


def _example(w: Worked) -> str:
    summary = (
        f"Range [{w.range.low:.2f}, {w.range.high:.2f}], s = {w.affine.scale:.4f}, "
        f"z = {w.affine.zero_point}, q in {w.affine.low} ... {w.affine.high}."
    )
    rows = zip(w.original, w.quantized, w.dequantized, w.error, strict=True)
    return f"{summary}\n\n" + _table(
        ["x", "q", "x'", "x' - x"],
        [[f"{x:.2f}", str(q), f"{d:.2f}", f"{e:.2f}"] for x, q, d, e in rows],
    )


def _by_bits(chosen: Range) -> Iterable[list[str]]:
    inside = np.linspace(chosen.low, chosen.high, 100_001)
    for bits in (2, 4, 6, 8, 10, 12, 16):
        affine = asymmetric(chosen.low, chosen.high, bits)
        error = np.abs(affine.dequantize(affine.quantize(inside)) - inside).max()
        yield [str(bits), f"{affine.scale:.6g}", str(affine.zero_point), f"{error:.4g}"]


def _table(heading: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [heading, ["---:"] * len(heading), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)
