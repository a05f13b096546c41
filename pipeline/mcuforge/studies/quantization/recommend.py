"""What to do about a quantised model's losses, in words.

Each rule looks at one kind of damage; the thresholds are constants here, and the sentences say what
was measured. Where nothing is wrong, that is said too.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence

from mcuforge.quantization.ranges import drowned
from mcuforge.quantization.ranges.range_checks import RangeChecks, SeenRange
from mcuforge.recipe.quantization import Bits, QuantizationSettings
from mcuforge.recipe.strategies import Strategy
from mcuforge.studies.quantization.analysis import Damage, TensorDamage, WeightRanges
from mcuforge.studies.quantization.comparison import Outcome
from mcuforge.studies.quantization.damage import decibels

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
    checks: RangeChecks | None = None,
    *,
    normal_only: bool = False,
) -> tuple[str, ...]:
    """Sentences, the most important first; `present` is the model as it was converted.

    `checks` tell what the calibration samples reached. `normal_only` says that the model detects
    anomalies, of which none was measured on.
    """
    known = _Known(checks or RangeChecks(), chosen, normal_only)
    advice = [*drowned.sentences(damage.tensors), *known.misjudged.values()]
    advice += [*_layers(damage, known), *_weights(damage)]
    return (_summary(damage, bool(advice)), *advice, *_overall(present, outcomes))


class _Known:
    """What is known beside the damage; by tensor, where it is of one."""

    def __init__(
        self, checks: RangeChecks, chosen: QuantizationSettings, normal_only: bool
    ) -> None:
        self.chosen, self.normal_only = chosen, normal_only
        self.misjudged = dict(checks.misjudged)
        self._seen = {t.tensor: t for t in checks.seen}

    def of_the_converter(self, tensor: TensorDamage) -> SeenRange | None:
        """What calibration saw of a tensor that the converter gave a far wider range."""
        seen = self._seen.get(tensor.tensor) if self.chosen.by_converter else None
        if seen is None or tensor.high - tensor.low <= WIDE * seen.needed:
            return None
        return seen


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


def _layers(damage: Damage, known: _Known) -> Iterator[str]:
    total = sum(t.alone for t in damage.tensors)
    for tensor in damage.tensors:
        share = tensor.alone / total if total > 0 else 0.0
        told = tensor.op in (*_FIXED, *_PASSED_ON) or tensor.tensor in known.misjudged
        if share >= SHARE and not told:
            yield from _range_advice(tensor, share, known, _shares_range(damage, tensor))


def _shares_range(damage: Damage, tensor: TensorDamage) -> TensorDamage | None:
    """The tensor of larger values whose range it was given as well: a concatenation, say."""
    alike = [
        other
        for other in damage.tensors
        if (other.scale, other.zero_point) == (tensor.scale, tensor.zero_point)
    ]
    larger = [other for other in alike if _needed(other) > _needed(tensor)]
    # where several share it, the op that asks for one range says more than its other inputs
    joined = [other for other in larger if other.op == "CONCATENATION"]
    return max(joined or larger, key=_needed, default=None)


def _range_advice(
    tensor: TensorDamage,
    share: float,
    known: _Known,
    shared_with: TensorDamage | None,
) -> Iterator[str]:
    part = f"causes {share:.0%} of the error that single layers bring to the output"
    chosen = known.chosen
    width, needed = tensor.high - tensor.low, _needed(tensor)
    if tensor.clipped >= CLIPPED:
        yield (
            f"{tensor.layer} clips {tensor.clipped:.1%} of its values (range {_ends(tensor)}, seen "
            f"{_seen(tensor)}) and {part}: {_against_clipping(tensor, known)}."
        )
    elif _is_wide(tensor, chosen):
        yield (
            f"{tensor.layer}'s range {_ends(tensor)} is {width / needed:.2g} times as wide as what "
            f"held-out samples reach ({_seen(tensor)}), and it {part}: "
            f"{_against_waste(tensor, known, shared_with)}."
        )
    elif tensor.own_sqnr_db < COARSE_DB:
        yield (
            f"{tensor.layer} keeps only {tensor.own_sqnr_db:.0f} dB though its range "
            f"{_ends(tensor)} fits, and {part}: train with smaller extremes there"
            f"{_more_bits(chosen)}."
        )


def _is_wide(tensor: TensorDamage, chosen: QuantizationSettings) -> bool:
    """True where a bit or more is lost, and that matters: 16 bits can spare some."""
    if chosen.bits is not Bits.INT8 and tensor.own_sqnr_db >= COARSE_DB:
        return False
    return tensor.high - tensor.low > WIDE * _needed(tensor) > 0


def _has_one_sign(tensor: TensorDamage) -> bool:
    """True where a symmetric range is twice as wide as needed because one half is never used."""
    largest = max(abs(tensor.seen_low), abs(tensor.seen_high))
    return tensor.high - tensor.low <= WIDE * 2 * largest


def _needed(tensor: TensorDamage) -> float:
    """The width of what was seen, zero included, which every range holds."""
    return max(tensor.seen_high, 0.0) - min(tensor.seen_low, 0.0)


def _against_waste(tensor: TensorDamage, known: _Known, shared_with: TensorDamage | None) -> str:
    chosen, saw = known.chosen, known.of_the_converter(tensor)
    if shared_with is not None and chosen.by_converter:
        return (
            f"the converter gave {shared_with.layer}, with which it is put together, the same "
            "range; with --calibration mse (or any other setting) it gets one of its own"
        )
    if saw is not None:
        return (
            f"that is the converter's choice, for the calibration samples reach {saw.seen_low:.4g} "
            f"... {saw.seen_high:.4g}: use --calibration min-max, mse or auto"
        )
    if chosen.symmetric and chosen.bits is Bits.INT8 and _has_one_sign(tensor):
        return "symmetric ranges keep a half for values that do not occur: --activations asymmetric"
    strategy = chosen.strategy_of(tensor.layer)
    possible = ["mse"] if chosen.bits is Bits.INT8 else []
    other = [s for s in (*possible, "percentile 99.9") if strategy is None or not _is(strategy, s)]
    return (
        "look for outliers among the calibration samples, or use "
        f"{' or '.join(other)} for this layer{'' if strategy is None else ', or auto for all'}"
    )


def _is(strategy: Strategy, text: str) -> bool:
    return strategy.name == text.partition(" ")[0]


def _against_clipping(tensor: TensorDamage, known: _Known) -> str:
    chosen = known.chosen
    strategy = chosen.strategy_of(tensor.layer)
    if strategy is not None and strategy.name == "min-max":
        wanted = "normal" if known.normal_only else "typical"
        more = f"give more {wanted} ones{_more_bits(chosen)}"
        return f"no calibration sample reached that far: {more}"
    high = strategy.parameters[1] if strategy is not None and _is(strategy, "percentile") else 0.0
    wider = "percentile 99.99 or min-max" if high < 99.99 else "min-max"
    return f"use {wider} for this layer{_more_bits(chosen)}"


def _more_bits(chosen: QuantizationSettings) -> str:
    if chosen.bits is not Bits.INT8:
        return ""
    return ", or compare 16x8 (--bits 16x8)"


def _weights(damage: Damage) -> Iterator[str]:
    for layer in sorted(damage.weights, key=_spread, reverse=True):
        if layer.spread >= UNEVEN and len(layer.scales) == 1 < len(layer.low):
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
            f"{_metrics(present, best)}{_options(best)}."
        )


def _options(best: Outcome) -> str:
    return f": mcuforge convert MODEL {shlex.join(best.options)}" if best.options else ""


def _metrics(present: Outcome, best: Outcome) -> str:
    before = dict(present.metrics)
    texts = [f"{name} {value:.4g} instead of {before[name]:.4g}" for name, value in best.metrics]
    return f" ({', '.join(texts)})" if texts else ""


def _ends(tensor: TensorDamage) -> str:
    return f"{tensor.low:.4g} ... {tensor.high:.4g}"


def _seen(tensor: TensorDamage) -> str:
    return f"{tensor.seen_low:.4g} ... {tensor.seen_high:.4g}"
