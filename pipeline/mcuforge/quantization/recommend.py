"""What to do about a quantised model's losses, in words.

Each rule looks at one kind of damage; the thresholds are constants here, and the sentences say what
was measured. Where nothing is wrong, that is said too.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from mcuforge.quantization.analysis import Damage, TensorDamage, WeightRanges
from mcuforge.quantization.comparison import Outcome
from mcuforge.quantization.damage import decibels
from mcuforge.quantization.settings import QuantizationSettings

CLIPPED = 0.001  # the share of clipped values from which on it is spoken of
WIDE = 4.0  # times what the held-out samples reach
UNEVEN = 16.0  # the largest channel's weights over the smallest's
SHARE = 0.05  # of all layers' errors at the output: below, a layer does not matter
COARSE_DB = 25.0  # of a tensor whose own rounding leaves less, 8 bits are too few
BETTER = 0.8  # a strategy is named where its error is below this much of the present one
FINE_DB = 40.0  # at the output: nothing needs to be done
_FIXED = ("LOGISTIC", "SOFTMAX", "TANH", "LOG_SOFTMAX", "L2_NORMALIZATION")  # ranges by the spec


def recommend(
    damage: Damage,
    chosen: QuantizationSettings,
    present: Outcome,
    outcomes: Sequence[Outcome],
) -> tuple[str, ...]:
    """Sentences, the most important first; `present` is the model as it was converted."""
    advice = [*_layers(damage, chosen), *_weights(damage, chosen)]
    fine = decibels(1.0, damage.output_noise) >= FINE_DB
    verdict = "nothing needs to be done" if fine and not advice else ""
    if not fine and not advice:
        verdict = "no single layer stands out"
    return (_summary(damage, verdict), *advice, *_overall(present, outcomes))


def _summary(damage: Damage, verdict: str) -> str:
    kept = decibels(1.0, damage.output_noise)
    text = f"The output's signal is {kept:.0f} dB above the noise of quantisation"
    return f"{text}: {verdict}." if verdict else f"{text}."


def _layers(damage: Damage, chosen: QuantizationSettings) -> Iterator[str]:
    total = sum(t.alone for t in damage.tensors)
    for tensor in damage.tensors:
        share = tensor.alone / total if total > 0 else 0.0
        if share >= SHARE and tensor.op not in _FIXED:
            yield from _range_advice(tensor, share, chosen)


def _range_advice(
    tensor: TensorDamage, share: float, chosen: QuantizationSettings
) -> Iterator[str]:
    part = f"causes {share:.0%} of the error that single layers bring to the output"
    width, needed = tensor.high - tensor.low, _needed(tensor)
    if tensor.clipped >= CLIPPED:
        yield (
            f"{tensor.layer} clips {tensor.clipped:.2g} of its values ({tensor.clipped:.1%}; range "
            f"{_ends(tensor)}, seen {_seen(tensor)}) and {part}: {_against_clipping(chosen)}."
        )
    elif width > WIDE * needed > 0:
        yield (
            f"{tensor.layer}'s range {_ends(tensor)} is {width / needed:.0f} times as wide as what "
            f"held-out samples reach ({_seen(tensor)}), and it {part}: look for outliers among the "
            "calibration samples, or use mse, percentile 99.9 or auto for this layer."
        )
    elif tensor.own_sqnr_db < COARSE_DB:
        yield (
            f"{tensor.layer} keeps only {tensor.own_sqnr_db:.0f} dB in 8 bits though its range "
            f"{_ends(tensor)} fits, and {part}: use 16x8, or train with smaller extremes there."
        )


def _needed(tensor: TensorDamage) -> float:
    """The width of what was seen, zero included, which every range holds."""
    return max(tensor.seen_high, 0.0) - min(tensor.seen_low, 0.0)


def _against_clipping(chosen: QuantizationSettings) -> str:
    strategy = chosen.strategy
    if strategy is not None and strategy.name == "min-max":
        return (
            "no calibration sample reached that far: give more typical ones, or use 16x8 for "
            "this layer"
        )
    return "use percentile 99.99 or min-max for this layer, or 16x8"


def _weights(damage: Damage, chosen: QuantizationSettings) -> Iterator[str]:
    if chosen.per_channel:
        return
    for layer in sorted(damage.weights, key=_spread, reverse=True):
        if layer.spread >= UNEVEN:
            yield (
                f"The weights of {layer.layer} have one scale for all channels, and the largest "
                f"channel has {layer.spread:.0f} times the magnitude of the smallest: use "
                "--weights per-channel, or --equalization."
            )


def _spread(layer: WeightRanges) -> float:
    return layer.spread


def _overall(present: Outcome, outcomes: Sequence[Outcome]) -> Iterator[str]:
    measured = [o for o in outcomes if o.noise is not None and "int16" not in o.settings]
    if not measured or present.noise is None:
        return
    best = min(measured, key=lambda o: o.noise if o.noise is not None else float("inf"))
    if best.noise is not None and best.noise < BETTER * present.noise:
        yield (
            f"Overall {best.settings} has the smallest error at the output: "
            f"{best.noise:.3g} instead of {present.noise:.3g} with {present.settings}"
            f"{_metrics(present, best)}."
        )


def _metrics(present: Outcome, best: Outcome) -> str:
    before = dict(present.metrics)
    texts = [f"{name} {value:.4g} instead of {before[name]:.4g}" for name, value in best.metrics]
    return f" ({', '.join(texts)})" if texts else ""


def _ends(tensor: TensorDamage) -> str:
    return f"{tensor.low:.4g} ... {tensor.high:.4g}"


def _seen(tensor: TensorDamage) -> str:
    return f"{tensor.seen_low:.4g} ... {tensor.seen_high:.4g}"
