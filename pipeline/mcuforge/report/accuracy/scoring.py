"""Scores that a device computes from its own bytes, in whole numbers, and the C that does it.

A threshold is worth something only for the very score that it was chosen on: so the samples are
scored here as that C scores them, to the last bit.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Protocol

import numpy as np

from mcuforge.emit import c_names, templates
from mcuforge.frontend.graph import Tensor
from mcuforge.report.accuracy.plain import Array
from mcuforge.samples.quantised import QUANTIZED

_MOST_BITS = 12  # of the multipliers that bring two scales together
_PROBABLE = 0.02  # what two probabilities may sum up to beside 1


@dataclass(frozen=True)
class Side:
    """How a tensor is quantised: real = scale * (q - zero_point), of a dtype such as int8."""

    dtype: str
    scale: float
    zero_point: int

    @property
    def reach(self) -> int:
        """The largest magnitude of q - zero_point."""
        ends = np.iinfo(self.dtype)
        return max(int(ends.max) - self.zero_point, self.zero_point - int(ends.min))


@dataclass(frozen=True)
class Constant:
    """A threshold to be written as constants of C. `suffix` sets its name apart from others.

    `found` and `false_alarms` are the shares that it gives on the golden samples.
    """

    suffix: str
    cut: int
    rule: str
    found: float
    false_alarms: float


class Score(Protocol):
    """A whole-numbered score, the higher the more positive."""

    @property
    def words(self) -> str:
        """What it is."""

    def real(self, score: int) -> float:
        """The score in the output's units, in the precision of float32."""

    def code(self, model: str, positive: str, constants: Sequence[Constant]) -> str:
        """C11 with the thresholds, and the function that compares with them."""


@dataclass(frozen=True)
class OutputScore:
    """The output of two classes: its only value, the second one, or the second less the first.

    `each`: the model gives one for each pixel or time step, not one alone.
    """

    output: Side
    form: str  # "only", "second" or "difference"
    each: bool = False

    @property
    def words(self) -> str:
        """What it is."""
        return {
            "only": "the model's output",
            "second": "the output of the second class",
            "difference": "the second output less the first",
        }[self.form]

    def of(self, outputs: Array) -> Array:
        """The scores int64 [N] of quantised outputs [N, 1 or 2]."""
        values = outputs.astype(np.int64)
        return values[:, -1] - values[:, 0] if self.form == "difference" else values[:, -1]

    def of_real(self, outputs: Array) -> Array:
        """The same of real outputs, float64 [N]."""
        values = outputs.astype(np.float64)
        return values[:, -1] - values[:, 0] if self.form == "difference" else values[:, -1]

    def real(self, score: int) -> float:
        """scale * (score - zero point); a difference has no zero point."""
        shift = 0 if self.form == "difference" else self.output.zero_point
        return float(np.float32(score - shift) * np.float32(self.output.scale))

    def code(self, model: str, positive: str, constants: Sequence[Constant]) -> str:
        """`<model>_is_positive(output)`, of the quantised output."""
        return _render(self, model, positive, constants, place=0 if self.form == "only" else 1)


@dataclass(frozen=True)
class ErrorScore:
    """The squared error between input and output, summed over `count` values.

    The sum is of (of_input (q_in - zero_in) - of_output (q_out - zero_out))^2. Both multipliers are
    1 where the scales are equal; else their ratio is that of the scales, to 12 bits or so.
    """

    count: int
    input: Side
    output: Side
    of_input: int
    of_output: int
    unit: float  # what 1 of the difference is worth

    @property
    def words(self) -> str:
        """What it is."""
        return "the mean squared error between the quantised input and the output"

    @property
    def largest(self) -> int:
        """The largest magnitude of a difference."""
        return self.of_input * self.input.reach + self.of_output * self.output.reach

    def of(self, inputs: Array, outputs: Array) -> Array:
        """The scores int64 [N] of quantised inputs and outputs, `count` values each."""
        differences = self.of_input * (_flat(inputs) - self.input.zero_point)
        differences -= self.of_output * (_flat(outputs) - self.output.zero_point)
        return np.asarray((differences * differences).sum(axis=1))

    def real(self, score: int) -> float:
        """The mean squared error that a score stands for."""
        return float(np.float32(score * self.unit * self.unit / self.count))

    def code(self, model: str, positive: str, constants: Sequence[Constant]) -> str:
        """`<model>_score(input, output)` and `<model>_is_positive(...)`."""
        total = self.count * self.largest**2
        return _render(
            self, model, positive, constants, sum_bits=32 if total < 2**32 else 64,
            square_bits=32 if self.largest**2 < 2**31 else 64,
        )  # fmt: skip


def of_output(tensor: Tensor, outputs: Array, *, each: bool = False) -> OutputScore | None:
    """The score of two classes' outputs, real values [N, 1 or 2]; None where not quantised.

    `each`: a sample has several.
    """
    side = _side(tensor)
    if side is None:
        return None
    return OutputScore(side, form(outputs), each)


def form(outputs: Array) -> str:
    """Which score real outputs [N, 1 or 2] of two classes need."""
    if outputs.shape[-1] == 1:
        return "only"
    probable = np.abs(outputs.sum(axis=-1) - 1).max() <= _PROBABLE and outputs.min() >= -_PROBABLE
    return "second" if probable else "difference"


def of_error(of_input: Tensor, of_output: Tensor) -> ErrorScore | None:
    """The score of a reconstruction; None where not both are quantised, or scales lie far apart."""
    input_, output = _side(of_input), _side(of_output)
    if input_ is None or output is None or of_input.elements != of_output.elements:
        return None
    count = of_input.elements
    if input_.scale == output.scale:
        made = [ErrorScore(count, input_, output, 1, 1, input_.scale)]
    else:
        made = [_scaled(count, input_, output, bits) for bits in range(_MOST_BITS, -1, -1)]
    fitting = [
        each
        for each in made
        if each.largest < 2**31
        and count * each.largest**2 < 2**63
        and min(each.of_input, each.of_output) > 0
    ]
    return fitting[0] if fitting else None


def _scaled(count: int, input_: Side, output: Side, bits: int) -> ErrorScore:
    unit = max(input_.scale, output.scale) / 2**bits
    multipliers = (round(input_.scale / unit), round(output.scale / unit))
    return ErrorScore(count, input_, output, *multipliers, unit)


def _side(tensor: Tensor) -> Side | None:
    q = tensor.quantization
    if q is None or tensor.dtype not in QUANTIZED:
        return None
    return Side(tensor.dtype.value, float(q.scale), int(q.zero_point))


def _flat(values: Array) -> Array:
    return values.reshape(len(values), -1).astype(np.int64)


def _render(
    score: Score, model: str, positive: str, constants: Sequence[Constant], **values: int
) -> str:
    name = c_names.identifier(model)
    text = templates.render(
        "report/threshold.h.j2",
        score=score,
        name=name,
        positive=positive,
        constants=[
            asdict(c)
            | {"name": f"{name.upper()}_THRESHOLD{c.suffix}", "real": f"{score.real(c.cut):.9g}"}
            for c in constants
        ],
        is_error=isinstance(score, ErrorScore),
        **values,
    )  # fmt: skip
    return text.decode()
