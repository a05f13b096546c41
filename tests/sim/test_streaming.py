"""A streaming wake word, step by step: device = generated C on the host = TFLM, on every byte."""

from __future__ import annotations

from pathlib import Path
from zlib import crc32

import pytest
from stateful_models import wake_word

from mcuforge import boards, driver, planning
from mcuforge.device.client import Device
from mcuforge.oracle.engine import Sample, op_outputs
from mcuforge.oracle.tflm import TFLM
from mcuforge.planning.plan import Plan
from mcuforge.proof import divergence
from mcuforge.report import RunReport
from mcuforge.samples import quantised

pytestmark = pytest.mark.sim

STEPS = 50


def run(folder: Path, board: str) -> RunReport:
    model = folder / "wake.tflite"
    model.write_bytes(wake_word())
    return driver.run(
        model,
        boards.load(board),
        folder / "build",
        count=STEPS,
        inputs_file=None,
        port=None,
        on_stage=lambda _stage, _done, _total: None,
    )


def test_every_step_of_a_sequence_is_exact(tmp_path: Path) -> None:
    report = run(tmp_path, "mps2-an385")
    deciding = [c for c in report.verdict.comparisons if c.decides]
    assert [c.bytes_compared for c in deciding] == [3 * STEPS] * 2
    assert report.verdict.exact, report.verdict.divergence
    plan = planning.make_plan(tmp_path / "wake.tflite")
    assert plan.state_bytes == 32 + 18
    samples = quantised.random_samples(plan.graph, STEPS)
    model = (tmp_path / "wake.tflite").read_bytes()
    alone = [TFLM.run(model, [sample])[0] for sample in samples[1:3]]
    in_sequence = TFLM.run(model, samples[:3])[1:]
    assert any((a[0] != b[0]).any() for a, b in zip(alone, in_sequence, strict=True))
    check_a_trace_late_in_the_sequence(plan, model, samples, tmp_path)


def check_a_trace_late_in_the_sequence(
    plan: Plan, model: bytes, samples: list[Sample], folder: Path
) -> None:
    """Every op's output at a late step, what is kept included."""
    *before, last = samples[:20]
    known = TFLM.trace(model, samples[:20], op_outputs(plan.graph))[-1]
    expected = [crc32(known[t].tobytes()) for t in op_outputs(plan.graph)]
    (program,) = folder.glob("build/*/build/host/firmware")
    with Device.spawn([str(program)]) as device:
        trace = divergence.trace_device("host", device, last, before)
        assert list(trace.digests) == expected
        (kept, *_) = (n for n, op in enumerate(plan.graph.ops) if op.kind == "ASSIGN_VARIABLE")
        assert trace.fetch(kept) == known[op_outputs(plan.graph)[kept]].tobytes()
