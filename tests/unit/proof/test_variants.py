"""Variants of a model: judged alike, shown beside it."""

from __future__ import annotations

import dataclasses
import importlib.util
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

from mcuforge import recipe, report
from mcuforge.errors import UsageError
from mcuforge.proof import variants
from mcuforge.proof.parity import Comparison, Verdict
from mcuforge.proof.variants import Variant
from mcuforge.recipe import metrics
from mcuforge.report import Accuracy, Costs, RunReport, run_page

UNET = Path(__file__).parents[3] / "models/unet"
needs_tensorflow = pytest.mark.skipif(
    importlib.util.find_spec("tensorflow") is None, reason="needs mcuforge[train]"
)


def run_report(*others: Variant) -> RunReport:
    """A report of a net with two ops."""
    verdict = Verdict(1, (Comparison("board", 4, 0, 0, 0.0, decides=True),))
    costs = Costs(1, 2, 3000, 3000, 3000, 4, 5, None)
    op = {"index": 0, "kind": "X", "layer": "x", "output": "y"}
    op |= {"kernels": [], "calls": [], "folded": []}
    ops = ({**op, "macs": 500, "constant_bytes": 70}, {**op, "macs": 700, "constant_bytes": 5})
    accuracy = (Accuracy("mean_iou", 0.75, 0.7, 0.7),)
    return RunReport("net", "ab", "b", "aot", verdict, accuracy, None, costs, ops, variants=others)


def test_the_model_stands_beside_its_variants() -> None:
    other = Variant("<without>", {"mean_iou": 0.5}, {"mean_iou": 0.25}, 1000, 60, 2000)
    made = run_report(other)
    assert report.variant_rows(made) == [
        ("mean IoU (float / int8)", ["0.75 / 0.7", "0.5 / 0.25"]),
        ("multiply-accumulates", ["1,200", "1,000"]),
        ("constants", ["75 B", "60 B"]),
        ("arena", ["3,000 B", "2,000 B"]),
    ]
    page = run_page.as_html([made])
    assert "<th>&lt;without&gt;</th>" in page and "<td>0.5 / 0.25</td>" in page
    assert "variants" not in run_page.as_html([run_report()])
    console = Console(width=100, record=True)
    console.print(report.variants_table(made))
    assert "0.5 / 0.25" in console.export_text()


def test_labels_say_what_the_model_computes_in() -> None:
    int8 = run_report()
    wide = dataclasses.replace(int8, width="16x8")
    labels = [report.rows(made)[1][0] for made in ([int8], [wide], [int8, wide])]
    assert [label.partition(" (")[2] for label in labels] == [
        f"float / {width} / device)" for width in ("int8", "16x8", "quantised")
    ]
    assert report.variant_rows(wide)[0][0] == "mean IoU (float / 16x8)"


def test_a_variant_with_another_metric_is_refused(tmp_path: Path) -> None:
    text = (UNET / "without_skips.toml").read_text()
    (tmp_path / "other.toml").write_text(text.replace('"segmentation"', '"none"'))
    loaded = dataclasses.replace(recipe.load(UNET), variants=(("odd", tmp_path / "other.toml"),))
    inputs = np.zeros((1, 48, 48, 1), "float32")
    with pytest.raises(UsageError, match=r"'odd' is judged by 'none', this model by 'segment"):
        variants.compare(loaded, None, [inputs], lambda *_: None)
    assert variants.compare(None, None, [inputs], lambda *_: None) == ()
    assert variants.compare(loaded, None, None, lambda *_: None) == ()


@pytest.mark.tensorflow
@needs_tensorflow
def test_skip_connections_bring_what_unet_says() -> None:
    loaded = recipe.load(UNET)
    inputs = metrics.load_golden(loaded.golden, loaded.metric)["inputs"]
    seen: list[tuple[str, int, int]] = []
    (found,) = variants.compare(loaded, None, [inputs], lambda *step: seen.append(step))
    assert found.name == "without skip connections"
    assert seen == [("variants", 0, 1), ("variants", 1, 1)]
    assert 0.8 < found.float_model["mean_iou"] < 0.855  # with them: 0.8737
    assert found.int8_model["mean_iou"] == pytest.approx(found.float_model["mean_iou"], abs=0.01)
    assert 0 < found.macs < 16_128_000 and 0 < found.arena < 73_744
