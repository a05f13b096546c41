"""TFLM far from LiteRT's reference kernels: warned of, and a failure where that was asked for."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from click.testing import CliRunner
from single_op import Spec, build

from mcuforge import report
from mcuforge.cli.gates import Demand
from mcuforge.cli.run import finish
from mcuforge.errors import GateError
from mcuforge.frontend import tflite_reader
from mcuforge.oracle import litert, tflm
from mcuforge.oracle.engine import Sample
from mcuforge.oracle.tflm import TFLM
from mcuforge.proof import parity, reference
from mcuforge.proof.parity import Comparison, Verdict
from mcuforge.recipe.gates import Gates
from mcuforge.report import run_page

needs_oracle = pytest.mark.skipif(not tflm.available(), reason="no tflite-micro on this platform")
ROW = np.arange(-60, 60, dtype=np.int8).reshape(1, 120)


@dataclass(frozen=True)
class Shifted:
    """TFLM with `offset` added to every output and every op's output."""

    name: str
    offset: float

    def run(self, model: bytes, inputs: Sequence[Sample]) -> list[list[npt.NDArray[Any]]]:
        return [[o + o.dtype.type(self.offset) for o in s] for s in TFLM.run(model, inputs)]

    def trace(
        self, model: bytes, inputs: Sequence[Sample], tensors: Sequence[int]
    ) -> list[dict[int, npt.NDArray[Any]]]:
        traced = TFLM.trace(model, inputs, tensors)
        return [{t: o + o.dtype.type(self.offset) for t, o in s.items()} for s in traced]


def compared(model: bytes, sample: npt.NDArray[Any]) -> Comparison:
    graph = tflite_reader.read_bytes(model, "case")
    return reference.compute(graph, model, [[sample]], lambda *_: None).others[-1]


def with_steps(steps: float | None, strays_at: str | None = None) -> report.RunReport:
    device = Comparison("device", 4, 0, 0, 0.0, decides=True)
    other = Comparison(
        parity.REFERENCE, 4, 4, 1, 9.0, decides=False, steps=steps, strays_at=strays_at
    )
    costs = report.Costs(1, 2, 3, 3, 3, 4, 5, None)
    verdict = Verdict(1, (device, other))
    return report.RunReport("net", "ab", "board", "aot", verdict, (), None, costs, ())


@needs_oracle
@pytest.mark.skipif(not litert.available(), reason="no LiteRT on this platform")
def test_a_model_that_the_two_compute_differently() -> None:
    clamp = build("RELU6", [Spec((1, 120), scale=0.1)], [Spec((1, 120), scale=0.05)])
    found = compared(clamp, ROW)
    assert found.engine == parity.REFERENCE
    assert found.steps == 59  # 59 steps of 0.1 are 118 of 0.05
    assert found.strays_at is not None and found.strays_at.startswith("RELU6 (op 0")


@needs_oracle
@pytest.mark.parametrize(("offset", "stray"), [(3, False), (4, True)])
def test_a_few_steps_are_rounding(
    monkeypatch: pytest.MonkeyPatch, offset: int, stray: bool
) -> None:
    monkeypatch.setattr(reference, "LITERT", (Shifted(parity.REFERENCE, offset),))
    found = compared(build("RELU", [Spec((1, 120))], [Spec((1, 120))]), ROW)
    assert (found.steps, found.strays_at is not None) == (offset, stray)


@needs_oracle
def test_steps_of_a_float_output_are_those_of_its_scale(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reference, "LITERT", (Shifted(parity.REFERENCE, 1.0),))
    model = build("DEQUANTIZE", [Spec((1, 120), scale=0.125)], [Spec((1, 120), "float32", None)])
    assert compared(model, ROW).steps == 8.0


def test_the_warning_says_what_and_where() -> None:
    (warning,) = report.all_warnings(with_steps(9.0, "RELU6 (op 3 of the file, layer 'clip')"))
    assert (
        "by up to 9 steps of the output, from RELU6 (op 3 of the file, layer 'clip') on" in warning
    )
    assert "--max-difference" in warning
    assert report.all_warnings(with_steps(3.0)) == []
    assert report.all_warnings(with_steps(None)) == []
    assert "up to 9 steps" in run_page.as_html([with_steps(9.0)])
    (stored,) = json.loads(report.as_json([with_steps(9.0)]))["reports"]
    assert stored["verdict"]["steps_from_reference"] == 9.0 and "up to 9" in stored["warnings"][0]


@pytest.mark.parametrize(
    ("steps", "allowed", "message"),
    [
        (9.0, None, None),
        (9.0, 9.0, None),
        (2.0, 1.5, r"kernels 2 steps, max-difference allows 1\.5 steps"),
        (None, 100.0, "max-difference cannot be judged: .* did not run"),
    ],
)
def test_a_failure_where_it_was_asked_for(
    tmp_path: Path, steps: float | None, allowed: float | None, message: str | None
) -> None:
    with CliRunner().isolation():
        if message is None:
            finish([with_steps(steps)], tmp_path, True, [Demand(Gates(max_difference=allowed))])
            return
        with pytest.raises(GateError, match=message) as raised:
            finish([with_steps(steps)], tmp_path, True, [Demand(Gates(max_difference=allowed))])
    assert raised.value.exit_code == 1
