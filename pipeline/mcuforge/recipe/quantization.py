"""What may be chosen about quantisation: by a recipe's `[quantization]` table or on the CLI.

[quantization]
calibration = "percentile"   # converter, min-max, moving-average, percentile, mse, kl, auto
percentile = [0.1, 99.9]     # or the upper one alone
bits = "8"                   # "16x8": int16 activations; "dynamic": int8 weights only
activations = "asymmetric"   # or "symmetric"
weights = "per-channel"      # or "per-tensor"
bias_correction = false
equalization = false

[quantization.layers]        # a strategy of its own for the outputs of a layer
conv2d_3 = "mse"
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from enum import Enum
from functools import partial
from typing import Annotated, Any, Literal

from msgspec import UNSET, Meta, UnsetType

from mcuforge.errors import UnsupportedError, UsageError
from mcuforge.files import typed_toml
from mcuforge.files.typed_toml import Problem, Table, Text
from mcuforge.recipe import strategies
from mcuforge.recipe.strategies import Strategy

AUTO = "auto"
CONVERTER = Strategy("converter")  # the TensorFlow Lite converter's own ranges; never observed
BITS = ("8", "16x8", "dynamic")
ACTIVATIONS = ("asymmetric", "symmetric")
WEIGHTS = ("per-channel", "per-tensor")
_TABLE = "quantization"
_Percentile = Annotated[
    int | float | Annotated[list[int | float], Meta(min_length=1, max_length=2)],
    Meta(description="must be HIGH or [LOW, HIGH]"),
]
_FOR_8_BITS = ("mse", "kl")
MIN_MAX = strategies.parse("min-max")


class Bits(Enum):
    """The width of activations. Weights are int8 always."""

    INT8 = "8"
    INT16 = "16x8"
    DYNAMIC = "dynamic"


_HOST_ONLY = {
    Bits.DYNAMIC: (
        "bits = 'dynamic' has no firmware: activations stay float and are quantised on the fly, "
        "which neither the kernels nor TensorFlow Lite Micro do."
    ),
}
_COMPARE = "Compare it on the host: mcuforge convert --bits ... --evaluate."


@dataclass(frozen=True)
class QuantizationSettings:
    """How a model is quantised. `strategy` None means auto: chosen for each tensor by measurement.

    `layers` pairs a layer's name with the strategy for its outputs, whatever `strategy` says.
    `CONVERTER`, the default, is nothing but itself: with any other setting ranges are observed, by
    min-max.
    """

    strategy: Strategy | None = CONVERTER
    layers: tuple[tuple[str, Strategy], ...] = ()
    bits: Bits = Bits.INT8
    symmetric: bool = False
    per_channel: bool = True
    bias_correction: bool = False
    equalization: bool = False

    def __post_init__(self) -> None:
        if self.bits is Bits.DYNAMIC and (self.observed != MIN_MAX or self.layers):
            raise UsageError(
                "bits = 'dynamic' quantises activations on the fly: no strategy applies to them. "
                "Leave calibration out, or choose bits = '8'."
            )
        for strategy in (self.strategy, *dict(self.layers).values()):
            if self.bits is Bits.INT16 and strategy and strategy.name in _FOR_8_BITS:
                raise UsageError(
                    f"the strategy '{strategy}' searches for the best 8 bits; with bits = '16x8' "
                    "choose min-max, moving-average, percentile or auto."
                )

    @property
    def by_converter(self) -> bool:
        """True where the TensorFlow Lite converter does it all: everything is the default."""
        return self == QuantizationSettings()

    @property
    def observed(self) -> Strategy | None:
        """What chooses the ranges where the converter does not; None means auto."""
        return MIN_MAX if self.strategy == CONVERTER else self.strategy

    def strategy_of(self, layer: str) -> Strategy | None:
        """The strategy for the outputs of a layer; None means auto."""
        return dict(self.layers).get(layer, self.observed)

    def check_runs_on_device(self, where: str) -> None:
        """Raise `UnsupportedError` where there is no firmware for these bits yet."""
        if self.bits in _HOST_ONLY:
            raise UnsupportedError(f"{where}: {_HOST_ONLY[self.bits]} {_COMPARE}")

    def __str__(self) -> str:
        if self.by_converter:
            return str(CONVERTER)
        words = ["dynamic range" if self.bits is Bits.DYNAMIC else str(self.observed or AUTO)]
        words += [f"{strategy} for {layer}" for layer, strategy in self.layers]
        words += ["int16 activations"] if self.bits is Bits.INT16 else []
        words += ["symmetric"] if self.symmetric else []
        words += [] if self.per_channel else ["weights per tensor"]
        words += ["bias correction"] if self.bias_correction else []
        words += ["equalization"] if self.equalization else []
        return ", ".join(words)

    def options(self, base: QuantizationSettings) -> tuple[str, ...]:
        """The command line's words that make these settings of a recipe's, `base`."""
        if self.by_converter:
            return "--calibration", str(CONVERTER)
        words = ["--calibration", str(self.observed or AUTO)]
        if self.layers != base.layers:
            words += [w for name, s in self.layers for w in ("--layer", f"{name}={s}")]
            words += [] if self.layers else ["--no-layers"]
        if self.bits is not base.bits:
            words += ["--bits", self.bits.value]
        if self.symmetric != base.symmetric:
            words += ["--activations", ACTIVATIONS[self.symmetric]]
        if self.per_channel != base.per_channel:
            words += ["--weights", WEIGHTS[not self.per_channel]]
        if self.bias_correction != base.bias_correction:
            words += ["--bias-correction" if self.bias_correction else "--no-bias-correction"]
        if self.equalization != base.equalization:
            words += ["--equalization" if self.equalization else "--no-equalization"]
        return tuple(words)

    def to_json(self) -> str:
        """For a child process."""
        return json.dumps(
            {
                "strategy": str(self.strategy or AUTO),
                "layers": {layer: str(strategy) for layer, strategy in self.layers},
                "bits": self.bits.value,
                "symmetric": self.symmetric,
                "per_channel": self.per_channel,
                "bias_correction": self.bias_correction,
                "equalization": self.equalization,
            }
        )


DEFAULT = QuantizationSettings()


class QuantizationTable(Table, frozen=True, forbid_unknown_fields=True):
    """The `[quantization]` table of a recipe; see docs/how-to/quantization.md."""

    calibration: Text | UnsetType = UNSET
    percentile: _Percentile | UnsetType = UNSET
    bits: Literal["8", "16x8", "dynamic"] | UnsetType = UNSET
    activations: Literal["asymmetric", "symmetric"] | UnsetType = UNSET
    weights: Literal["per-channel", "per-tensor"] | UnsetType = UNSET
    bias_correction: bool | UnsetType = UNSET
    equalization: bool | UnsetType = UNSET
    layers: dict[str, Text] | UnsetType = UNSET


def problems(content: Any) -> list[Problem]:
    """All that is wrong with a `[quantization]` table."""
    found = typed_toml.problems(content, QuantizationTable, _TABLE)
    if found:
        return found
    given = _words(typed_toml.convert(content, QuantizationTable))
    layers: dict[str, str] = given.pop("layers", {})
    for name, strategy in layers.items():
        found += _problem(f"{_TABLE}.layers.{name}", strategies.parse, strategy)
    found += _problem(_TABLE, partial(combine, **given), DEFAULT)
    return found or _problem(_TABLE, partial(combine, **given, layers=layers), DEFAULT)


def _problem(key: str, make: Callable[[Any], Any], argument: Any) -> list[Problem]:
    try:
        make(argument)
    except UsageError as error:
        return [Problem(key, error.message.rstrip("."))]
    return []


def from_table(file: str, content: Mapping[str, Any]) -> QuantizationSettings:
    """The `[quantization]` table of a recipe. Raises `UsageError` that names file and keys."""
    found = problems(content)
    if found:
        raise typed_toml.error(file, found)
    return combine(DEFAULT, **_words(typed_toml.convert(content, QuantizationTable)))


def _words(table: QuantizationTable) -> dict[str, Any]:
    """What is given, as `combine` takes it."""
    given = {name: getattr(table, name) for name in table.__struct_fields__}
    given = {name: value for name, value in given.items() if value is not UNSET}
    if "percentile" in given:
        values = given["percentile"]
        values = values if isinstance(values, list) else [values]
        given["percentile"] = ",".join(map(str, values))
    return given


def combine(
    base: QuantizationSettings,
    *,
    calibration: str | None = None,
    percentile: str | None = None,
    bits: str | None = None,
    activations: str | None = None,
    weights: str | None = None,
    bias_correction: bool | None = None,
    equalization: bool | None = None,
    layers: Mapping[str, str] | None = None,
) -> QuantizationSettings:
    """`base` with what is not None replaced, in the words of the recipe and the command line.

    `percentile` is `HIGH` or `LOW,HIGH`, and alone means `calibration = "percentile"`. The
    calibration `converter` takes back all that `base` says. Raises `UsageError` where a strategy is
    unknown, its parameters are out of range, or the converter is asked for more.
    """
    changes: dict[str, Any] = {
        "bits": None if bits is None else Bits(bits),
        "symmetric": None if activations is None else activations == "symmetric",
        "per_channel": None if weights is None else weights == "per-channel",
        "bias_correction": bias_correction,
        "equalization": equalization,
    }
    changes = {key: value for key, value in changes.items() if value is not None}
    if calibration is not None or percentile is not None:
        changes["strategy"] = _strategy(calibration, percentile)
    if layers is not None:
        changes["layers"] = tuple((name, _strategy_of_layer(name, s)) for name, s in layers.items())
    if changes.get("strategy") == CONVERTER:
        return _by_converter(QuantizationSettings(**changes))
    return replace(base, **changes)


def _by_converter(asked: QuantizationSettings) -> QuantizationSettings:
    if asked.by_converter:
        return asked
    raise UsageError(
        "calibration 'converter' leaves everything to the TensorFlow Lite converter, which has no "
        f"choice of its own: not of '{str(asked).partition(', ')[2] or asked}'. Leave calibration "
        "out, or choose min-max."
    )


def _strategy_of_layer(layer: str, text: str) -> Strategy:
    if text in (AUTO, str(CONVERTER)):
        raise UsageError(
            f"layer '{layer}': there is no calibration strategy '{text}' for a single layer. "
            f"Choose one of: {', '.join(strategies.NAMES)}."
        )
    return strategies.parse(text)


def _strategy(calibration: str | None, percentile: str | None) -> Strategy | None:
    if percentile is None:
        return parse_strategy(calibration or "")
    if calibration not in (None, "percentile"):
        raise UsageError(
            f"percentiles are for the strategy 'percentile', not for '{calibration}'. "
            "Leave one of the two out."
        )
    return strategies.parse(f"percentile {percentile.replace(',', ' ')}")


def from_json(text: str) -> QuantizationSettings:
    """What `to_json` wrote."""
    content: dict[str, Any] = json.loads(text)
    layers: Mapping[str, str] = content.pop("layers")
    return QuantizationSettings(
        strategy=parse_strategy(content.pop("strategy")),
        layers=tuple((layer, strategies.parse(name)) for layer, name in layers.items()),
        bits=Bits(content.pop("bits")),
        **content,
    )


def parse_strategy(text: str) -> Strategy | None:
    """A strategy as a person writes it; None for auto. Raises `UsageError`."""
    if text == str(CONVERTER):
        return CONVERTER
    return None if text == AUTO else strategies.parse(text)
