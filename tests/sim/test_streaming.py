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
from mcuforge.proof import divergence, reference
from mcuforge.proof.prove import measure
from mcuforge.report import RunReport
from mcuforge.samples import quantised

pytestmark = pytest.mark.sim

STEPS = 50


def run(folder: Path, board: str, steps: int | None = None) -> RunReport:
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
        steps=steps,
    )


def test_every_step_of_a_sequence_is_exact(tmp_path: Path) -> None:
    report = run(tmp_path, "mps2-an385")
    deciding = [c for c in report.verdict.comparisons if c.decides]
    assert [c.bytes_compared for c in deciding] == [3 * STEPS] * 2
    assert report.verdict.exact, report.verdict.divergence
    times = report.details["time"]  # of the first step, from the first state as in the proof
    assert not times.problem and abs(times.outside) < 0.1 * times.whole
    plan = planning.make_plan(tmp_path / "wake.tflite")
    assert plan.state_bytes == 32 + 18
    samples = quantised.random_samples(plan.graph, STEPS)
    model = (tmp_path / "wake.tflite").read_bytes()
    alone = [TFLM.run(model, [sample])[0] for sample in samples[1:3]]
    in_sequence = TFLM.run(model, samples[:3])[1:]
    assert any((a[0] != b[0]).any() for a, b in zip(alone, in_sequence, strict=True))
    check_sequences(plan, model, samples, tmp_path)
    check_a_trace_late_in_the_sequence(plan, model, samples, tmp_path)


def check_sequences(plan: Plan, model: bytes, samples: list[Sample], folder: Path) -> None:
    """Each begins with the first state: for the oracle, on the host, and where it is located."""
    found = reference.compute(plan.graph, model, samples[:8], lambda _done, _total: None, 3)
    expected = [o for i in (0, 3, 6) for o in TFLM.run(model, samples[i : min(i + 3, 8)])]
    assert all((a[0] == b[0]).all() for a, b in zip(found.expected, expected, strict=True))
    assert [c.bytes_compared for c in found.others] == [24] * 3
    (program,) = folder.glob("build/*/build/host/firmware")
    with Device.spawn([str(program)]) as device:
        measured = measure(device, "host", plan, samples[:8], lambda _s, _d, _t: None, steps=3)
    assert all((a[0] == b[0]).all() for a, b in zip(measured.outputs, expected, strict=True))
    assert plan.graph.before(samples, 7, 3) == samples[6:7]


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
