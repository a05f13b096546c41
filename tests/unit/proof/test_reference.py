"""The oracle decides; an interpreter that differs or cannot run is only reported."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from single_op import Spec, build

from mcuforge.errors import ModelError
from mcuforge.frontend import tflite_reader
from mcuforge.oracle import tflm
from mcuforge.oracle.engine import Sample
from mcuforge.oracle.tflm import TFLM
from mcuforge.proof import reference

pytestmark = pytest.mark.skipif(not tflm.available(), reason="no tflite-micro on this platform")

MODEL = build("RELU", [Spec((1, 3))], [Spec((1, 3))])
GRAPH = tflite_reader.read_bytes(MODEL, "relu")
SAMPLES = [[np.array([[-1, 2, 3]], np.int8)], [np.array([[4, 5, 6]], np.int8)]]


@dataclass(frozen=True)
class Tampered:
    """TFLM with `step` added wherever it answers 6."""

    name: str
    step: int

    def run(self, model: bytes, inputs: Sequence[Sample]) -> list[list[npt.NDArray[Any]]]:
        if not self.step:
            raise ModelError("it has no kernel for RELU.")
        return [[self._tamper(o) for o in s] for s in TFLM.run(model, inputs)]

    def trace(
        self, model: bytes, inputs: Sequence[Sample], tensors: Sequence[int]
    ) -> list[dict[int, npt.NDArray[Any]]]:
        traced = TFLM.trace(model, inputs, tensors)
        return [{t: self._tamper(o) for t, o in s.items()} for s in traced]

    def _tamper(self, output: npt.NDArray[Any]) -> npt.NDArray[Any]:
        return np.where(output == 6, output + np.int8(self.step), output)


def test_the_op_where_a_difference_starts_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reference, "LITERT", (Tampered("x", 2),))
    calls: list[tuple[int, int]] = []
    found = reference.compute(GRAPH, MODEL, SAMPLES, lambda *done: calls.append(done))
    assert [s[0].tolist() for s in found.expected] == [[[0, 2, 3]], [[4, 5, 6]]]
    (other,) = found.others
    assert (other.bytes_differing, other.first_sample, other.max_difference) == (1, 1, 2.0)
    assert other.starts_at is not None and other.starts_at.startswith("RELU (op 0")
    assert not other.decides
    assert calls == [(0, 2), (1, 2), (2, 2)]


def test_an_interpreter_that_cannot_run_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reference, "LITERT", (Tampered("x", 0), TFLM))
    found = reference.compute(GRAPH, MODEL, SAMPLES, lambda *_: None)
    assert found.others[0].problem == "it has no kernel for RELU."
    assert found.others[0].bytes_compared == 0
    assert (found.others[1].bytes_compared, found.others[1].bytes_differing) == (6, 0)
