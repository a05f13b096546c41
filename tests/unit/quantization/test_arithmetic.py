"""The formulas of quantisation, and the numbers that the documentation shows."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st
from json_documents import checked

from mcuforge.cli import cli
from mcuforge.cli.quantize_table import read_numbers
from mcuforge.errors import UsageError
from mcuforge.quantization import worked
from mcuforge.quantization.arithmetic import Rounding, asymmetric, symmetric
from mcuforge.quantization.worked import KEEPS_THE_SMALL, OUTLIER, work
from mcuforge.recipe.strategies import parse

PAGE = Path(__file__).parents[3] / "docs" / "explanation" / "quantization-arithmetic.md"
finite = st.floats(-1e6, 1e6, allow_nan=False)
bits = st.integers(2, 16)


def test_the_page_shows_what_the_formulas_give() -> None:
    shown = PAGE.read_text().split(worked.BEGIN)[1].split(worked.END)[0].strip()
    assert shown == worked.markdown(), "run tools/update-readme.py"


def test_the_outlier_with_min_max() -> None:
    found = work(OUTLIER, parse("min-max"))
    assert found.affine.scale == pytest.approx(4.098, abs=5e-4)
    back = dict(zip(OUTLIER, found.dequantized, strict=True))
    assert back[43.31] == pytest.approx(45.08, abs=5e-3)
    assert back[38.48] == pytest.approx(36.88, abs=5e-3)
    assert back[1000.0] == pytest.approx(999.85, abs=5e-3)


def test_the_outlier_with_a_percentile() -> None:
    found = work(OUTLIER, KEEPS_THE_SMALL)
    small = np.array(OUTLIER) < 1000
    assert np.abs(found.error[small]).max() < 0.5
    assert found.dequantized[~small][0] == pytest.approx(50, abs=1)


@given(finite, finite, bits)
def test_asymmetric_errs_by_half_a_step(a: float, b: float, n: int) -> None:
    affine = asymmetric(min(a, b), max(a, b), n)
    assert (affine.low, affine.high) == (0, 2**n - 1)
    assert affine.dequantize(affine.quantize(0.0)) == 0.0
    values = np.linspace(min(a, b), max(a, b), 101)
    q = affine.quantize(values)
    assert q.min() >= 0 and q.max() <= 2**n - 1
    # one more half step where the zero point was rounded
    assert np.abs(affine.dequantize(q) - values).max() <= affine.scale * 1.0001


@given(finite, finite, bits)
def test_symmetric_keeps_the_sign(a: float, b: float, n: int) -> None:
    affine = symmetric(min(a, b), max(a, b), n)
    values = np.linspace(min(a, b), max(a, b), 101)
    q = affine.quantize(values)
    assert affine.zero_point == 0 and abs(q).max() <= 2 ** (n - 1) - 1
    assert np.array_equal(affine.quantize(-values), -q)
    assert np.abs(affine.dequantize(q) - values).max() <= affine.scale * 0.5001


def test_roundings_part_at_ties_and_below_zero() -> None:
    x = [-2.5, -0.5, 0.5, 1.5, 2.5, -0.7, 0.49999999999999994]
    assert Rounding.HALF_AWAY(x).tolist() == [-3, -1, 1, 2, 3, -1, 0]
    assert Rounding.HALF_EVEN(x).tolist() == [-2, 0, 0, 2, 2, -1, 0]
    assert Rounding.FLOOR(x).tolist() == [-3, -1, 0, 1, 2, -1, 0]


def test_a_constant_zero_has_scale_one() -> None:
    for affine in (asymmetric(0.0, 0.0), symmetric(0.0, 0.0)):
        assert affine.scale == 1.0
        assert affine.dequantize(affine.quantize([0.0])) == [0.0]


def test_a_constant_comes_back_exactly() -> None:
    for c in (3.7, -3.7):
        affine = asymmetric(c, c)
        assert affine.dequantize(affine.quantize(c)) == pytest.approx(c, rel=1e-12)


def test_infinities_saturate_and_nan_is_refused() -> None:
    affine = asymmetric(-1.0, 1.0)
    assert affine.quantize([math.inf, -math.inf]).tolist() == [255, 0]
    with pytest.raises(ValueError, match="NaN"):
        affine.quantize([math.nan])


@pytest.mark.parametrize(
    ("low", "high", "n", "message"),
    [
        (0.0, 1.0, 1, "1 bits: choose 2 to 16"),
        (0.0, 1.0, 17, "17 bits"),
        (1.0, 0.0, 8, "upside down"),
        (0.0, math.inf, 8, "not finite"),
        (math.nan, 1.0, 8, "not finite"),
    ],
)
def test_bad_ranges_are_refused(low: float, high: float, n: int, message: str) -> None:
    for make in (asymmetric, symmetric):
        with pytest.raises(UsageError, match=message):
            make(low, high, n)


def test_the_command_prints_what_the_formulas_give(tmp_path: Path) -> None:
    values = tmp_path / "values.csv"
    values.write_text("value\n" + "\n".join(map(str, OUTLIER)) + "\n")
    done = CliRunner().invoke(
        cli, ["quantize-table", str(values), "--json", "--calibration", "min-max"]
    )
    (found,) = checked(done.stdout)["results"]
    assert found["original"] == list(OUTLIER)
    assert found["quantized"] == work(OUTLIER, parse("min-max")).quantized.tolist()
    auto = CliRunner().invoke(cli, ["quantize-table", str(values), "--calibration", "auto"])
    assert (auto.exit_code, "a model's outputs" in auto.stderr) == (2, True)
    shown = CliRunner().invoke(cli, ["quantize-table", str(values), "--bits", "4", "--symmetric"])
    assert shown.exit_code == 0 and "zero point 0" in " ".join(shown.stdout.split())


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "holds no numbers"),
        (b"a,b\n1,x\n", "line 2: 'x' is not a number"),
        (b"1;2;3\n", "holds no numbers. Commas or line ends separate them"),
        (b"1\nnan\n", "line 2: nan is not finite"),
        (b"1\n-1e39\n", "line 2: -1e39 is too large for a float32"),
        (b"\xff\xfe\x00", "not a CSV file"),
    ],
)
def test_a_bad_file_is_explained(tmp_path: Path, content: bytes, message: str) -> None:
    values = tmp_path / "values.csv"
    values.write_bytes(content)
    with pytest.raises(UsageError, match=message):
        read_numbers(values)
