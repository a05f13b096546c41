"""Chooses a strategy for each tensor by what it costs at the model's output.

1. The whole model is quantised once with each candidate for every tensor, and run on samples that
   were held out of the observation. Min-max stays unless another one is clearly better.
2. Tensor by tensor, in order of execution, every other candidate is tried in the model as chosen so
   far, and taken where the output gets clearly better.

The error of a sample is the energy of the difference to the float model's output, relative to that
output's energy. The mean is taken without the worst tenth of the samples: a few damaged samples
must not decide.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from mcuforge.quantization.ranges.observers import Range
from mcuforge.recipe import strategies
from mcuforge.recipe.strategies import Strategy

CANDIDATES = tuple(
    strategies.parse(text)
    for text in (
        "min-max",
        "moving-average",
        "percentile 0.01 99.99",
        "percentile 0.1 99.9",
        "percentile 1 99",
        "mse",
        "kl",
    )
)
FIRST_GAIN = 0.05  # of the error, by which a candidate must beat min-max in the whole model
GAIN = 0.02  # by which it must beat the one chosen so far in one tensor
TRIMMED = 0.1  # the share of samples with the largest error that does not count
_SAME = 1e-3  # ranges closer than this, relative to their width, give the same model

Outputs = Sequence[npt.NDArray[np.float64]]
# quantises the model with a range for each tensor, by name, and runs the held-out samples
Trial = Callable[[Mapping[str, Range]], Outputs]


@dataclass(frozen=True)
class Choice:
    """What one tensor gets, and why."""

    strategy: Strategy
    range: Range
    reason: str


def output_error(reference: Outputs, outputs: Outputs) -> float:
    """The relative error over samples, without the worst tenth."""
    errors = sorted(_relative(r, o) for r, o in zip(reference, outputs, strict=True))
    kept = errors[: max(1, len(errors) - int(np.ceil(TRIMMED * len(errors))))]
    return float(np.mean(kept))


def _relative(reference: npt.NDArray[np.float64], output: npt.NDArray[np.float64]) -> float:
    difference = output.reshape(reference.shape) - reference
    energy = float(np.sum(reference**2))
    return float(np.sum(difference**2)) / max(energy, 1e-12)


def count_trials(ranges: Mapping[str, Mapping[Strategy, Range]]) -> int:
    """The most trials that `choose` makes."""
    return len(CANDIDATES) + sum(len(by_strategy) - 1 for by_strategy in ranges.values())


def choose(
    ranges: Mapping[str, Mapping[Strategy, Range]], reference: Outputs, trial: Trial
) -> dict[str, Choice]:
    """A choice for each tensor; `ranges` holds its candidates, `reference` the float outputs."""
    base, error, errors = _whole_model(ranges, reference, trial)
    chosen = {name: base if base in by else next(iter(by)) for name, by in ranges.items()}
    first = _first_reason(base, errors)
    reasons = {n: first if s == base else "asked for by the recipe" for n, s in chosen.items()}
    for name, by_strategy in ranges.items():
        before, was = error, chosen[name]
        for strategy in _different(by_strategy, was):
            attempt = {**chosen, name: strategy}
            with_it = output_error(reference, trial(_ranges(ranges, attempt)))
            if with_it < error * (1 - GAIN):
                chosen, error = attempt, with_it
        if chosen[name] != was:
            reasons[name] = f"output error {error:.3g} instead of {before:.3g} with {was}"
    return {n: Choice(s, ranges[n][s], reasons[n]) for n, s in chosen.items()}


def _whole_model(
    ranges: Mapping[str, Mapping[Strategy, Range]], reference: Outputs, trial: Trial
) -> tuple[Strategy, float, dict[Strategy, float]]:
    errors = {}
    for strategy in CANDIDATES:
        uniform = {n: strategy if strategy in by else next(iter(by)) for n, by in ranges.items()}
        errors[strategy] = output_error(reference, trial(_ranges(ranges, uniform)))
    best = min(errors, key=lambda s: errors[s])
    first = CANDIDATES[0]
    base = best if errors[best] < errors[first] * (1 - FIRST_GAIN) else first
    return base, errors[base], errors


def _first_reason(base: Strategy, errors: Mapping[Strategy, float]) -> str:
    first = CANDIDATES[0]
    if base != first:
        return (
            f"best for the whole model: output error {errors[base]:.3g}, "
            f"{errors[first]:.3g} with {first}"
        )
    others = {s: e for s, e in errors.items() if s != first}
    nearest = min(others, key=lambda s: others[s])
    return (
        f"no other is clearly better for the whole model: output error {errors[first]:.3g}, "
        f"{others[nearest]:.3g} with {nearest}"
    )


def _different(by_strategy: Mapping[Strategy, Range], chosen: Strategy) -> Iterator[Strategy]:
    """The candidates whose range is not that of the chosen one, nor of one before."""
    seen = [by_strategy[chosen]]
    for strategy, candidate in by_strategy.items():
        if not any(_alike(candidate, other) for other in seen):
            seen.append(candidate)
            yield strategy


def _alike(a: Range, b: Range) -> bool:
    width = max(a.high - a.low, b.high - b.low, 1e-12)
    return abs(a.low - b.low) < _SAME * width and abs(a.high - b.high) < _SAME * width


def _ranges(
    ranges: Mapping[str, Mapping[Strategy, Range]], chosen: Mapping[str, Strategy]
) -> dict[str, Range]:
    return {name: ranges[name][strategy] for name, strategy in chosen.items()}
