"""What each tensor lost: damage planted in one layer must be found there, and named."""

from __future__ import annotations

import importlib.util
import json
import math
from collections.abc import Mapping
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from float_models import NONE, FloatBuilder
from float_models import name as tensor_name

from mcuforge.quantization import application, weights
from mcuforge.quantization.corrections.equalization import equalize
from mcuforge.quantization.float_model import Runner, activations, outputs
from mcuforge.quantization.ranges.observation import observe
from mcuforge.quantization.ranges.observers import Range
from mcuforge.recipe import strategies
from mcuforge.recipe.quantization import DEFAULT, QuantizationSettings
from mcuforge.samples import calibration
from mcuforge.studies.debug_quantization import QuantizationReport
from mcuforge.studies.quantization import (
    analysis,
    analysis_page,
    analysis_pictures,
    damage_job,
)
from mcuforge.studies.quantization.analysis import Damage
from mcuforge.studies.quantization.comparison import Outcome
from mcuforge.studies.quantization.damage import decibels
from mcuforge.studies.quantization.isolation import isolate
from mcuforge.studies.quantization.recommend import recommend
from mcuforge.tflite import flatbuffer

pytestmark = pytest.mark.skipif(
    importlib.util.find_spec("litert_quantizer") is None, reason="needs mcuforge[train]"
)

RNG = np.random.default_rng(31)
SAMPLES = RNG.normal(0, 1, (40, 8, 8, 2)).astype(np.float32)


def three_layers() -> tuple[bytes, list[str]]:
    """A float model, and the names of its three layers' outputs."""
    builder = FloatBuilder([1, 8, 8, 2])
    x = builder.conv(builder.source, RNG.normal(0, 0.4, (6, 3, 3, 2)), RNG.normal(0, 0.1, 6))
    y = builder.conv(x, RNG.normal(0, 0.3, (6, 3, 3, 6)), RNG.normal(0, 0.1, 6))
    z = builder.conv(y, RNG.normal(0, 0.3, (3, 1, 1, 6)), np.zeros(3), NONE)
    model = builder.build(z)
    return model, [tensor_name(model, t) for t in (x, y, z)]


MODEL, LAYERS = three_layers()


def ranges_of(model: bytes) -> dict[str, Range]:
    min_max = strategies.parse("min-max")
    named = activations(flatbuffer.unpack(model))
    seen = observe(model, SAMPLES, {t.name: [min_max] for t in named}, lambda: None)
    return {name: by[min_max] for name, by in seen.ranges.items()}


def observed() -> dict[str, Range]:
    return ranges_of(MODEL)


def quantized(changes: Mapping[str, float], settings: QuantizationSettings = DEFAULT) -> bytes:
    """The model with min-max ranges, some of them scaled."""
    ranges = {
        name: Range(r.low * changes.get(name, 1), r.high * changes.get(name, 1))
        for name, r in observed().items()
    }
    return application.apply(MODEL, ranges, settings)


def measured(
    tflite: bytes, folder: Path, *, equalized: bool = False, model: bytes = MODEL
) -> Damage:
    """As `analysis.measure`, without a child process."""
    (folder / "float.tflite").write_bytes(model)
    (folder / "quantized.tflite").write_bytes(tflite)
    samples = calibration.write(SAMPLES, folder / "samples.f32")
    arguments = analysis.job_arguments(
        folder / "float.tflite", folder / "quantized.tflite", samples
    )
    steps: list[tuple[int, int]] = []
    found = damage_job.measure(
        **arguments,  # type: ignore[arg-type]
        equalized=equalized,
        on_progress=lambda done, total: steps.append((done, total)),
    )
    assert steps[len(SAMPLES) - 1] == (40, 40) and steps[-1][0] == -steps[-1][1]
    return analysis.from_job(json.loads(json.dumps(found)), samples.count)


def advice(damage: Damage, settings: QuantizationSettings = DEFAULT) -> tuple[str, ...]:
    return recommend(damage, settings, Outcome("min-max", damage.output_noise), ())


def test_an_even_model_is_left_alone(tmp_path: Path) -> None:
    damage = measured(quantized({}), tmp_path)
    assert {t.tensor for t in damage.tensors} == {*LAYERS, tensor_name(MODEL, 0)}
    assert all(t.clipped == 0 and t.sqnr_db > 25 and t.cosine > 0.99 for t in damage.tensors)
    assert all(t.own_sqnr_db >= t.sqnr_db - 0.5 for t in damage.tensors)
    assert len(advice(damage)) == 1


@pytest.mark.parametrize("layer", [0, 1])
def test_a_range_much_too_wide_comes_first(layer: int, tmp_path: Path) -> None:
    damage = measured(quantized({LAYERS[layer]: 20}), tmp_path)
    worst = damage.tensors[0]
    assert worst.tensor == LAYERS[layer] and worst.clipped == 0
    assert worst.alone > 10 * damage.tensors[1].alone
    found = advice(damage)
    assert f"{worst.layer}'s range" in found[1] and "20 times as wide" in found[1]
    assert "outliers" in found[1] and "mse" in found[1]


@pytest.mark.parametrize("layer", [0, 1])
def test_a_layer_that_clips_comes_first(layer: int, tmp_path: Path) -> None:
    damage = measured(quantized({LAYERS[layer]: 0.2}), tmp_path)
    worst = damage.tensors[0]
    assert worst.tensor == LAYERS[layer]
    values = np.concatenate(
        [o.ravel() for o in outputs(_up_to(worst.tensor), [s[None] for s in SAMPLES])]
    )
    outside = (values > worst.high + worst.scale) | (values < worst.low - worst.scale)
    assert (
        worst.clipped == pytest.approx(float(np.mean(outside)), abs=1e-4) and worst.clipped > 0.01
    )
    percentile = replace(DEFAULT, strategy=strategies.parse("percentile 1 99"))
    found = advice(damage, percentile)
    assert f"{worst.layer} clips {worst.clipped:.1%} of its values" in found[1]
    assert "percentile 99.99" in found[1] and "16x8" in found[1]
    assert "more typical" in advice(damage)[1]


def _up_to(tensor: str) -> bytes:
    """The float model with another output."""
    model = flatbuffer.unpack(MODEL)
    graph = model.subgraphs[0]
    graph.outputs = [i for i, t in enumerate(graph.tensors) if flatbuffer.name_of(t) == tensor]
    return flatbuffer.pack(model)


def test_figures_are_those_of_the_definition(tmp_path: Path) -> None:
    tflite = quantized({LAYERS[1]: 0.5})
    damage = measured(tflite, tmp_path)
    last = next(t for t in damage.tensors if t.tensor == LAYERS[2])
    batch = [s[None] for s in SAMPLES]
    expected = np.stack(list(outputs(MODEL, batch))).ravel()
    actual = np.stack(list(outputs(tflite, batch))).ravel()
    noise = actual - expected
    assert last.sqnr_db == pytest.approx(10 * math.log10(np.sum(expected**2) / np.sum(noise**2)))
    lengths = np.linalg.norm(expected) * np.linalg.norm(actual)
    assert last.cosine == pytest.approx(expected @ actual / lengths)
    assert last.max_error == pytest.approx(np.abs(noise).max())
    assert (last.seen_low, last.seen_high) == (expected.min(), expected.max())
    bars = last.histogram
    assert sum(bars.counts) == expected.size and len(bars.counts) <= 64
    assert bars.low <= expected.min() and bars.high >= expected.max()
    assert damage.weights[0].scales and len(damage.weights[0].low) == 6


def test_a_layer_alone_leaves_the_others_in_float() -> None:
    """Its weights and output alone are rounded: the sum of effects is near that of all together."""
    tflite = quantized({})
    batch = [s[None] for s in SAMPLES]
    reference = damage_job.outputs(MODEL, batch)
    together = damage_job.output_noise(reference, damage_job.outputs(tflite, batch))
    names = [tensor_name(MODEL, 0), *LAYERS]
    alone = [
        damage_job.output_noise(reference, damage_job.outputs(isolate(MODEL, tflite, n), batch))
        for n in names
    ]
    assert all(0 < error < together for error in alone)
    assert sum(alone) == pytest.approx(together, rel=0.5)
    with pytest.raises(KeyError):
        isolate(MODEL, tflite, "no such tensor")


def test_a_layer_alone_has_its_corrected_bias() -> None:
    model = flatbuffer.unpack(MODEL)
    op = next(weights.weighted_ops(model))
    weights.replace(model, op, "bias", weights.values(model, op.bias) + 0.25)
    shifted = application.apply(flatbuffer.pack(model), observed(), DEFAULT)
    plain = Runner(MODEL, preserve=True)
    runner = Runner(isolate(MODEL, shifted, LAYERS[0]), preserve=True)
    before, after = [], []
    for sample in SAMPLES:
        for run, values in ((plain, before), (runner, after)):
            run.run(sample)
            values.append(run.tensor(op.target))
    active = np.stack(before) > 0.25
    difference = (np.stack(after) - np.stack(before))[active]
    assert difference.mean() == pytest.approx(0.25, abs=0.01)


def test_equalised_channels_are_compared_with_equalised_ones(tmp_path: Path) -> None:
    model = flatbuffer.unpack(MODEL)
    first, second, _ = weights.weighted_ops(model)
    factors = np.array([1, 50, 1, 1, 0.02, 1.0])
    weights.replace(
        model, first, "weights", weights.values(model, first.weights) * factors[:, None, None, None]
    )
    weights.replace(model, first, "bias", weights.values(model, first.bias) * factors)
    weights.replace(model, second, "weights", weights.values(model, second.weights) / factors)
    uneven = flatbuffer.pack(model)
    even = equalize(uneven)
    tflite = application.apply(even, ranges_of(even), DEFAULT)
    damage = measured(tflite, tmp_path, equalized=True, model=uneven)
    assert min(t.sqnr_db for t in damage.tensors) > 25 and len(advice(damage)) == 1
    assert max(w.spread for w in damage.weights) < 10
    wrong = measured(tflite, tmp_path, equalized=False, model=uneven)
    assert min(t.sqnr_db for t in wrong.tensors) < 10


def test_every_output_counts_alike() -> None:
    reference = [(np.array([2.0]), np.array([[1000.0, 0.0]])), (np.array([0.0]), np.zeros((1, 2)))]
    actual = [(np.array([3.0]), np.array([[1000.0, 0.0]])), (np.array([0.0]), np.zeros((1, 2)))]
    assert damage_job.output_noise(reference, actual) == pytest.approx((1 / 4 + 0) / 2)


def test_a_layer_that_writes_the_second_output_matters(tmp_path: Path) -> None:
    builder = FloatBuilder([1, 8, 8, 2])
    x = builder.conv(builder.source, RNG.normal(0, 0.4, (6, 3, 3, 2)), RNG.normal(0, 0.1, 6))
    y = builder.conv(x, RNG.normal(0, 0.3, (3, 1, 1, 6)), np.zeros(3), NONE)
    z = builder.conv(x, RNG.normal(0, 0.3, (3, 1, 1, 6)), np.zeros(3), NONE)
    model = builder.build(y, z)
    ranges = ranges_of(model)
    last = tensor_name(model, z)
    ranges[last] = Range(ranges[last].low * 20, ranges[last].high * 20)
    damage = measured(application.apply(model, ranges, DEFAULT), tmp_path, model=model)
    assert damage.tensors[0].tensor == last and damage.output_noise > damage.tensors[0].alone / 2


def test_decibels() -> None:
    assert decibels(100.0, 1.0) == pytest.approx(20)
    assert decibels(1.0, 0.0) == 200.0 and decibels(0.0, 1.0) == -200.0


class _Page(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        outside = [value for name, value in attrs if name in ("src", "href")]
        assert not [value for value in outside if not str(value).startswith(("#", "data:"))]


def test_the_page_escapes_names_and_loads_nothing(tmp_path: Path) -> None:
    damage = measured(quantized({LAYERS[0]: 20}), tmp_path)
    evil = "<script>alert(1)</script>\"'&[red]"
    tensors = tuple(replace(t, layer=evil, tensor=evil) for t in damage.tensors)
    layers = tuple(replace(w, layer=evil) for w in damage.weights)
    hostile = replace(damage, tensors=tensors, weights=layers)
    present = Outcome("min-max", 1e-3, (("auc", 0.9),), 10, 20, 30, 40, evil)
    report = QuantizationReport(
        evil, "min-max", hostile, (("auc", 0.95),), present, (), advice(hostile), None, (evil,)
    )
    page = analysis_page.as_html(report)
    parsed = _Page()
    parsed.feed(page)
    assert parsed.tags.count("script") == 1 and "<script>alert" not in page
    assert parsed.tags.count("svg") == len(tensors) + len(layers)
    assert page == analysis_page.as_html(report)
    assert analysis_page.tensor_table(report).row_count == len(tensors)
    assert json.loads(json.dumps(report.as_json()))["damage"]["tensors"][0]["layer"] == evil


def as_array(values: object) -> npt.NDArray[np.float64]:
    return np.asarray(values, np.float64)


def test_pictures_show_values_and_range(tmp_path: Path) -> None:
    damage = measured(quantized({LAYERS[0]: 20}), tmp_path)
    wide = next(t for t in damage.tensors if t.tensor == LAYERS[0])
    picture = analysis_pictures.histogram_picture(wide)
    reached = max(bar.x + bar.width for bar in picture.bars if bar.height)
    assert reached < analysis_pictures.WIDTH / 10 and picture.high == analysis_pictures.WIDTH
    drawn = analysis_pictures.weight_picture(damage.weights[0])
    heights = as_array([bar.height for bar in drawn.bars])
    spans = as_array(damage.weights[0].high) - as_array(damage.weights[0].low)
    assert np.allclose(heights / heights.max(), spans / spans.max(), atol=0.01)
    many = replace(damage.weights[0], low=(-1.0,) * 1000, high=(1.0,) * 1000)
    assert len(analysis_pictures.weight_picture(many).bars) <= 256
