"""What runs in the child process: everything that needs LiteRT or litert-quantizer."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from mcuforge.errors import UsageError
from mcuforge.processes.tensorflow_child import Progress
from mcuforge.quantization import application
from mcuforge.quantization.corrections.bias_correction import correct_biases
from mcuforge.quantization.corrections.equalization import equalize
from mcuforge.quantization.float_model import Activation, activations, outputs
from mcuforge.quantization.ranges import auto
from mcuforge.quantization.ranges.auto import Choice
from mcuforge.quantization.ranges.loudness import loud
from mcuforge.quantization.ranges.observation import Observations, observe
from mcuforge.quantization.ranges.observers import Range
from mcuforge.recipe import quantization
from mcuforge.recipe.quantization import Bits, QuantizationSettings
from mcuforge.recipe.strategies import Strategy
from mcuforge.samples import calibration
from mcuforge.samples.calibration import Layout, Sample
from mcuforge.tflite import flatbuffer
from mcuforge.tflite.borders import copy_borders

HELD_OUT_EVERY = 4  # with auto, each fourth sample is not observed but measured on
MOST_HELD_OUT = 32
FEWEST_TO_SPLIT = 8  # fewer samples are observed and measured on


@dataclass(frozen=True)
class _Data:
    """The calibration samples, as often as they are needed."""

    file: Path
    layout: Layout
    count: int
    split: bool

    @cached_property
    def _loud(self) -> frozenset[int]:
        """The numbers of samples that may be outliers."""
        return loud(calibration.read(self.file, self.layout))

    def _is_held_out(self, number: int) -> bool:
        return self.split and number % HELD_OUT_EVERY == HELD_OUT_EVERY - 1

    def observed(self) -> Iterator[Sample]:
        """Those that set the ranges."""
        for number, sample in enumerate(calibration.read(self.file, self.layout)):
            if not self._is_held_out(number):
                yield sample

    def loud(self) -> frozenset[int]:
        """Positions among the observed ones of those that may be outliers."""
        observed = (n for n in range(self.count) if not self._is_held_out(n))
        return frozenset(i for i, n in enumerate(observed) if n in self._loud)

    def held_out(self) -> list[Sample]:
        """At most 32 of those that choices are measured on, evenly spread, without outliers."""
        every = HELD_OUT_EVERY if self.split else 1
        numbers = [n for n in range(every - 1, self.count, every) if n not in self._loud]
        step = -(-len(numbers) // MOST_HELD_OUT)
        wanted = set(numbers[::step])
        samples = enumerate(calibration.read(self.file, self.layout))
        return [sample for number, sample in samples if number in wanted]


def quantize(
    float_model: str,
    samples: str,
    layout: str,
    count: int,
    options: str,
    tflite: str,
    on_progress: Progress,
) -> dict[str, Any]:
    """Write the quantised `.tflite` of a float one.

    `samples` is a file of `count` samples that `calibration.write` wrote, with this layout.
    Returns, for each activation, the strategy, the range and the reason for it, and for each
    correction that was asked for the output's error without and with it.
    """
    chosen = quantization.from_json(options)
    model = Path(float_model).read_bytes()
    split = chosen.observed is None and count >= FEWEST_TO_SPLIT
    data = _Data(Path(samples), calibration.read_layout(layout), count, split)
    tensors = activations(flatbuffer.unpack(model))
    _check_layers(chosen, tensors)
    quantized, choices = _quantize(model, chosen, data, on_progress)
    Path(tflite).write_bytes(copy_borders(quantized, model))
    return {
        "tensors": [_told(t, choices) for t in tensors if t.name in choices],
        "effects": _effects(model, quantized, chosen, data, on_progress),
    }


def _quantize(
    model: bytes, chosen: QuantizationSettings, data: _Data, on_progress: Progress
) -> tuple[bytes, dict[str, Choice]]:
    """The quantised model, and what was chosen for each activation."""
    if chosen.equalization:
        model = equalize(model)
    tensors = activations(flatbuffer.unpack(model))
    choices: dict[str, Choice] = {}
    means: Mapping[str, Any] = {}
    if chosen.bits is not Bits.DYNAMIC or chosen.bias_correction:
        seen = _observe(model, tensors, chosen, data, on_progress)
        means = seen.means
        choices = _choose(model, seen, chosen, data, on_progress)
    ranges = {name: choice.range for name, choice in choices.items()}
    quantized = application.apply(model, ranges, chosen)
    if chosen.bias_correction:
        quantized = application.apply(correct_biases(model, quantized, means), ranges, chosen)
    return quantized, choices


def _effects(
    model: bytes,
    quantized: bytes,
    chosen: QuantizationSettings,
    data: _Data,
    on_progress: Progress,
) -> dict[str, tuple[float, float]]:
    """The output's relative error without and with each correction that was asked for."""
    without_it = {
        "equalization": replace(chosen, equalization=False),
        "bias_correction": replace(chosen, bias_correction=False),
    }
    asked = {name: other for name, other in without_it.items() if other != chosen}
    if not asked:
        return {}
    held_out = data.held_out()
    reference = list(outputs(model, held_out))
    with_it = auto.output_error(reference, list(outputs(quantized, held_out)))
    effects = {}
    for name, settings_without in asked.items():
        other, _ = _quantize(model, settings_without, data, on_progress)
        without = auto.output_error(reference, list(outputs(other, held_out)))
        effects[name] = without, with_it
    return effects


def _told(tensor: Activation, choices: Mapping[str, Choice]) -> dict[str, Any]:
    choice = choices[tensor.name]
    return {
        "tensor": tensor.name,
        "layer": tensor.layer,
        "strategy": str(choice.strategy),
        "low": float(choice.range.low),
        "high": float(choice.range.high),
        "reason": choice.reason,
    }


def _check_layers(chosen: QuantizationSettings, tensors: list[Activation]) -> None:
    known = list(dict.fromkeys(t.layer for t in tensors))
    for layer, _ in chosen.layers:
        if layer not in known:
            raise UsageError(
                f"[quantization.layers] or --layer names '{layer}', which is no layer with outputs "
                f"of its own. There are: {', '.join(known)}."
            )


def _candidates(
    chosen: QuantizationSettings, tensors: list[Activation]
) -> dict[str, tuple[Strategy, ...]]:
    by_name = {}
    for tensor in tensors:
        strategy = chosen.strategy_of(tensor.layer)
        by_name[tensor.name] = auto.CANDIDATES if strategy is None else (strategy,)
    return by_name


def _observe(
    model: bytes,
    tensors: list[Activation],
    chosen: QuantizationSettings,
    data: _Data,
    on_progress: Progress,
) -> Observations:
    total = data.count - (data.count // HELD_OUT_EVERY if data.split else 0)
    on_sample = _counter(on_progress, total)
    candidates = _candidates(chosen, tensors)
    return observe(model, data.observed(), candidates, on_sample, data.loud())


def _choose(
    model: bytes,
    seen: Observations,
    chosen: QuantizationSettings,
    data: _Data,
    on_progress: Progress,
) -> dict[str, Choice]:
    if chosen.observed is not None:
        return {
            name: Choice(strategy, chosen_range, "asked for")
            for name, by_strategy in seen.ranges.items()
            for strategy, chosen_range in by_strategy.items()
        }
    held_out = data.held_out()
    # a negative total says that trials are counted, not samples
    trials = auto.count_trials(seen.ranges)
    on_trial = _counter(on_progress, -trials)

    def trial(ranges: Mapping[str, Range]) -> auto.Outputs:
        on_trial()
        return list(outputs(application.apply(model, ranges, chosen), held_out))

    choices = auto.choose(seen.ranges, list(outputs(model, held_out)), trial)
    on_progress(trials, -trials)
    return choices


def _counter(on_progress: Progress, total: int) -> Callable[[], None]:
    done = 0

    def count() -> None:
        nonlocal done
        done += 1
        on_progress(min(done, abs(total)), total)

    return count
