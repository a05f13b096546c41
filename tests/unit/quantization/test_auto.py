"""Choosing by measurement: with a model that is a list of numbers, one a tensor."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pytest

from mcuforge.quantization.ranges import auto
from mcuforge.quantization.ranges.observers import Range
from mcuforge.recipe import strategies
from mcuforge.recipe.strategies import Strategy

MIN_MAX, MSE, KL = (strategies.parse(name) for name in ("min-max", "mse", "kl"))
REFERENCE = [np.full(10, 1.0) for _ in range(20)]


class Model:
    """Its output is off by a part for each tensor; `errors` holds them, by width of the range."""

    def __init__(self, errors: Mapping[str, Mapping[float, float]]) -> None:
        self.errors = errors
        self.trials = 0

    def __call__(self, ranges: Mapping[str, Range]) -> auto.Outputs:
        self.trials += 1
        energy = sum(self.errors[name][r.high] for name, r in ranges.items())
        return [r + np.sqrt(energy) for r in REFERENCE]


def candidates(**widths: float) -> dict[Strategy, Range]:
    """The range [0, width] of each strategy, 1 where nothing is said."""
    return {s: Range(0.0, widths.get(s.name, 1.0)) for s in auto.CANDIDATES}


def test_each_tensor_gets_what_is_best_for_the_output() -> None:
    ranges = {"a": candidates(mse=2, kl=3), "b": candidates(mse=2, kl=3)}
    model = Model({"a": {1: 0.4, 2: 0.1, 3: 0.3}, "b": {1: 0.2, 2: 0.3, 3: 0.1}})
    choices = auto.choose(ranges, REFERENCE, model)
    assert (choices["a"].strategy, choices["b"].strategy) == (MSE, KL)
    assert choices["a"].range == Range(0.0, 2.0)
    assert "best for the whole model: output error 0.4, 0.6 with min-max" in choices["a"].reason
    assert choices["b"].reason == "output error 0.2 instead of 0.4 with mse"
    assert model.trials <= auto.count_trials(ranges)


def test_min_max_stays_unless_another_is_clearly_better() -> None:
    ranges = {"a": candidates(mse=2)}
    choices = auto.choose(ranges, REFERENCE, Model({"a": {1: 0.1, 2: 0.0999}}))
    assert choices["a"].strategy == MIN_MAX
    assert "no other is clearly better" in choices["a"].reason


def test_a_strategy_that_the_recipe_asks_for_stays() -> None:
    ranges = {"a": candidates(mse=2), "b": {KL: Range(0.0, 3.0)}}
    model = Model({"a": {1: 0.4, 2: 0.1}, "b": {3: 0.1}})
    choices = auto.choose(ranges, REFERENCE, model)
    assert choices["b"] == auto.Choice(KL, Range(0.0, 3.0), "asked for by the recipe")
    assert choices["a"].strategy == MSE


def test_equal_ranges_are_tried_once() -> None:
    model = Model({"a": {1: 0.4, 2: 0.1}})
    auto.choose({"a": candidates(mse=2, kl=2)}, REFERENCE, model)
    # each for the whole model, then from mse: only [0, 1]
    assert model.trials == len(auto.CANDIDATES) + 1


def test_a_few_damaged_samples_do_not_decide() -> None:
    outputs = [r + 0.1 for r in REFERENCE]
    damaged = [r + (100 if n < 2 else 0.1) for n, r in enumerate(REFERENCE)]
    assert auto.output_error(REFERENCE, damaged) == pytest.approx(
        auto.output_error(REFERENCE, outputs)
    )
    assert auto.output_error(REFERENCE, REFERENCE) == 0.0
    assert auto.output_error(REFERENCE[:1], outputs[:1]) == pytest.approx(0.01)
