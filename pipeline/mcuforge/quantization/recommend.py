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
WIDE = 2.0  # times what the held-out samples reach: a bit is lost
UNEVEN = 16.0  # the largest channel's weights over the smallest's
SHARE = 0.05  # of all layers' errors at the output: below, a layer does not matter
COARSE_DB = 25.0  # of a tensor whose own rounding leaves less, 8 bits are too few
BETTER = 0.8  # a strategy is named where its error is below this much of the present one
FINE_DB = 40.0  # at the output: nothing needs to be done
# their ranges are fixed by TFLite's specification, or those of their inputs
_FIXED = ("LOGISTIC", "SOFTMAX", "TANH", "LOG_SOFTMAX", "L2_NORMALIZATION")
_PASSED_ON = ("CONCATENATION", "MAX_POOL_2D", "PAD", "RESHAPE", "RESIZE_NEAREST_NEIGHBOR")


def recommend(
    damage: Damage,
    chosen: QuantizationSettings,
    present: Outcome,
    outcomes: Sequence[Outcome],
) -> tuple[str, ...]:
    """Sentences, the most important first; `present` is the model as it was converted."""
    advice = [*_layers(damage, chosen), *_weights(damage, chosen)]
    return (_summary(damage, bool(advice)), *advice, *_overall(present, outcomes))


def _summary(damage: Damage, advised: bool) -> str:
    kept = decibels(1.0, damage.output_noise)
    text = f"The output's signal is {kept:.0f} dB above the noise of quantisation"
    if advised or not damage.tensors:
        return f"{text}."
    if kept >= FINE_DB:
        return f"{text}: nothing needs to be done."
    worst = damage.tensors[0]
    total = sum(t.alone for t in damage.tensors)
    return (
        f"{text}. No layer clips or wastes its range; {worst.layer} brings most of what single "
        f"layers lose ({worst.alone / total if total else 0.0:.0%})."
    )


def _layers(damage: Damage, chosen: QuantizationSettings) -> Iterator[str]:
    total = sum(t.alone for t in damage.tensors)
    for tensor in damage.tensors:
        share = tensor.alone / total if total > 0 else 0.0
        if share >= SHARE and tensor.op not in (*_FIXED, *_PASSED_ON):
            yield from _range_advice(tensor, share, chosen, _joined_in(damage, tensor))


def _joined_in(damage: Damage, tensor: TensorDamage) -> TensorDamage | None:
    """The concatenation whose range the tensor was given as well."""
    for other in damage.tensors:
        alike = (other.scale, other.zero_point) == (tensor.scale, tensor.zero_point)
        if other.op == "CONCATENATION" and alike and other is not tensor:
            return other
    return None


def _range_advice(
    tensor: TensorDamage,
    share: float,
    chosen: QuantizationSettings,
    joined_in: TensorDamage | None,
) -> Iterator[str]:
    part = f"causes {share:.0%} of the error that single layers bring to the output"
    width, needed = tensor.high - tensor.low, _needed(tensor)
    if tensor.clipped >= CLIPPED:
        yield (
            f"{tensor.layer} clips {tensor.clipped:.1%} of its values (range {_ends(tensor)}, seen "
            f"{_seen(tensor)}) and {part}: {_against_clipping(chosen)}."
        )
    elif width > WIDE * needed > 0:
        yield (
            f"{tensor.layer}'s range {_ends(tensor)} is {width / needed:.2g} times as wide as what "
            f"held-out samples reach ({_seen(tensor)}), and it {part}: "
            f"{_against_waste(chosen, joined_in)}."
        )
    elif tensor.own_sqnr_db < COARSE_DB:
        yield (
            f"{tensor.layer} keeps only {tensor.own_sqnr_db:.0f} dB in 8 bits though its range "
            f"{_ends(tensor)} fits, and {part}: use 16x8, or train with smaller extremes there."
        )


def _needed(tensor: TensorDamage) -> float:
    """The width of what was seen, zero included, which every range holds."""
    return max(tensor.seen_high, 0.0) - min(tensor.seen_low, 0.0)


def _against_waste(chosen: QuantizationSettings, joined_in: TensorDamage | None) -> str:
    if joined_in is not None and chosen.by_converter:
        return (
            f"the converter gave it the range of {joined_in.layer}, where it is joined with "
            "others; with --calibration mse (or any other setting) it gets one of its own"
        )
    return (
        "look for outliers among the calibration samples, or use mse, percentile 99.9 or auto for "
        "this layer"
    )


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
