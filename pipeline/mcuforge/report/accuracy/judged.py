"""A run's outputs beside what is right, in the forms that figures are made of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mcuforge.frontend.graph import Graph
from mcuforge.proof.parity import Sample
from mcuforge.recipe import Metric, Recipe, truth
from mcuforge.report.accuracy.plain import Array
from mcuforge.report.facts import RunFacts
from mcuforge.samples import quantised

OF_CLASSES = (Metric.CLASSIFICATION, Metric.SEGMENTATION)


@dataclass(frozen=True, eq=False)
class Judged:
    """The first outputs of a run, real values [N, ...] of one shape, their inputs and their truth.

    `taken` are the device's outputs as they are, of the same shape.
    """

    graph: Graph
    recipe: Recipe
    inputs: Array
    right: Array
    device: Array
    taken: Array
    floats: Array | None

    @property
    def metric(self) -> Metric:
        """How the outputs are judged."""
        return self.recipe.metric


def of(facts: RunFacts) -> tuple[Judged | None, list[str]]:
    """What is to be judged, None where that cannot be; and what is to be said of it."""
    recipe, graph = facts.recipe, facts.plan.graph
    if recipe is None or facts.golden is None or facts.inputs is None:
        return None, [
            "There is no truth to compare with: a recipe names golden samples and a metric. What "
            "follows says what the outputs are, not how good."
        ]
    if recipe.metric is Metric.NONE:
        return None, ["The recipe's metric is 'none': outputs are compared with no truth."]
    taken = first(facts.proof.device.outputs)
    device = quantised.real_outputs(graph, facts.proof.device.outputs)[0]
    shape = (len(device), *graph.tensor(graph.outputs[0]).shape[1:])
    floats = None if not facts.floats else np.asarray(facts.floats[0])
    if floats is not None and floats.size == device.size:
        shape = floats.shape
    device = device.reshape(shape)
    if not np.isfinite(device).all():
        return None, ["The device's outputs hold NaN or infinity, of which no figure can be made."]
    notes = []
    if floats is None:
        notes.append("There is no float model to compare with: the recipe names a .tflite alone.")
    elif floats.shape != device.shape or not np.isfinite(floats).all():
        notes.append("The float model's outputs hold NaN or infinity, or do not fit: left out.")
        floats = None
    right = facts.golden[truth.ARRAYS[recipe.metric]][: len(device)]
    inputs = np.asarray(facts.inputs[0])[: len(device)]
    return Judged(graph, recipe, inputs, right, device, taken.reshape(shape), floats), notes


def first(samples: Sequence[Sample]) -> Array:
    """The first array of each sample, [N, ...]."""
    return np.stack([np.asarray(sample[0]) for sample in samples])
