"""The verdict: do the device, the same C on the host, and TFLM compute the same bytes?

TFLM's own kernels on the host are the oracle. The device and the host build of the generated C
must equal them on every byte of every output. LiteRT's resolvers are compared as well and reported
with their largest difference, but decide nothing: they differ from TFLM by design.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from mcuforge.oracle.litert import REFERENCE
from mcuforge.wording import notebook

Sample = Sequence[npt.NDArray[Any]]  # one array for each input or output of the model

ORACLE = "TFLM on the host"
A_FEW_STEPS = 3.0  # what rounding adds up to; beyond, TFLM computes something else than is meant


@dataclass(frozen=True)
class Comparison:
    """One engine's outputs against the oracle's. `decides`: a difference fails the verdict.

    `starts_at` names the first op whose output differs, where it was looked for. `problem` says why
    an engine that decides nothing could not run. `steps` is the largest difference in quantised
    steps of an output, where it was counted; `strays_at` names the first op that differs by more
    than a few. `against` is what it was compared with: the oracle, or of features their Python.
    """

    engine: str
    bytes_compared: int
    bytes_differing: int
    samples_differing: int
    max_difference: float
    decides: bool
    first_difference: str | None = None
    first_sample: int | None = None
    starts_at: str | None = None
    problem: str | None = None
    steps: float | None = None
    strays_at: str | None = None
    against: str = ORACLE


@dataclass(frozen=True)
class Verdict:
    """The outcome for one model on one board."""

    samples: int
    comparisons: tuple[Comparison, ...]
    divergence: str | None = None

    def _repr_html_(self) -> str:
        """What notebooks show."""
        rows = [
            (
                each.engine,
                f"{each.bytes_compared:,}",
                f"{each.bytes_differing:,}",
                f"{each.max_difference:g}",
                "yes" if each.decides else "no",
            )
            for each in self.comparisons
        ]
        headings = ("engine", "bytes compared", "differ", "largest difference", "decides")
        return notebook.table(
            f"{'Byte-exact' if self.exact else 'Not exact'}: every engine against {ORACLE}",
            rows,
            headings,
            note=self.divergence or "",
        )

    @property
    def exact(self) -> bool:
        """True where every engine that decides agrees with the oracle on every byte."""
        return all(c.bytes_differing == 0 for c in self.comparisons if c.decides)

    @property
    def steps_from_reference(self) -> float | None:
        """Largest difference of TFLM from LiteRT's reference kernels, in steps; None if unknown."""
        return next((c.steps for c in self.comparisons if c.engine == REFERENCE), None)


def compare(
    engine: str,
    expected: Sequence[Sample],
    actual: Sequence[Sample],
    *,
    decides: bool,
    names: Sequence[str] = (),
) -> Comparison:
    """Compare all outputs of all samples. Both hold one sequence of outputs for each sample.

    `names` are what the outputs are called.
    Raises `ValueError` where the numbers of samples or outputs, shapes or dtypes differ.
    """
    compared = differing = samples = 0
    largest = 0.0
    first: str | None = None
    first_sample: int | None = None
    for number, (want, got) in enumerate(zip(expected, actual, strict=True)):
        wrong_before = differing
        for output, (e, a) in enumerate(zip(want, got, strict=True)):
            if e.shape != a.shape or e.dtype != a.dtype:
                raise ValueError(f"{engine}: {a.dtype}{a.shape} instead of {e.dtype}{e.shape}")
            compared += e.nbytes
            wrong = _bytes_differing(e, a)
            differing += wrong
            if wrong:
                largest = max(largest, largest_difference(e, a))
                if first is None:
                    first_sample = number
                    called = f" '{names[output]}'" if names else ""
                    first = f"sample {number}, output {output}{called}, {first_difference(e, a)}"
        samples += differing > wrong_before
    return Comparison(engine, compared, differing, samples, largest, decides, first, first_sample)


def _bytes_differing(a: npt.NDArray[Any], b: npt.NDArray[Any]) -> int:
    left = np.frombuffer(np.ascontiguousarray(a).tobytes(), np.uint8)
    right = np.frombuffer(np.ascontiguousarray(b).tobytes(), np.uint8)
    return int(np.count_nonzero(left != right))


def largest_difference(a: npt.NDArray[Any], b: npt.NDArray[Any]) -> float:
    """Largest absolute difference: quantised steps for integers, real units for floats."""
    return float(np.max(np.abs(a.astype(np.float64) - b.astype(np.float64)), initial=0.0))


def first_difference(expected: npt.NDArray[Any], actual: npt.NDArray[Any]) -> str:
    """`index [0, 3, 1]: expected -7, got -6` for the first element that differs."""
    wrong = np.argwhere(expected != actual)
    if not len(wrong):  # equal values, different bytes: NaNs or signed zeros
        return "the values are equal but not their bytes"
    where = tuple(int(i) for i in wrong[0])
    return f"index {list(where)}: expected {expected[where]}, got {actual[where]}"
