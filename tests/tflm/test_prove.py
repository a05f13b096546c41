"""The verdict where TFLM computes the model on the device: there is no host build beside it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from mcuforge import planning
from mcuforge.device.replies import Stats
from mcuforge.errors import DeviceError
from mcuforge.oracle import tflm as oracle
from mcuforge.oracle.engine import op_outputs
from mcuforge.oracle.tflm import TFLM
from mcuforge.proof import divergence, op_ticks, prove
from mcuforge.proof.op_ticks import OpTicks
from mcuforge.proof.prove import Measurement, Proof
from mcuforge.proof.reference import Reference
from mcuforge.samples import quantised

pytestmark = pytest.mark.skipif(not oracle.available(), reason="no tflite-micro on this platform")

MODEL = Path(__file__).parents[2] / "models" / "autoencoder" / "artifacts" / "model.tflite"
PLAN = planning.make_plan(MODEL, "autoencoder")
SAMPLE = quantised.random_samples(PLAN.graph, 1)[0]


def proof_of(monkeypatch: pytest.MonkeyPatch, flipped: int) -> Proof:
    """The proof for a device whose output has its last bits flipped in `flipped` places."""
    tflite = MODEL.read_bytes()
    expected = TFLM.run(tflite, [SAMPLE])
    wrong = expected[0][0].copy()
    wrong.ravel()[:flipped] ^= 1
    measured = Measurement([[wrong]], (1,), Stats(8192, 400, 1000, 900, 0))
    monkeypatch.setattr(prove, "measure", lambda *_: measured)
    monkeypatch.setattr(op_ticks, "measure", lambda *_: OpTicks((), 1))
    device = object()
    return prove.prove(
        PLAN, tflite, [SAMPLE], Reference(expected, ()), None, device, "device", lambda *_: None
    )


def test_only_the_device_decides(monkeypatch: pytest.MonkeyPatch) -> None:
    verdict = proof_of(monkeypatch, 0).verdict
    assert verdict.exact and [c.engine for c in verdict.comparisons] == ["device"]


def test_the_message_names_the_op_but_no_kernel_of_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    tensors = op_outputs(PLAN.graph)
    known = TFLM.trace(MODEL.read_bytes(), [SAMPLE], tensors)[0]
    outputs = [np.array(known[t]) for t in tensors]
    outputs[2].ravel()[5] ^= 1
    trace = divergence.trace_outputs("device", outputs)
    monkeypatch.setattr(divergence, "trace_device", lambda *_: trace)
    verdict = proof_of(monkeypatch, 3).verdict
    assert not verdict.exact and verdict.divergence is not None
    assert "part at op 2" in verdict.divergence and "1 of" in verdict.divergence
    assert "kernel" not in verdict.divergence


def test_a_library_that_cannot_be_traced_is_explained(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise DeviceError("The device refused TRACE: its engine could not run the model.")

    monkeypatch.setattr(divergence, "trace_device", refuse)
    verdict = proof_of(monkeypatch, 3).verdict
    assert verdict.divergence is not None
    for part in ("index [0, 0, 0, 0]", "refused TRACE", "BUILD_TYPE=release_with_logs"):
        assert part in verdict.divergence
