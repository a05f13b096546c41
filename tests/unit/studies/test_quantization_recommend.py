"""The rules that turn measurements into advice; each tensor here is made up."""

from __future__ import annotations

from dataclasses import asdict, replace
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from made_up_damage import FINE, WEIGHTS, damage_of
from rich.console import Console

from mcuforge.cli import debug_quantization
from mcuforge.recipe import strategies
from mcuforge.recipe.quantization import DEFAULT, Bits, QuantizationSettings, combine
from mcuforge.report import site
from mcuforge.studies.debug_quantization import QuantizationReport
from mcuforge.studies.quantization import analysis_page
from mcuforge.studies.quantization.analysis import Damage
from mcuforge.studies.quantization.comparison import Outcome
from mcuforge.studies.quantization.recommend import recommend

PERCENTILE = replace(DEFAULT, strategy=strategies.parse("percentile 1 99"))


def advice(
    damage: Damage,
    chosen: QuantizationSettings = PERCENTILE,
    outcomes: tuple[Outcome, ...] = (),
    present: Outcome | None = None,
) -> tuple[str, ...]:
    return recommend(damage, chosen, present or Outcome(str(chosen), 1e-4), outcomes)


def test_a_layer_that_clips() -> None:
    found = advice(damage_of(replace(FINE, clipped=0.02, seen_high=9.0)))
    assert found[1].startswith("conv2d_3 clips 2.0% of its values (range 0 ... 2, seen 0 ... 9)")
    assert "use percentile 99.99 or min-max for this layer, or compare 16x8" in found[1]


@pytest.mark.parametrize(
    ("words", "expected", "unexpected"),
    [
        ({"calibration": "min-max"}, "more typical ones, or compare 16x8", "percentile"),
        ({"percentile": "99.995"}, "use min-max for this layer", "percentile"),
        ({"calibration": "mse"}, "use percentile 99.99 or min-max", "mse"),
        ({"calibration": "auto"}, "use percentile 99.99 or min-max", "auto"),
        ({"percentile": "99", "bits": "16x8"}, "use percentile 99.99 or min-max", "16x8"),
        ({"calibration": "min-max", "layers": {"conv2d_3": "mse"}}, "percentile 99.99", "typical"),
    ],
)
def test_against_clipping_something_else_is_named(
    words: dict[str, Any], expected: str, unexpected: str
) -> None:
    found = advice(damage_of(replace(FINE, clipped=0.02)), combine(DEFAULT, **words))
    assert expected in found[1] and unexpected not in found[1]


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ({"calibration": "min-max"}, "use mse or percentile 99.9 for this layer, or auto for all"),
        ({"calibration": "mse"}, "use percentile 99.9 for this layer, or auto for all"),
        ({"percentile": "1,99"}, "use mse for this layer, or auto for all"),
        ({"calibration": "auto"}, "use mse or percentile 99.9 for this layer."),
    ],
)
def test_a_range_too_wide(words: dict[str, Any], expected: str) -> None:
    wide = replace(FINE, high=40.0, scale=40 / 255, own_sqnr_db=20.0)
    found = advice(damage_of(wide), combine(DEFAULT, **words))
    assert "conv2d_3's range 0 ... 40 is 21 times as wide" in found[1]
    assert "outliers" in found[1] and expected in found[1]


def test_the_converters_shared_ranges_are_explained() -> None:
    joined = replace(FINE, layer="join", tensor="join", op="CONCATENATION")
    narrow = replace(FINE, seen_high=0.5)
    assert (
        "gave join, with which it is put together" in advice(damage_of(narrow, joined), DEFAULT)[1]
    )
    alone = advice(damage_of(narrow, replace(joined, scale=0.5)), DEFAULT)
    assert "outliers" in alone[1]


def test_ranges_that_must_be_symmetric_are_not_called_wide() -> None:
    positive = replace(FINE, low=-2.0, zero_point=0)
    symmetric = combine(DEFAULT, activations="symmetric")
    assert "--activations asymmetric" in advice(damage_of(positive), symmetric)[1]
    much_too_wide = replace(positive, low=-40.0, high=40.0)
    assert "outliers" in advice(damage_of(much_too_wide), symmetric)[1]
    assert len(advice(damage_of(positive), replace(DEFAULT, bits=Bits.INT16))) == 1


def test_eight_bits_too_few() -> None:
    found = advice(damage_of(replace(FINE, own_sqnr_db=18.0)))
    assert "keeps only 18 dB though its range 0 ... 2 fits" in found[1] and "16x8" in found[1]


@pytest.mark.parametrize("op", ["SOFTMAX", "LOGISTIC", "MAX_POOL_2D", "CONCATENATION"])
def test_ranges_that_nobody_chooses_are_left_alone(op: str) -> None:
    assert len(advice(damage_of(replace(FINE, op=op, clipped=0.1)))) == 1


def test_layers_that_do_not_matter_are_left_alone() -> None:
    small = replace(FINE, layer="small", clipped=0.5, alone=1e-7)
    found = advice(damage_of(FINE, small))
    assert len(found) == 1 and "40 dB" in found[0] and "nothing needs to be done" in found[0]
    worse = replace(damage_of(FINE), output_noise=1e-2)
    assert "conv2d_3 brings most" in advice(worse)[0]


def test_uneven_channels_with_one_scale_are_named() -> None:
    layer = replace(WEIGHTS, low=(-0.01, -1.0), high=(0.02, 2.0))
    per_tensor = combine(DEFAULT, weights="per-tensor")
    assert layer.spread == 100
    found = advice(damage_of(FINE, weights=layer), per_tensor)
    assert "conv2d_3" in found[1] and "100 times" in found[1] and "per-channel" in found[1]
    per_channel = replace(layer, scales=(0.0002, 0.016))
    assert len(advice(damage_of(FINE, weights=per_channel))) == 1
    assert replace(WEIGHTS, low=(0.0,), high=(0.0,)).spread == 1


def test_a_better_strategy_is_named_with_its_figures() -> None:
    present = Outcome("min-max", 1e-3, (("auc", 0.9),))
    better = Outcome("mse", 1e-4, (("auc", 0.95),))
    others = (better, Outcome("kl", problem="no"), Outcome("min-max, int16 activations", 1e-9))
    found = advice(damage_of(FINE), DEFAULT, others, present)
    assert "mse" in found[-1] and "auc 0.95 instead of 0.9" in found[-1]
    assert len(advice(damage_of(FINE), DEFAULT, (replace(better, noise=9e-4),), present)) == 1


def report_of(*outcomes: Outcome) -> QuantizationReport:
    present = Outcome("min-max", 1e-3, (("auc", 0.9),), 9000, 40_000, 20_000, 5_000_000)
    damage = damage_of(FINE)
    metrics = (("auc", 0.91),)
    return QuantizationReport(
        "model", "min-max", damage, metrics, present, outcomes, ("Fine.",), "mps2-an386", ()
    )


def test_the_json_keeps_its_keys() -> None:
    """Scripts read it: keys may be added here, none may go or change its meaning."""
    told = report_of(Outcome("kl", problem="no")).as_json()
    assert list(told) == [
        *("mcuforge", "schema", "model", "conversion", "damage", "float_metrics", "present"),
        *("outcomes", "recommendations", "board", "warnings"),
    ]
    assert list(told["damage"]) == [
        *("tensors", "weights", "output_noise", "samples", "output_samples"),
    ]
    assert list(told["damage"]["tensors"][0]) == [
        *("tensor", "layer", "op", "scale", "zero_point", "low", "high", "seen_low", "seen_high"),
        *("clipped", "sqnr_db", "own_sqnr_db", "cosine", "max_error", "alone", "histogram"),
        "parts",
    ]
    assert list(told["damage"]["tensors"][0]["histogram"]) == ["low", "high", "counts"]
    assert list(told["damage"]["weights"][0]) == [
        *("tensor", "layer", "low", "high", "scales", "sqnr_db"),
    ]
    ways = [told["present"], *told["outcomes"]]
    assert all(
        list(way)
        == [
            *(
                "settings",
                "noise",
                "metrics",
                "tflite_bytes",
                "flash",
                "arena",
                "instructions",
                "problem",
            ),
            "options",
        ]
        for way in ways
    )
    assert told["present"] == asdict(report_of().present)


def test_a_problem_of_several_ways_is_told_once() -> None:
    first, second = Outcome("kl", problem="no room"), Outcome("mse", problem="no room")
    report = report_of(first, second, Outcome("auto", problem="no luck"))
    assert analysis_page.problems(report) == ["kl; mse: no room", "auto: no luck"]
    assert "kl; mse: no room" in analysis_page.as_html(report)


def test_tensors_of_one_layer_are_told_apart() -> None:
    other = replace(FINE, op="RELU")
    labels = analysis_page.labels((FINE, other, replace(FINE, layer="last")))
    assert labels == ["conv2d_3 (conv_2d)", "conv2d_3 (relu)", "last"]


def test_eighty_columns_hold_the_names_of_the_ways() -> None:
    metrics = (("mse", 0.0003155), ("auc", 0.9993), ("code_sparsity", 0.5), ("code_zeros", 0.6))
    way = Outcome("min-max, weights per tensor", 1.2e-3, metrics, 9000, 32_464, 20_544, 5_444_280)
    report = replace(report_of(way), float_metrics=metrics)
    console = Console(width=80, record=True, file=StringIO())
    console.print(analysis_page.outcome_table(report))
    text = console.export_text()
    assert "weights per" in text and "5,444,280" in text and "\u2026" not in text
    assert "On the page: code_sparsity, code_zeros" in text
    assert "code_zeros" in analysis_page.as_html(report)


def test_the_page_goes_to_the_site_unless_a_file_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    report = replace(report_of(), model="my net")
    debug_quantization.write_report(report, None, quiet=True)
    page = tmp_path / "build/report/quantization-my_net.html"
    assert [entry.file for entry in site.read(Path("build"))] == [page.name]
    html = page.read_text("utf-8")
    assert "index.html" in html and html.count("<svg") == 2 and "conv2d_3" in html
    debug_quantization.write_report(report, tmp_path / "alone.html", quiet=True)
    assert "index.html" not in (tmp_path / "alone.html").read_text("utf-8")
