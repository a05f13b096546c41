"""Stand-ins for the models of MLPerf Tiny, and for its wake word: same ops, same shapes, same
layout of weights, made without TensorFlow. Weights are random, from a fixed seed. Beside them small
networks of branches.

.venv/bin/python benchmarks/stand_ins.py FOLDER     writes them there as `.tflite`

What they compute means nothing. Scales come from estimates of the values, so that the bytes of
every output differ: neither do they saturate, nor do they all become the zero point.
"""

from __future__ import annotations

import sys
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from ai_edge_litert import schema_py_generated as schema

TESTS = Path(__file__).parents[1] / "tests"
sys.path[:0] = [str(TESTS / "kernels"), str(TESTS / "networks")]

from network import Network, Node  # noqa: E402 - from the tests, which build models the same way
from single_op import Spec  # noqa: E402
from sketch import options_of  # noqa: E402

from mcuforge.frontend.graph import Padding  # noqa: E402
from mcuforge.planning.ops.window import output_sizes  # noqa: E402

Pair = tuple[int, int]
_ACT = schema.ActivationFunctionType
_UNIFORM = 73.3  # deviation of int8 weights
_REACH = 3.0  # deviations that an activation's range covers
_RELU_SQUARE = 0.5  # mean of the squares of a normal distribution of deviation 1 after a ReLU


class Drawing:
    """A network that grows op by op. Each method appends one and gives its output's number."""

    def __init__(self, name: str, shape: tuple[int, ...], zero_point: int = 0) -> None:
        self._rng = np.random.default_rng(zlib.crc32(name.encode()))
        self._network = Network()
        self._square: dict[int, float] = {}  # mean of an activation's squares
        scale = 1 / 74.0  # of values that are all over int8: a deviation of about 1
        self.input = self._activation(shape, scale, zero_point, 1.0 + (zero_point / 74.0) ** 2)
        self._network.inputs.append(self.input)

    def conv(
        self, x: int, filters: int, kernel: Pair, stride: Pair = (1, 1), padding: str = "SAME",
        relu: bool = True, dead: npt.NDArray[np.bool_] | None = None,
    ) -> int:  # fmt: skip
        """CONV_2D. Filters where `dead` holds are all zero, as `_weights` says."""
        batch, height, width, channels = self._shape(x)
        rows, columns = output_sizes(Padding(padding), (height, width), kernel, stride, (1, 1))
        shape, target = (filters, *kernel, channels), (batch, rows, columns, filters)
        options = _window("CONV_2D", padding, stride, relu)
        return self._weighted("CONV_2D", x, shape, 0, target, relu, options, 3, dead)

    def depthwise(
        self, x: int, kernel: Pair, stride: Pair = (1, 1), padding: str = "SAME",
        dead: npt.NDArray[np.bool_] | None = None,
    ) -> int:  # fmt: skip
        """DEPTHWISE_CONV_2D with a ReLU, one output for each channel."""
        batch, height, width, channels = self._shape(x)
        rows, columns = output_sizes(Padding(padding), (height, width), kernel, stride, (1, 1))
        shape, target = (1, *kernel, channels), (batch, rows, columns, channels)
        options = _window("DEPTHWISE_CONV_2D", padding, stride, relu=True)
        options.depthMultiplier = 1
        return self._weighted("DEPTHWISE_CONV_2D", x, shape, 3, target, True, options, 3, dead)

    def dense(self, x: int, units: int, relu: bool = True) -> int:
        """FULLY_CONNECTED, whose weights have one scale."""
        batch, inputs = self._shape(x)
        options = options_of("FULLY_CONNECTED", fusedActivationFunction=_activation(relu))
        return self._weighted(
            "FULLY_CONNECTED", x, (units, inputs), 0, (batch, units), relu, options, 4
        )

    def add(self, x: int, y: int, shape: tuple[int, ...] | None = None) -> int:
        """ADD with a ReLU, to another shape than that of x where one is given."""
        deviation = (self._square[x] + self._square[y]) ** 0.5
        options = options_of("ADD", fusedActivationFunction=_ACT.RELU)
        scale, zero_point = _quantised(deviation, relu=True)
        target = self._activation(
            shape or self._shape(x), scale, zero_point, _RELU_SQUARE * deviation**2
        )
        return self._op("ADD", (x, y), target, options, 2)

    def average(self, x: int) -> int:
        """AVERAGE_POOL_2D over the whole image."""
        batch, height, width, channels = self._shape(x)
        options = _window("AVERAGE_POOL_2D", "VALID", (height, width), relu=False)
        options.filterHeight, options.filterWidth = height, width
        return self._alike("AVERAGE_POOL_2D", (x,), (batch, 1, 1, channels), options, 2)

    def highest(self, x: int, size: int, stride: int) -> int:
        """MAX_POOL_2D."""
        batch, height, width, channels = self._shape(x)
        rows, columns = output_sizes(
            Padding.SAME, (height, width), (size, size), (stride, stride), (1, 1)
        )
        options = _window("MAX_POOL_2D", "SAME", (stride, stride), relu=False)
        options.filterHeight = options.filterWidth = size
        return self._alike("MAX_POOL_2D", (x,), (batch, rows, columns, channels), options, 2)

    def joined(self, *parts: int) -> int:
        """CONCATENATION along the channels, of parts that are quantised alike."""
        *pixels, _ = self._shape(parts[0])
        shape = (*pixels, sum(self._shape(part)[-1] for part in parts))
        options = options_of("CONCATENATION", axis=3)
        return self._alike("CONCATENATION", parts, shape, options, 2)

    def largest(self, x: int) -> int:
        """ARG_MAX over the channels."""
        shape, axis = self._shape(x), self._constant(np.array(-1, np.int32), None)
        target = self._tensor(Spec(shape[:-1], "int32", None))
        options = options_of("ARG_MAX", outputType=schema.TensorType.INT32)
        return self._op("ARG_MAX", (x, axis), target, options, 1)

    def flatten(self, x: int) -> int:
        """RESHAPE to [batch, elements of one]."""
        batch, *rest = self._shape(x)
        return self.reshape(x, (batch, int(np.prod(rest))))

    def reshape(self, x: int, shape: tuple[int, ...]) -> int:
        """RESHAPE."""
        wanted = self._constant(np.array(shape, np.int32), None)
        options = options_of("RESHAPE", newShape=list(shape))
        return self._alike("RESHAPE", (x, wanted), shape, options, 1)

    def shuffle(self, x: int, groups: int) -> int:
        """The channels of so many groups in turn: RESHAPE, TRANSPOSE and RESHAPE."""
        *pixels, channels = self._shape(x)
        parted = self.reshape(x, (*pixels, groups, channels // groups))
        axes = (*range(len(pixels)), len(pixels) + 1, len(pixels))
        return self.reshape(self.transpose(parted, axes), (*pixels, channels))

    def transpose(self, x: int, axes: tuple[int, ...]) -> int:
        """TRANSPOSE."""
        order = self._constant(np.array(axes, np.int32), None)
        made = tuple(self._shape(x)[axis] for axis in axes)
        return self._alike("TRANSPOSE", (x, order), made, options_of("TRANSPOSE"), 1)

    def first_rows(self, x: int, rows: int) -> int:
        """SLICE: so many rows of a picture."""
        made = (1, rows, *self._shape(x)[2:])
        numbers = [self._constant(np.array(n, np.int32), None) for n in ((0,) * 4, made)]
        return self._alike("SLICE", (x, *numbers), made, options_of("SLICE"), 1)

    def repeat(self, x: int, times: int) -> int:
        """Each sample of `[1, 1, n, c]` so many times, as UpSampling1D has it: a TILE and views."""
        _, _, samples, channels = self._shape(x)
        column = self.reshape(x, (1, samples, 1, channels))
        multiples = self._constant(np.array((1, 1, times, 1), np.int32), None)
        made = (1, samples, times, channels)
        tiled = self._alike("TILE", (column, multiples), made, options_of("TILE"), 1)
        return self.reshape(tiled, (1, 1, samples * times, channels))

    def softmax(self, x: int) -> int:
        """SOFTMAX."""
        target = self._activation(self._shape(x), 1 / 256, -128, 1.0)
        return self._op("SOFTMAX", (x,), target, options_of("SOFTMAX", beta=1.0), 2)

    def dead(self, count: int, of: int) -> npt.NDArray[np.bool_]:
        """Which of so many channels are dead: `count` of them, by lot."""
        chosen = np.zeros(of, np.bool_)
        chosen[self._rng.choice(of, count, replace=False)] = True
        return chosen

    def tflite(self, output: int) -> bytes:
        """The file's bytes."""
        self._network.outputs.append(output)
        return self._network.tflite()

    def _weighted(
        self, kind: str, x: int, shape: tuple[int, ...], axis: int, target: tuple[int, ...],
        relu: bool, options: Any, version: int, dead: npt.NDArray[np.bool_] | None = None,
    ) -> int:  # fmt: skip
        """An op with weights of `shape`, whose outputs lie along `axis`; sums of deviation 1."""
        scale, zero_point = _quantised(1.0, relu)
        output = self._activation(target, scale, zero_point, _RELU_SQUARE if relu else 1.0)
        weights, bias = self._weights(x, shape, axis, kind != "FULLY_CONNECTED", scale, dead)
        return self._op(kind, (x, weights, bias), output, options, version)

    def _weights(
        self, x: int, shape: tuple[int, ...], axis: int, per_channel: bool, output_scale: float,
        dead: npt.NDArray[np.bool_] | None,
    ) -> Pair:  # fmt: skip
        """Weights and bias as constants.

        Dead filters have what training with a strong decay leaves: weights of 0, a scale so small
        that the requantisation shifts by 31, and a bias near 2^30.
        """
        outputs = shape[axis]
        taps = int(np.prod(shape)) // outputs
        source = self._scale(x)
        base = 1.0 / (_UNIFORM * (taps * self._square[x]) ** 0.5)
        factors = 2.0 ** self._rng.uniform(-1.0, 1.0, outputs if per_channel else 1)
        scales = base * factors
        data = self._rng.integers(-127, 128, shape).astype(np.int8)
        real = self._rng.normal(0.0, 0.3, outputs)
        bias = np.rint(real / (np.float32(source) * np.float32(scales)))
        if dead is not None:
            data[(slice(None),) * axis + (dead,)] = 0
            lot = self._rng.uniform(0.55, 0.95, (2, outputs))
            scales = np.where(dead, lot[0] * 2.0**-31 * output_scale / source, scales)
            signs = self._rng.choice([-1.0, 1.0], outputs)
            bias = np.where(dead, np.rint(lot[1] * 2.0**30) * signs, bias)
        products = np.float32(source) * np.float32(scales)
        return (
            self._constant(data, np.float32(scales), axis),
            self._constant(bias.astype(np.int32), products),
        )

    def _constant(self, data: npt.NDArray[Any], scale: Any, axis: int = 0) -> int:
        numbers = None if scale is None else np.atleast_1d(scale).tolist()
        return self._tensor(Spec(data.shape, str(data.dtype), numbers, 0, axis, data))

    def _activation(
        self, shape: tuple[int, ...], scale: float, zero_point: int, square: float
    ) -> int:
        index = self._tensor(Spec(shape, "int8", float(np.float32(scale)), zero_point))
        self._square[index] = square
        return index

    def _alike(
        self, kind: str, inputs: tuple[int, ...], shape: tuple[int, ...], options: Any, version: int
    ) -> int:
        """An op whose output is quantised as its first input is."""
        spec = self._network.tensors[inputs[0]]
        square = self._square[inputs[0]]
        target = self._activation(shape, self._scale(inputs[0]), spec.zero_point, square)
        return self._op(kind, inputs, target, options, version)

    def _op(
        self, kind: str, inputs: tuple[int, ...], output: int, options: Any, version: int
    ) -> int:
        self._network.nodes.append(Node(kind, inputs, (output,), options, version))
        return output

    def _tensor(self, spec: Spec) -> int:
        self._network.tensors.append(spec)
        return len(self._network.tensors) - 1

    def _shape(self, x: int) -> tuple[int, ...]:
        return self._network.tensors[x].shape

    def _scale(self, x: int) -> float:
        scale = self._network.tensors[x].scale
        assert isinstance(scale, float)
        return scale


def _quantised(deviation: float, relu: bool) -> tuple[float, int]:
    """Scale and zero point of an activation around 0, or from 0 on."""
    return (_REACH * deviation / 255, -128) if relu else (2 * _REACH * deviation / 255, -3)


def _activation(relu: bool) -> int:
    return int(_ACT.RELU if relu else _ACT.NONE)


def _window(kind: str, padding: str, stride: Pair, relu: bool) -> Any:
    pool = kind.endswith("POOL_2D")
    options = schema.Pool2DOptionsT() if pool else options_of(kind)
    options.padding = getattr(schema.Padding, padding)
    options.strideH, options.strideW = stride
    if not pool:
        options.dilationHFactor = options.dilationWFactor = 1
    options.fusedActivationFunction = _activation(relu)
    return options


def anomaly_detection() -> bytes:
    """MLPerf AD: an autoencoder of ten dense layers."""
    net = Drawing("ad", (1, 640), 89)
    x = net.input
    for units in (128, 128, 128, 128, 8, 128, 128, 128, 128):
        x = net.dense(x, units)
    return net.tflite(net.dense(x, 640, relu=False))


def keyword_spotting() -> bytes:
    """MLPerf KWS: a DS-CNN, 49 frames of 10 coefficients."""
    net = Drawing("kws", (1, 49, 10, 1), 83)
    x = net.conv(net.input, 64, (10, 4), (2, 2))
    for _ in range(4):
        x = net.conv(net.depthwise(x, (3, 3)), 64, (1, 1))
    return net.tflite(net.softmax(net.dense(net.flatten(net.average(x)), 12, relu=False)))


def image_classification() -> bytes:
    """MLPerf IC: a ResNet-8, images of 32 x 32."""
    net = Drawing("ic", (1, 32, 32, 3), -128)
    x = net.conv(net.input, 16, (3, 3))
    for filters, stride in ((16, 1), (32, 2), (64, 2)):
        y = net.conv(x, filters, (3, 3), (stride, stride))
        y = net.conv(y, filters, (3, 3), relu=False)
        if stride > 1:
            x = net.conv(x, filters, (1, 1), (stride, stride), relu=False)
        x = net.add(x, y)
    return net.tflite(net.softmax(net.dense(net.flatten(net.average(x)), 10, relu=False)))


def wake_word() -> bytes:
    """MLPerf's streaming wake word: separable convolutions along 30 frames of 40 features."""
    net = Drawing("ww", (1, 30, 1, 40), -128)
    x = net.input
    for frames, filters in ((3, 128), (5, 128), (10, 128), (15, 32)):
        x = net.conv(net.depthwise(x, (frames, 1), padding="VALID"), filters, (1, 1))
    return net.tflite(net.softmax(net.dense(net.flatten(x), 3, relu=False)))


def visual_wake_words() -> bytes:
    """MLPerf VWW: a MobileNet V1 of a quarter of the width, images of 96 x 96.

    As in the reference model more than a third of the channels are dead, in a pointwise convolution
    the same ones as in the depthwise convolution that reads it.
    """
    net = Drawing("vww", (1, 96, 96, 3), -128)
    filters, dead = 8, net.dead(2, 8)
    x = net.conv(net.input, filters, (3, 3), (2, 2), dead=dead)
    for stride, wider in (
        (1, 16), (2, 32), (1, 32), (2, 64), (1, 64), (2, 128), (1, 128), (1, 128), (1, 128),
        (1, 128), (1, 128), (2, 256), (1, 256),
    ):  # fmt: skip
        x = net.depthwise(x, (3, 3), (stride, stride), dead=dead)
        filters, dead = wider, net.dead(round(0.36 * wider), wider)
        x = net.conv(x, filters, (1, 1), dead=dead)
    return net.tflite(net.softmax(net.dense(net.flatten(net.average(x)), 2, relu=False)))


def squeezenet() -> bytes:
    """A small SqueezeNet: branches of 1x1 and of 3x3 after each squeeze, images of 32 x 32."""
    net = Drawing("squeezenet", (1, 32, 32, 3), -128)
    x = net.conv(net.input, 16, (3, 3), (2, 2))
    for squeezed, filters in ((4, 16), (8, 24)):
        y = net.conv(x, squeezed, (1, 1))
        x = net.joined(net.conv(y, filters, (1, 1)), net.conv(y, filters, (3, 3)))
        x = net.highest(x, 2, 2)
    return net.tflite(net.dense(net.flatten(net.average(x)), 10, relu=False))


def inception() -> bytes:
    """Three blocks of an Inception network, images of 32 x 32."""
    net = Drawing("inception", (1, 32, 32, 3), -128)
    x = net.highest(net.conv(net.input, 16, (3, 3)), 2, 2)
    for one, three, five, pooled, halved in (
        (8, 16, 8, 8, 1),
        (16, 24, 8, 8, 2),
        (24, 32, 8, 8, 1),
    ):
        x = net.joined(
            net.conv(x, one, (1, 1)),
            net.conv(net.conv(x, three // 2, (1, 1)), three, (3, 3)),
            net.conv(net.conv(x, five // 2, (1, 1)), five, (5, 5)),
            net.conv(net.highest(x, 3, 1), pooled, (1, 1)),
        )
        x = net.highest(x, 2, 2) if halved > 1 else x
    return net.tflite(net.dense(net.flatten(net.average(x)), 10, relu=False))


BRANCHED: dict[str, Callable[[], bytes]] = {"squeezenet": squeezenet, "inception": inception}
MODELS: dict[str, Callable[[], bytes]] = {
    "ad": anomaly_detection,
    "kws": keyword_spotting,
    "ic": image_classification,
    "wake_word": wake_word,
    "vww": visual_wake_words,
}


def main() -> None:
    """See the module."""
    folder = Path(sys.argv[1])
    for name, make in (MODELS | BRANCHED).items():
        (folder / f"{name}.tflite").write_bytes(make())


if __name__ == "__main__":
    main()
