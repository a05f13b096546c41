"""Every op of which TFLM ignores part of the quantisation is refused, and written otherwise."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import in_tensorflow
import numpy as np
import numpy.typing as npt
import pytest
from ai_edge_litert import schema_py_generated as schema
from single_op import Spec, build

from mcuforge.convert import all_float_outputs, convert
from mcuforge.errors import UnsupportedError
from mcuforge.frontend import tflite_reader
from mcuforge.frontend.graph import Graph
from mcuforge.frontend.passes import legalise
from mcuforge.frontend.verify import verify
from mcuforge.oracle.engine import Engine
from mcuforge.oracle.litert import LITERT
from mcuforge.oracle.tflm import TFLM
from mcuforge.planning import planner
from mcuforge.recipe.quantization import DEFAULT, combine
from mcuforge.samples import quantised
from mcuforge.tflite.rewrite_rescaling import rewrite_rescaling

Real = npt.NDArray[np.float64]
ENGINES = (TFLM, *LITERT)
SHAPE = (1, 4, 4, 16)
VALUES = np.arange(-128, 128, dtype=np.int8).reshape(SHAPE)
SOURCE = Spec(SHAPE, scale=0.07, zero_point=-20)  # -7.56 ... 10.29


def graph_of(model: bytes) -> Graph:
    return legalise(verify(tflite_reader.read_bytes(model, "case")))


def real_outputs(engine: Engine, model: bytes, sample: npt.NDArray[Any]) -> Real:
    graph = tflite_reader.read_bytes(model, "case")
    output = engine.run(model, [[sample] * len(graph.inputs)])[0][0]
    return quantised.dequantize(output, graph.tensor(graph.outputs[0])).astype(np.float64)


@dataclass(frozen=True)
class Situation:
    """An op between different quantisations, and what it means in real values."""

    kind: str
    target: Spec
    meant: Callable[[Real], Real]
    rest: tuple[Spec, ...] = ()
    options: Any = None
    refusal: str = "what the file means"
    sources: int = 1
    version: int = 2

    @property
    def model(self) -> bytes:
        inputs = [SOURCE] * self.sources + list(self.rest)
        return build(self.kind, inputs, [self.target], self.options, self.version)


def ints(*values: Any, shape: tuple[int, ...] | None = None) -> Spec:
    data = np.array(values, np.int32)
    return Spec(shape or data.shape, "int32", None, data=data.reshape(shape or data.shape))


def options(name: str, **values: Any) -> Any:
    made = getattr(schema, f"{name}OptionsT")()
    for key, value in values.items():
        setattr(made, key, value)
    return made


def softmax(x: Real) -> Real:
    e = np.exp(x - x.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


POOL = {"padding": schema.Padding.VALID, "strideH": 1, "strideW": 1}
OTHER = Spec(SHAPE, scale=0.05, zero_point=3)
PADDED = Spec((1, 6, 4, 16), scale=0.05, zero_point=3)
PADDINGS = ints([0, 0], [1, 1], [0, 0], [0, 0])

SITUATIONS = {
    "relu6 that ends at 6": Situation(
        "RELU6", Spec(SHAPE, scale=6 / 255, zero_point=-128), lambda x: x.clip(0, 6)
    ),
    "relu6 below 6": Situation(
        "RELU6", Spec(SHAPE, scale=4 / 255, zero_point=-128), lambda x: x.clip(0, 4)
    ),
    "relu6 beyond 6": Situation(
        "RELU6", Spec(SHAPE, scale=0.1, zero_point=0), lambda x: x.clip(0, 6)
    ),
    "pad": Situation(
        "PAD", PADDED, lambda x: np.pad(x, [(0, 0), (1, 1), (0, 0), (0, 0)]), (PADDINGS,)
    ),
    "padv2": Situation(
        "PADV2",
        PADDED,
        lambda x: np.pad(x, [(0, 0), (1, 1), (0, 0), (0, 0)], constant_values=1.0),
        (PADDINGS, Spec((), scale=0.05, zero_point=3, data=np.array(23, np.int8))),
    ),
    "nearest": Situation(
        "RESIZE_NEAREST_NEIGHBOR",
        Spec((1, 8, 4, 16), scale=0.05, zero_point=3),
        lambda x: x.repeat(2, axis=1),
        (ints(8, 4),),
        options("ResizeNearestNeighbor"),
    ),
    "bilinear": Situation(
        "RESIZE_BILINEAR", OTHER, lambda x: x, (ints(4, 4),), options("ResizeBilinear")
    ),
    "reshape": Situation(
        "RESHAPE", Spec((1, 256), scale=0.05, zero_point=3), lambda x: x.reshape(1, 256),
        (ints(1, 256),), version=1,
    ),
    "squeeze": Situation(
        "SQUEEZE", Spec((4, 4, 16), scale=0.05, zero_point=3), lambda x: x[0],
        options=options("Squeeze", squeezeDims=[0]), version=1,
    ),
    "expand": Situation(
        "EXPAND_DIMS", Spec((1, *SHAPE), scale=0.05, zero_point=3), lambda x: x[None],
        (ints(0, shape=(1,)),), version=1,
    ),
    "max pool": Situation(
        "MAX_POOL_2D", Spec((1, 3, 4, 16), scale=0.05, zero_point=3),
        lambda x: np.maximum(x[:, 1:], x[:, :-1]),
        options=options("Pool2D", **POOL, filterHeight=2, filterWidth=1),
        refusal="same zero point",
    ),
    "average pool": Situation(
        "AVERAGE_POOL_2D", Spec((1, 3, 4, 16), scale=0.05, zero_point=3),
        lambda x: (x[:, 1:] + x[:, :-1]) / 2,
        options=options("Pool2D", **POOL, filterHeight=2, filterWidth=1),
        refusal="same zero point",
    ),
    "concatenation": Situation(
        "CONCATENATION", Spec((1, 4, 4, 32), scale=0.05, zero_point=3),
        lambda x: np.concatenate([x, x], -1), options=options("Concatenation", axis=3),
        refusal="another scale or zero point", sources=2,
    ),
    "softmax": Situation(
        "SOFTMAX", Spec(SHAPE, scale=1 / 200, zero_point=-128), softmax,
        options=options("Softmax", beta=1.0), refusal="zero point -128",
    ),
    "logistic": Situation(
        "LOGISTIC", Spec(SHAPE, scale=1 / 200, zero_point=-128), lambda x: 1 / (1 + np.exp(-x)),
        refusal="of the function",
    ),
    "tanh": Situation(
        "TANH", Spec(SHAPE, scale=1 / 100, zero_point=0), np.tanh, refusal="of the function"
    ),
}  # fmt: skip


@pytest.mark.parametrize("situation", SITUATIONS.values(), ids=SITUATIONS)
def test_the_planner_refuses_it(situation: Situation) -> None:
    with pytest.raises(UnsupportedError, match=situation.refusal):
        planner.plan(graph_of(situation.model))


@pytest.mark.parametrize("situation", SITUATIONS.values(), ids=SITUATIONS)
def test_rewritten_every_engine_computes_what_is_meant(situation: Situation) -> None:
    model = rewrite_rescaling(situation.model)
    planner.plan(graph_of(model))
    real = SOURCE.scale * (VALUES.astype(np.float64) - SOURCE.zero_point)  # type: ignore[operator]
    step = float(situation.target.scale)  # type: ignore[arg-type]
    low, high = (step * (end - situation.target.zero_point) for end in (-128, 127))
    squashes = situation.kind in ("SOFTMAX", "LOGISTIC", "TANH")
    meant = situation.meant(real if squashes else real.clip(low, high)).clip(low, high)
    for engine in (TFLM, LITERT[-1]):
        apart = np.abs(real_outputs(engine, model, VALUES) - meant).max()
        assert apart <= 1.6 * step, engine.name


@pytest.mark.parametrize(
    ("kind", "target", "function"),
    [
        ("LOGISTIC", Spec(SHAPE, scale=1 / 256, zero_point=-128), lambda x: 1 / (1 + np.exp(-x))),
        ("TANH", Spec(SHAPE, scale=1 / 128, zero_point=0), np.tanh),
    ],
)
def test_a_function_whose_input_has_large_steps(
    kind: str, target: Spec, function: Callable[[Real], Real]
) -> None:
    """TFLM takes 0 for minus infinity where the input's scale is above 8."""
    large = Spec(SHAPE, scale=20.0, zero_point=-20)
    model = build(kind, [large], [target], version=2)
    with pytest.raises(
        UnsupportedError, match=r"scale is 20, and a result would be 128 steps of [0-9.]+ off"
    ):
        planner.plan(graph_of(model))
    rewritten = rewrite_rescaling(model)
    planner.plan(graph_of(rewritten))
    meant = function((20.0 * (VALUES.astype(np.float64) + 20)).clip(-100, 100))
    for engine in (TFLM, LITERT[-1]):
        apart = np.abs(real_outputs(engine, rewritten, VALUES) - meant).max()
        assert apart <= 1.5 * float(target.scale), engine.name  # type: ignore[arg-type]


def test_what_is_quantised_alike_stays_as_it_is() -> None:
    model = build("RELU6", [SOURCE], [SOURCE])
    assert rewrite_rescaling(model) is model
    planner.plan(graph_of(model))


def test_one_step_apart_is_rounding() -> None:
    nearly = Spec(SHAPE, scale=0.07 * (1 - 0.5 / 150), zero_point=-20)
    planner.plan(graph_of(build("RESHAPE", [SOURCE, ints(*SHAPE)], [nearly])))
    further = Spec(SHAPE, scale=0.07 * (1 - 2.6 / 150), zero_point=-20)
    with pytest.raises(UnsupportedError, match=r"layer 'out0'.*up to 3 steps.*Rule: TFLM rescales"):
        planner.plan(graph_of(build("RESHAPE", [SOURCE, ints(*SHAPE)], [further])))


def convolution(kind: str, bias_scale: float) -> bytes:
    weights = {"CONV_2D": (3, 1, 1, 16), "DEPTHWISE_CONV_2D": (1, 1, 1, 16),
               "TRANSPOSE_CONV": (3, 1, 1, 16), "FULLY_CONNECTED": (3, 16)}[kind]  # fmt: skip
    channels = 16 if kind == "DEPTHWISE_CONV_2D" else 3
    axis = 3 if kind == "DEPTHWISE_CONV_2D" else 0
    filters = Spec(weights, scale=[0.01] * channels, axis=axis, data=np.ones(weights, np.int8))
    bias = Spec((channels,), "int32", bias_scale, data=np.full(channels, 1000, np.int32))
    target = Spec((16, 3) if kind == "FULLY_CONNECTED" else (1, 4, 4, channels), scale=0.2)
    common = {"padding": schema.Padding.VALID, "strideH": 1, "strideW": 1}
    dilated = {**common, "dilationHFactor": 1, "dilationWFactor": 1}
    given = {
        "CONV_2D": lambda: options("Conv2D", **dilated),
        "DEPTHWISE_CONV_2D": lambda: options("DepthwiseConv2D", **dilated, depthMultiplier=1),
        "TRANSPOSE_CONV": lambda: options("TransposeConv", **common),
        "FULLY_CONNECTED": lambda: options("FullyConnected"),
    }[kind]()
    inputs = [SOURCE, filters, bias]
    if kind == "TRANSPOSE_CONV":
        inputs = [ints(*target.shape), filters, SOURCE, bias]
    return build(kind, inputs, [target], given, version=4)


@pytest.mark.parametrize(
    "kind", ["CONV_2D", "DEPTHWISE_CONV_2D", "TRANSPOSE_CONV", "FULLY_CONNECTED"]
)
def test_a_bias_in_other_units_is_refused(kind: str) -> None:
    planner.plan(graph_of(convolution(kind, 0.07 * 0.01)))
    with pytest.raises(UnsupportedError, match=r"bias 1000 of channel 0.*3\.5 steps"):
        planner.plan(graph_of(convolution(kind, 2 * 0.07 * 0.01)))


missing = importlib.util.find_spec("tensorflow") is None
needs_tensorflow = pytest.mark.skipif(missing, reason="needs mcuforge[train]")


@pytest.mark.tensorflow
@needs_tensorflow
@pytest.mark.parametrize(
    "words", [{}, pytest.param({"calibration": "mse"}, marks=pytest.mark.slow)], ids=str
)
def test_a_keras_model_that_clamps_by_itself(words: dict[str, str], tmp_path: Path) -> None:
    keras = tmp_path / "clamps.keras"
    in_tensorflow.run(Path(__file__).with_name("clamping_model.py"), keras)
    batch = np.random.default_rng(1).normal(0, 2, (16, 8, 8, 3)).astype(np.float32)
    expected = all_float_outputs(keras, batch)
    model = convert(keras, batch, settings=combine(DEFAULT, **words)).tflite
    planner.plan(graph_of(model))
    graph = tflite_reader.read_bytes(model, "clamps")
    inputs = quantised.quantize_batch(batch, graph, "batch")
    for engine in ENGINES:
        outputs = quantised.real_outputs(graph, engine.run(model, inputs))
        for number, (ours, wanted) in enumerate(zip(outputs, expected, strict=True)):
            noise = ((ours.reshape(wanted.shape) - wanted) ** 2).mean()
            decibels = 10 * np.log10((wanted**2).mean() / noise)
            assert decibels > 20, f"output {number} on {engine.name}: {decibels:.1f} dB"
