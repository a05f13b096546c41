"""Trains a small network in NumPy, and writes it as an int8 `.tflite` itself."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import toy_network

Array = np.ndarray[Any, Any]
SAMPLES, GOLDEN = 400, 64


def train(
    seed: int,
    epochs: int,
    on_progress: Callable[..., None],
    width: int = 8,
    hidden: int = 1,
    second: int = 8,
    ridge: float = 0.01,
    shuffled: bool = False,
) -> tuple[bytes, dict[str, Array]]:
    """Hidden layers of random weights, and a last one by ridge regression on more and more data."""
    rng = np.random.default_rng(seed)
    points, labels = drawn(rng, SAMPLES)
    if shuffled:
        labels = rng.permutation(labels)
    layers = random_layers(seed, width, hidden, second)
    held, truth = drawn(rng, GOLDEN)
    for epoch in range(1, epochs + 1):
        some = SAMPLES * epoch // epochs
        last = readout(points[:some], labels[:some], layers, ridge)
        right = np.argmax(outputs(held, [*layers, last]), axis=1) == truth
        on_progress(epoch, epochs, float(right.mean()), spread=float(np.abs(last[0]).max()))
    model = toy_network.int8([*layers, last], points)
    return model, {"inputs": held, "labels": truth.astype(np.uint8)}


def untrained(width: int = 8, hidden: int = 1, second: int = 8) -> bytes:
    """The same network, which has learnt nothing."""
    rng = np.random.default_rng(0)
    layers = random_layers(0, width, hidden, second)
    last = rng.normal(size=(layers[-1][0].shape[1], 2)), np.zeros(2)
    return toy_network.int8([*layers, last], drawn(rng, SAMPLES)[0])


def drawn(rng: np.random.Generator, count: int) -> tuple[Array, Array]:
    """Points of a square, float32 [N, 2], and whether they lie in a ring, int [N]."""
    points = rng.uniform(-1, 1, (count, 2)).astype(np.float32)
    radius = np.hypot(*points.T)
    return points, ((radius > 0.4) & (radius < 0.9)).astype(int)


def random_layers(seed: int, width: int, hidden: int, second: int) -> list[tuple[Array, Array]]:
    """Weights [inputs, outputs] and biases of the hidden layers."""
    rng = np.random.default_rng(seed + 1)
    sizes = [2, width, *([second] if hidden == 2 else [])]
    return [
        (rng.normal(size=(a, b)) * np.sqrt(2 / a), rng.uniform(-1, 1, b))
        for a, b in pairwise(sizes)
    ]


def outputs(points: Array, layers: Sequence[tuple[Array, Array]]) -> Array:
    """What the network computes, ReLU after all layers but the last."""
    x = points
    for number, (weights, bias) in enumerate(layers, 1):
        x = x @ weights + bias
        x = x if number == len(layers) else np.maximum(x, 0)
    return x


def readout(
    points: Array, labels: Array, layers: Sequence[tuple[Array, Array]], ridge: float
) -> tuple[Array, Array]:
    """The last layer, by ridge regression."""
    x = points
    for weights, bias in layers:
        x = np.maximum(x @ weights + bias, 0)
    x = np.column_stack([x, np.ones(len(x))])
    target = np.eye(2)[labels]
    solved = np.linalg.solve(x.T @ x + ridge * len(x) * np.eye(x.shape[1]), x.T @ target)
    return solved[:-1], solved[-1]
