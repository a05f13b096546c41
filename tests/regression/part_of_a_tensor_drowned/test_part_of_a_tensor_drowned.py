"""Parts of a tensor that its one scale drowns are found at every place where that happens."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path

import in_tensorflow
import numpy as np
import numpy.typing as npt
import pytest
from ai_edge_litert import schema_py_generated as schema
from click.testing import CliRunner
from float_models import OPS, FloatBuilder

from mcuforge.cli import cli
from mcuforge.quantization import application
from mcuforge.quantization.float_model import activations
from mcuforge.quantization.ranges import drowned, parts, range_job
from mcuforge.quantization.ranges.observation import observe
from mcuforge.quantization.ranges.range_checks import SeenRange
from mcuforge.recipe import strategies
from mcuforge.recipe.quantization import DEFAULT
from mcuforge.samples import calibration
from mcuforge.tflite import flatbuffer

Array = npt.NDArray[np.float32]

pytestmark = pytest.mark.skipif(
    importlib.util.find_spec("litert_quantizer") is None, reason="needs the train extra"
)

RNG = np.random.default_rng(12)
NORMAL = RNG.normal(0, 1, (60, 8)).astype(np.float32)
MIN_MAX = strategies.parse("min-max")


def dense(builder: FloatBuilder, x: int, size: int, rows: Array | None = None) -> int:
    """A layer whose outputs are about as large as `rows` says."""
    width = builder.shape(x)[-1]
    weights = RNG.normal(0, width**-0.5, (size, width))
    return builder.dense(x, weights * (1.0 if rows is None else rows[:, None]), np.zeros(size))


def joined(builder: FloatBuilder, x: int, y: int, axis: int) -> int:
    options = schema.ConcatenationOptionsT()
    options.axis = axis
    shape = builder.shape(x)
    shape[axis] += builder.shape(y)[axis]
    return builder.op(OPS.CONCATENATION, [x, y], shape, options)


def reshaped(builder: FloatBuilder, x: int, shape: list[int]) -> int:
    options = schema.ReshapeOptionsT()
    options.newShape = shape
    return builder.op(OPS.RESHAPE, [x, builder.builder.constant(shape)], shape, options)


def sentences(builder: FloatBuilder, outputs: list[int], samples: Array, folder: Path) -> list[str]:
    """What is said of the model, quantised with min-max ranges of its own samples."""
    return list(drowned.sentences(seen(builder, outputs, samples, folder)))


def seen(
    builder: FloatBuilder, outputs: list[int], samples: Array, folder: Path
) -> list[SeenRange]:
    model = builder.build(*outputs)
    named = activations(flatbuffer.unpack(model))
    ranges = observe(
        model, [(s,) for s in samples], {t.name: [MIN_MAX] for t in named}, lambda: None
    ).ranges
    quantized = application.apply(model, {n: by[MIN_MAX] for n, by in ranges.items()}, DEFAULT)
    (folder / "float.tflite").write_bytes(model)
    (folder / "int8.tflite").write_bytes(quantized)
    data = calibration.write(samples, folder / "samples")
    found = range_job.observe(
        str(folder / "float.tflite"),
        str(folder / "int8.tflite"),
        str(data.file),
        json.dumps(data.layout),
        data.count,
        False,
        lambda _done, _total: None,
    )
    return [SeenRange(**{**t, "parts": drowned.from_job(t["parts"])}) for t in found]


def test_boxes_beside_scores_at_an_output(tmp_path: Path) -> None:
    builder = FloatBuilder([1, 8])
    head = dense(builder, builder.source, 5, np.array([90, 90, 90, 90, 0.3], np.float32))
    (text,) = sentences(builder, [head], NORMAL, tmp_path)
    assert text.startswith("output '") and "channel 4" in text and "channel 3" not in text
    assert "an output of its own" in text and "larger parts share the range" in text


def test_the_figures_of_a_channel_are_those_of_its_values(tmp_path: Path) -> None:
    samples = NORMAL[:, :2] * np.array([300, 1], np.float32)
    builder = FloatBuilder([1, 2])
    ranges = seen(builder, [dense(builder, builder.source, 3)], samples, tmp_path)
    (division,) = ranges[0].parts
    rounded = np.rint(samples.astype(float) / ranges[0].scale) * ranges[0].scale
    error = np.square(rounded - samples).sum(axis=0)
    varies = np.square(samples - samples.mean(axis=0, dtype=float)).sum(axis=0)
    assert [p.r2 for p in division.parts] == pytest.approx(1 - error / varies, rel=1e-4)
    assert (division.parts[0].r2 or 0) > 0.999 > 0.5 > (division.parts[1].r2 or 1)
    assert [p.high for p in division.parts] == pytest.approx(samples.max(axis=0))


def test_sensors_in_other_units_at_an_input(tmp_path: Path) -> None:
    builder = FloatBuilder([1, 3])
    out = dense(builder, builder.source, 2)
    units = np.array([1, 1e5, 50], np.float32)
    (text,) = sentences(builder, [out], NORMAL[:, :3] * units, tmp_path)
    assert text.startswith("input '") and "channel 0" in text and "channel 2" in text
    assert "channel 1 " not in text and "Normalization layer comes too late" in text


def test_an_offset_drowns_a_single_channel(tmp_path: Path) -> None:
    """Pressure in pascal, say: it varies by 1 % of what every range must hold, from zero on."""
    builder = FloatBuilder([1, 1])
    out = dense(builder, builder.source, 2)
    (text, *_) = sentences(builder, [out], 101_325 + 200 * NORMAL[:, :1], tmp_path)
    assert "rounded coarsely" in text or "drowns" in text
    assert "every range holds zero, and these values lie far from it" in text


@pytest.mark.parametrize(("shape", "axis"), [([6, 40], 1), ([40, 6, 1], 2), ([40, 6], 2)])
def test_sensors_beside_time(tmp_path: Path, shape: list[int], axis: int) -> None:
    """Windows [sensor, time], [time, sensor, 1] and [time, sensor]."""
    samples = RNG.normal(0, 1, (12, *shape)).astype(np.float32)
    moved = np.moveaxis(samples, axis, -1)
    moved[..., 0] *= 2000
    builder = FloatBuilder([1, *shape])
    flat = reshaped(builder, builder.source, [1, 240])
    found = sentences(builder, [dense(builder, flat, 2)], samples, tmp_path)
    assert found[0].startswith("input '") and f"of axis {axis} drown" in found[0]
    assert "channel 0 " not in found[0] and "channel 1 " in found[0]


@pytest.mark.parametrize("axis", [1, 2])
def test_branches_of_a_concatenation(tmp_path: Path, axis: int) -> None:
    builder = FloatBuilder([1, 8])
    large = dense(builder, builder.source, 6, np.full(6, 500, np.float32))
    small = dense(builder, builder.source, 6)
    shape = [1, 2, 3]
    pair = [reshaped(builder, t, shape) for t in (large, small)]
    both = joined(builder, *pair, axis)
    flat = reshaped(builder, both, [1, 12])
    found = sentences(builder, [dense(builder, flat, 2)], NORMAL, tmp_path)
    assert len(found) == 1 and found[0].startswith("concatenation '")
    assert found[0].count("branch") == 1 and "drowns in rounding" in found[0]
    assert "before it is joined" in found[0]


def test_what_is_joined_only_to_be_given_is_better_given_apart(tmp_path: Path) -> None:
    builder = FloatBuilder([1, 8])
    boxes = dense(builder, builder.source, 4, np.full(4, 200, np.float32))
    both = joined(builder, boxes, dense(builder, builder.source, 2), 1)
    (text,) = sentences(builder, [both], NORMAL, tmp_path)
    assert text.startswith("output '") and "branch" in text and "an output of its own" in text


def test_a_tensor_that_is_cut_up_later() -> None:
    builder = FloatBuilder([1, 8])
    mixed = dense(builder, builder.source, 6, np.array([400, 400, 400, 1, 1, 1], np.float32))
    options = schema.SplitOptionsT()
    options.numSplits = 2
    first = builder.op(OPS.SPLIT, [builder.builder.constant([1]), mixed], [1, 3], options)
    second = builder.builder.tensor([1, 3], schema.TensorType.FLOAT32, None)
    builder.builder.graph.operators[-1].outputs = [first, second]
    ends = [dense(builder, t, 2) for t in (first, second)]
    model = flatbuffer.unpack(builder.build(*ends))
    by_tensor = parts.divisions(model)
    assert ["sliced"] in [[d.role for d in cuts] for cuts in by_tensor.values()]


def test_parts_of_one_size_zeros_and_constants_are_not_spoken_of(tmp_path: Path) -> None:
    samples = np.array(NORMAL)
    samples[:, 2], samples[:, 3] = 0, 1.7
    samples[:, 4] = np.rint(samples[:, 4])
    builder = FloatBuilder([1, 8])
    hidden = builder.dense(
        builder.source,
        RNG.normal(0, 0.4, (9, 8)),
        RNG.normal(0, 0.2, 9),
        schema.ActivationFunctionType.RELU,
    )
    both = joined(builder, hidden, dense(builder, hidden, 4), 1)
    assert sentences(builder, [dense(builder, both, 3)], samples, tmp_path) == []


def test_a_softmax_is_not_blamed_for_a_rare_class(tmp_path: Path) -> None:
    builder = FloatBuilder([1, 8])
    logits = builder.dense(
        builder.source, RNG.normal(0, 1, (4, 8)), np.array([0, 0, 0, -9], np.float32)
    )
    options = schema.SoftmaxOptionsT()
    options.beta = 1.0
    classes = builder.op(OPS.SOFTMAX, [logits], [1, 4], options)
    ranges = seen(builder, [reshaped(builder, classes, [1, 2, 2])], NORMAL, tmp_path)
    assert ranges[-1].parts and all(division.fixed for division in ranges[-1].parts)
    assert not any("output" in text for text in drowned.sentences(ranges))


SAVE = """
import sys, keras
import numpy as np
from keras import layers
keras.utils.set_random_seed(7)
features = keras.Input((10,), name="features")
head = layers.Dense(5, name="head")
x = layers.Dense(24, activation="relu", name="hidden")(features)
model = keras.Model(features, head(x))
kernel, bias = head.get_weights()
kernel[:, :4] *= 80; bias[:4] = 150; kernel[:, 4] *= 0.2; bias[4] = 0.5
head.set_weights([kernel, bias])
model.save(sys.argv[1])
"""


@pytest.mark.tensorflow
@pytest.mark.slow
def test_convert_and_debug_quantization_say_so(tmp_path: Path) -> None:
    keras, file = tmp_path / "boxes.keras", tmp_path / "samples.npz"
    in_tensorflow.run(SAVE, keras)
    np.savez(file, inputs=RNG.normal(0, 1, (80, 10)).astype(np.float32))
    done = CliRunner().invoke(cli, ["convert", str(keras), "--samples", str(file), "--json"])
    assert done.exit_code == 0, done.output
    assert any("channel 4" in text for text in json.loads(done.stdout)["warnings"])
    page = tmp_path / "page.html"
    more = ["--no-strategies", "--no-firmware", "-o", str(page)]
    done = CliRunner().invoke(
        cli, ["debug-quantization", str(keras), "--samples", str(file), *more]
    )
    assert done.exit_code == 0, done.output
    assert "nothing needs to be done" not in done.output
    assert "drowns in rounding" in done.output and "part by part" in done.output
    assert "Part by part" in page.read_text(encoding="utf-8")
