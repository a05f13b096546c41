"""What a run of each metric leaves on its page and in its document."""

from __future__ import annotations

import json
import math
import re
from dataclasses import replace

import numpy as np
import pytest
from judged_runs import Run, Side

from mcuforge import report
from mcuforge.frontend.graph import DType
from mcuforge.proof.parity import Comparison, Verdict
from mcuforge.recipe import Metric
from mcuforge.report import Costs, RunReport, plots, run_page
from mcuforge.report.accuracy import details, drawing
from mcuforge.report.sections import accuracy, samples

RNG = np.random.default_rng(5)
HOSTILE = "<b>$x^2$</b>"


def classified(labels: np.ndarray, wide: int) -> np.ndarray:
    """Outputs that name each label but every fifth, which is one more."""
    answers = np.where(np.arange(len(labels)) % 5 == 0, (labels + 1) % wide, labels)
    return np.where(np.arange(wide) == answers[:, np.newaxis], 0.9, 0.1 / (wide - 1))


LABELS = np.arange(60) % 3
BINARY = np.arange(80) % 2
SCORES = np.clip(BINARY * 0.4 + RNG.random(80) * 0.5, 0, 0.99)[:, np.newaxis]
SEQUENCES = RNG.normal(0, 1, (12, 40, 2))
RUNS = {
    "classes": Run(
        Metric.CLASSIFICATION, Side((32,), 0.02, 0), Side((3,)), RNG.normal(0, 1, (60, 32)),
        classified(LABELS, 3), {"labels": LABELS}, classified(LABELS, 3), ("a", "b", HOSTILE),
    ),
    "probability": Run(
        Metric.CLASSIFICATION, Side((4,)), Side((1,)), RNG.random((80, 4)), SCORES,
        {"labels": BINARY}, SCORES + 0.003, ("no", HOSTILE),
    ),
    "anomalies": Run(
        Metric.RECONSTRUCTION, Side((40, 2), 0.03, 1), Side((40, 2), 0.03, 1), SEQUENCES,
        SEQUENCES * np.where(np.arange(12) % 3, 0.9, 0.5)[:, np.newaxis, np.newaxis],
        {"labels": (np.arange(12) % 3 == 0).astype(int)}, SEQUENCES * 0.9,
    ),
    "numbers": Run(
        Metric.REGRESSION, Side((4,)), Side((2,), 0.02, 0), RNG.random((30, 4)),
        RNG.normal(0, 0.5, (30, 2)), {"targets": RNG.normal(0, 0.5, (30, 2))},
        RNG.normal(0, 0.5, (30, 2)),
    ),
    "noise": Run(
        Metric.DENOISING, Side((40, 2), 0.03, 0), Side((40, 2), 0.03, 0), SEQUENCES + 0.1,
        SEQUENCES * 0.95, {"clean": SEQUENCES}, SEQUENCES * 0.96,
    ),
    "pixels": Run(
        Metric.SEGMENTATION, Side((4, 4, 1)), Side((4, 4, 2)), RNG.random((6, 4, 4, 1)),
        RNG.random((6, 4, 4, 2)), {"masks": RNG.integers(0, 2, (6, 4, 4))},
        RNG.random((6, 4, 4, 2)),
    ),
    "generated": Run(
        Metric.GENERATION, Side((8,)), Side((4, 4, 1)), RNG.random((6, 8)),
        RNG.random((6, 4, 4, 1)), {"targets": RNG.random((6, 4, 4, 1))},
    ),
    "many": Run(
        Metric.CLASSIFICATION, Side((4,)), Side((40,)), RNG.random((60, 4)),
        classified(np.arange(60) % 40, 40), {"labels": np.arange(60) % 40},
    ),
    "nothing": Run(Metric.NONE, Side((4,)), Side((2,)), RNG.random((9, 4)), RNG.random((9, 2))),
}  # fmt: skip
SHOWS = {
    "classes": ("Confusion matrix", "Most confused", "Class by class", "get another class"),
    "probability": ("Youden", "NET_THRESHOLD_Q", "Confusion matrix"),
    "anomalies": ("the threshold", "net_score", "Errors", "normal samples"),
    "numbers": ("Errors", "RMSE", "against the truth"),
    "noise": ("Errors", "RMSE"),
    "pixels": ("IoU", "pixels", "NET_THRESHOLD_Q", "the values of one position"),
    "generated": ("Errors", "no float model"),
    "nothing": ("What the outputs are", "no truth"),
    "many": ("All 40 classes", "The 12 with the least F1"),
}


def page(run: Run, *, recipe: bool = True) -> tuple[str, str]:
    """The page of a run, and its JSON document."""
    facts = run.facts(recipe=recipe)
    found = {accuracy.ID: accuracy.collect(facts), samples.ID: samples.collect(facts)}
    verdict = Verdict(1, (Comparison("board", 4, 0, 0, 0.0, decides=True),))
    made = RunReport(
        "net", "ab", "board", "aot", verdict, (), None, Costs(1, 2, 3, 3, 3, 4, 5, None), (),
        details={name: each for name, each in found.items() if each is not None},
    )  # fmt: skip
    return run_page.as_html([made]), report.as_json([made])


@pytest.mark.parametrize("name", RUNS)
def test_each_metric_has_its_figures_on_the_page(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(plots.drawing, "can_draw", lambda: False)
    html, document = page(RUNS[name])
    assert [words for words in SHOWS[name] if words not in html] == [] and "<b>" not in html
    assert json.loads(document)["reports"][0]["details"]["accuracy"]["samples"] == len(
        RUNS[name].device
    )
    assert len(document) < 60_000
    assert page(RUNS[name]) == (html, document)


@pytest.mark.parametrize(
    "name", [*(pytest.param(name, marks=pytest.mark.slow) for name in RUNS), "probability"]
)
def test_plots_are_drawn_and_escaped(name: str) -> None:
    pytest.importorskip("matplotlib")
    html, _ = page(RUNS[name])
    assert html.count("<svg") >= 1 and "<b>" not in html and "A picture is drawn" not in html
    ids = re.findall(r'\bid="([^"]+)"', html)
    assert len(ids) == len(set(ids))


def test_two_runs_on_one_page_share_no_id() -> None:
    pytest.importorskip("matplotlib")
    facts = RUNS["numbers"].facts()
    verdict = Verdict(1, (Comparison("board", 4, 0, 0, 0.0, decides=True),))
    made = [
        RunReport(
            "net", "ab", board, "aot", verdict, (), None, Costs(1, 2, 3, 3, 3, 4, 5, None), (),
            details={accuracy.ID: accuracy.collect(facts)},
        )
        for board in ("one", "another")
    ]  # fmt: skip
    ids = re.findall(r'\bid="([^"]+)"', run_page.as_html(made))
    assert len(ids) == len(set(ids)) > 100


def test_a_run_without_a_recipe_tells_what_its_outputs_reach() -> None:
    facts = replace(RUNS["nothing"], device=np.array([[0.0, 0.5], [2.0, -1.0]])).facts(recipe=False)
    found = details.of(facts)
    (out,) = found.outputs
    assert "no truth" in found.notes[0] and found.metric is None and found.samples == 2
    assert (out.at_lowest, out.at_highest) == (0.5, 0.25) and out.steps is None
    assert (out.lowest, out.highest, out.seen_low, out.seen_high) == (0, 0.996094, 0, 0.996094)
    assert "no truth" in page(RUNS["nothing"], recipe=False)[0]


def test_the_threshold_of_the_page_decides_as_told() -> None:
    run = RUNS["probability"]
    found = details.of(run.facts()).detection
    assert found is not None and found.code is not None
    assert found.classes == ("no", HOSTILE) and found.counts == (40, 40)
    for threshold in found.thresholds[:-1]:
        assert threshold.quantised is not None and threshold.real is not None
        called = np.round(run.device[:, 0] * 256) - 128 >= threshold.quantised
        assert math.isclose(called[BINARY == 1].mean(), threshold.shares["device"].found)
        assert math.isclose(threshold.real, (threshold.quantised + 128) / 256, rel_tol=1e-5)
    usual = found.thresholds[-1]
    assert (usual.real, usual.quantised) == (None, None) and set(usual.shares) == {
        "float",
        "device",
    }


def test_one_class_alone_has_no_curve_and_says_so() -> None:
    for name, golden in (
        ("probability", {"labels": BINARY * 0}),
        ("anomalies", {"labels": np.ones(12)}),
    ):
        found = details.of(replace(RUNS[name], golden=golden).facts())
        assert found.detection is None and "one class" in found.notes[-1]


def test_scores_that_say_nothing_have_no_constant() -> None:
    found = details.of(replace(RUNS["probability"], device=np.full((80, 1), 0.5)).facts())
    assert found.detection is not None and found.detection.code is None
    assert "do not tell" in found.notes[-1] and found.detection.curves["device"].area == 0.5


def test_nan_is_left_out_in_words() -> None:
    floats = np.full((80, 1), math.nan)
    found = details.of(replace(RUNS["probability"], floats=floats).facts())
    assert "NaN" in found.notes[0] and found.detection is not None
    assert list(found.detection.curves) == ["device"]
    unquantised = Side((1,), None, 0, DType.FLOAT32)
    found = details.of(replace(RUNS["probability"], out=unquantised, device=floats).facts())
    assert "NaN" in found.notes[0] and found.detection is found.confusion is None
    assert not found.outputs[0].finite and found.outputs[0].seen_low is None


def test_unquantised_outputs_have_a_threshold_in_real_units_alone() -> None:
    found = details.of(replace(RUNS["probability"], out=Side((1,), None, 0, DType.FLOAT32)).facts())
    assert found.detection is not None and found.detection.code is None
    assert found.detection.thresholds[0].quantised is None and found.detection.thresholds[0].real


def test_errors_are_those_by_hand() -> None:
    right = np.array([[0.0, 10.0], [1.0, 10.0], [2.0, 10.0]])
    device = right + np.array([[0.5, 1.0], [0.5, -1.0], [-1.0, 0.0]])
    run = Run(
        Metric.REGRESSION, Side((1,)), Side((2,), 0.5, -20), np.zeros((3, 1)), device,
        {"targets": right}, right,
    )  # fmt: skip
    found = details.of(run.facts()).errors
    assert found is not None
    first, second = found.columns
    assert first.figures["device"].mae == 0.666667 and first.figures["device"].r2 == 0.25
    assert first.figures["float"].rmse == 0 and second.figures["device"].r2 is None  # all alike
    assert second.figures["device"].rmse == 0.816497
    assert found.scattered[0].expected == (0, 1, 2) and found.scattered[0].actual == (0.5, 1.5, 1)
    steps = details.of(run.facts()).outputs[0].steps
    assert steps is not None and steps.distribution is not None
    assert steps.distribution.counts["device"] == (2, 0, 1, 2, 1) and steps.largest == 2
    assert steps.within == 0.5


def test_lines_keep_their_peaks_and_the_worst_samples_come_after_the_first() -> None:
    inputs = np.zeros((5, 3000, 1))
    inputs[3, 1234] = 7
    device = inputs.copy()
    device[3] += 0.5
    run = Run(
        Metric.RECONSTRUCTION, Side((3000, 1), 0.1, 0), Side((3000, 1), 0.1, 0), inputs, device,
        {"labels": np.zeros(5)}, inputs,
    )  # fmt: skip
    found = samples.collect(run.facts())
    assert found is not None
    assert [w.sample for w in found.waveforms] == [0, 1, 3, 2]
    assert found.captions[2] == "Sample 3; differs most"
    (line,) = found.waveforms[2].lines["input"]
    assert line.length == 3000 and len(line.values) <= 240 and max(line.values) == 7
    assert set(found.waveforms[0].lines) == {"input", "float", "device"}
    assert samples.collect(RUNS["pixels"].facts()) is None
    short = found.waveforms[0].lines
    assert [label for label, _ in drawing._panels(found.waveforms[0])] == ["value"]
    other = replace(found.waveforms[0], lines={**short, "input": short["input"] * 2})
    panels = drawing._panels(other)
    assert [label for label, _ in panels] == ["input 0", "input 1", "output"]
    assert list(panels[2][1]) == ["float", "device"]
