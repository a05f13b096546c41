"""Channels that nothing depends on: the rest of the network computes the same without them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import running
import weighted
from ai_edge_litert import schema_py_generated as schema
from sketch import Sketch, Values, options_of

from mcuforge import boards, planning
from mcuforge.frontend.graph import Padding
from mcuforge.planning.plan import Plan

ACTIVATION = schema.ActivationFunctionType


@dataclass
class _Chain:
    """Draws one op after the other; channels die of what each draws for its weights."""

    sketch: Sketch
    at: int

    def weights(self, shape: tuple[int, ...], axis: int, taps: int) -> tuple[int, int, Values]:
        """Weights of which whole filters are zero, and whole input channels."""
        filters, bias, sums = weighted.weights(self.sketch, self.at, shape, axis, taps, shape[axis])
        draw = self.sketch.draw
        weights, biases = (self.sketch.spec(i).data for i in (filters, bias))
        assert weights is not None and biases is not None
        dead = draw.rng.random(shape[axis]) < 0.3
        np.moveaxis(weights, axis, 0)[dead] = 0
        shut = draw.rng.random(shape[axis]) < 0.2
        biases[dead & shut] = draw.choice([-(2**30), 2**30])
        if axis == 0:
            weights[..., draw.rng.random(shape[-1]) < 0.2] = 0
        return filters, bias, sums

    def conv(self, outputs: int, size: int, padding: Padding) -> None:
        _, height, width, channels = self.sketch.spec(self.at).shape
        size = min(size, height, width)
        less = 0 if padding is Padding.SAME else size - 1
        filters, bias, sums = self.weights(
            (outputs, size, size, channels), 0, size * size * channels
        )
        options = weighted.Window(padding, (size, size), (1, 1)).fill(schema.Conv2DOptionsT())
        self._op("CONV_2D", (1, height - less, width - less, outputs), filters, bias, sums, options)

    def depthwise(self, padding: Padding) -> None:
        _, height, width, channels = self.sketch.spec(self.at).shape
        size = min(3, height, width)
        less = 0 if padding is Padding.SAME else size - 1
        filters, bias, sums = self.weights((1, size, size, channels), 3, size * size)
        window = weighted.Window(padding, (size, size), (1, 1))
        options = window.fill(schema.DepthwiseConv2DOptionsT())
        options.depthMultiplier = 1
        shape = (1, height - less, width - less, channels)
        self._op("DEPTHWISE_CONV_2D", shape, filters, bias, sums, options)

    def pool(self) -> None:
        _, height, width, channels = self.sketch.spec(self.at).shape
        options = schema.Pool2DOptionsT()
        options.padding = schema.Padding.VALID
        options.filterHeight, options.filterWidth = height, width
        options.strideH = options.strideW = 1
        self._alike("AVERAGE_POOL_2D", [self.at], (1, 1, 1, channels), options)

    def dense(self, outputs: int) -> None:
        channels = self.sketch.spec(self.at).shape[-1]
        shape = self.sketch.integers(1, channels)
        self._alike("RESHAPE", [self.at, shape], (1, channels))
        filters, bias, sums = self.weights((outputs, channels), 0, channels)
        options = options_of("FULLY_CONNECTED")
        self._op("FULLY_CONNECTED", (1, outputs), filters, bias, sums, options)

    def relu(self) -> None:
        self._alike("LEAKY_RELU", [self.at], self.sketch.spec(self.at).shape)

    def _alike(
        self, kind: str, inputs: list[int], shape: tuple[int, ...], options: object = None
    ) -> None:
        spec = self.sketch.alike(self.at, shape)
        self.at = self.sketch.op(kind, inputs, spec, self.sketch.values[self.at], options)

    def _op(
        self,
        kind: str,
        shape: tuple[int, ...],
        filters: int,
        bias: int,
        sums: Values,
        options: object,
    ) -> None:
        fused = self.sketch.draw.choice([ACTIVATION.NONE, ACTIVATION.RELU, ACTIVATION.RELU6])
        options.fusedActivationFunction = fused  # type: ignore[attr-defined]
        goal = weighted.target(self.sketch, shape, sums, fused)
        values = weighted.bounded(sums, fused)
        self.at = self.sketch.op(kind, [self.at, filters, bias], goal, values, options, 4)


def _network(seed: int) -> Sketch:
    """A separable network of convolutions, pooled and classified."""
    sketch = Sketch(seed)
    draw = sketch.draw
    chain = _Chain(sketch, sketch.input((1, draw.integer(2, 5), draw.integer(2, 5), 3)))
    for _ in range(draw.integer(1, 3)):
        chain.conv(draw.integer(2, 12), draw.choice([1, 1, 3]), draw.choice(list(Padding)))
        if draw.chance(0.7):
            chain.depthwise(draw.choice(list(Padding)))
        if draw.chance(0.3):
            chain.relu()
    chain.conv(draw.integer(2, 12), 1, Padding.SAME)
    if draw.chance(0.7):
        chain.pool()
        chain.dense(draw.integer(1, 5))
    sketch.network.outputs = [chain.at]
    return sketch


def _left_out(plan: Plan) -> int:
    """Ops that make fewer channels than those of the file do."""
    results = (plan.graph.tensor(t) for op in plan.graph.ops for t in op.outputs)
    return sum(tensor.channels is not None for tensor in results)


def _check(seeds: range, folder: Path, kernels: dict[str, Path]) -> int:
    """Runs these networks. Returns how many ops made fewer channels."""
    trials = [
        running.network_trial(f"dead{seed}", _network(seed).network, folder) for seed in seeds
    ]
    assert running.problems(trials, folder, kernels) == {}
    return sum(_left_out(trial.plan) for trial in trials)


def test_what_is_left_computes_the_same(tmp_path: Path, kernels: dict[str, Path]) -> None:
    assert _check(range(40), tmp_path, kernels) > 60


def test_tflm_is_planned_every_channel(tmp_path: Path) -> None:
    path = tmp_path / "dead.tflite"
    path.write_bytes(_network(0).network.tflite())
    board = boards.load("mps2-an386")
    assert _left_out(planning.plan_for(board, path)) > 0
    assert _left_out(planning.plan_for(board, path, whole=True)) == 0


@pytest.mark.slow
def test_what_is_left_of_many_computes_the_same(tmp_path: Path, kernels: dict[str, Path]) -> None:
    assert _check(range(40, 400), tmp_path, kernels) > 600
