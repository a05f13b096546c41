"""Watches every activation of the float model while the calibration samples run through it.

One pass. What is kept does not grow with the number of samples: an observer's state for each tensor
and strategy, and for bias correction a mean for each channel.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from mcuforge.quantization.float_model import Floats, Runner, activations
from mcuforge.quantization.ranges.observers import Observer, Range, observer
from mcuforge.recipe.strategies import Strategy
from mcuforge.samples.calibration import Sample
from mcuforge.tflite import flatbuffer


@dataclass(frozen=True, eq=False)
class Observations:
    """By tensor name: the range of each strategy asked for, and the mean of each channel."""

    ranges: Mapping[str, Mapping[Strategy, Range]]
    means: Mapping[str, npt.NDArray[np.float64]]


class _Mean:
    """The mean of each channel (the last axis) over samples and positions."""

    def __init__(self) -> None:
        self._sum: npt.NDArray[np.float64] | float = 0.0
        self._count = 0

    def observe(self, values: Floats) -> None:
        rows = values.reshape(-1, values.shape[-1] if values.ndim else 1)
        self._sum = self._sum + rows.sum(axis=0, dtype=np.float64)
        self._count += len(rows)

    def value(self) -> npt.NDArray[np.float64]:
        return np.asarray(self._sum / max(self._count, 1), np.float64)


def observe(
    model: bytes,
    samples: Iterable[Sample | Floats],
    strategies: Mapping[str, Iterable[Strategy]],
    on_sample: Callable[[], None],
    loud: Container[int] = (),
) -> Observations:
    """Run all samples; `strategies` holds those wanted for each tensor, by its name.

    Samples whose position is in `loud` are seen only by strategies that take outliers: behind a
    saturating layer they are no louder than others, and could not be told there.
    """
    runner = Runner(model, preserve=True)
    tensors = activations(flatbuffer.unpack(model))
    observers: dict[str, dict[Strategy, Observer]] = {
        t.name: {s: observer(s) for s in dict.fromkeys(strategies[t.name])} for t in tensors
    }
    means = {t.name: _Mean() for t in tensors}
    for number, sample in enumerate(samples):
        runner.run(sample)
        for tensor in tensors:
            values = runner.tensor(tensor.index)
            if number not in loud:
                means[tensor.name].observe(values)
            for strategy, watching in observers[tensor.name].items():
                if strategy.takes_outliers or number not in loud:
                    watching.observe(values)
        on_sample()
    return Observations(
        {name: {s: o.range() for s, o in by.items()} for name, by in observers.items()},
        {name: mean.value() for name, mean in means.items()},
    )
