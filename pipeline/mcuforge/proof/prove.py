"""Runs the generated C, on the host and on a device, and compares both with the oracle."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy.typing as npt

from mcuforge.device.client import Device, FeaturesResult, RunResult
from mcuforge.device.replies import Hello, Stats
from mcuforge.errors import DeviceError
from mcuforge.frontend import border_names
from mcuforge.oracle.engine import computed, op_outputs
from mcuforge.oracle.tflm import TFLM
from mcuforge.planning.plan import Plan
from mcuforge.proof import divergence, front_end, op_ticks, parity
from mcuforge.proof.front_end import RawSamples
from mcuforge.proof.op_ticks import OpTicks
from mcuforge.proof.parity import Comparison, Sample, Verdict
from mcuforge.proof.reference import Reference
from mcuforge.tflite import folded_file

# Called with what is being done, how much of it is done, and how much there is.
OnStage = Callable[[str, int, int], None]

HOST = "generated C on this computer"


@dataclass(frozen=True, eq=False)
class Measurement:
    """One device's run of all samples. `ticks` holds a stopwatch reading for every run.

    Of a model with features, `made` are the inputs that the device made of each raw sample, and
    `made_ticks` what they took.
    """

    outputs: list[list[npt.NDArray[Any]]]
    ticks: tuple[int, ...]
    stats: Stats
    made: list[npt.NDArray[Any]] = field(default_factory=list)
    made_ticks: tuple[int, ...] = ()


@dataclass(frozen=True, eq=False)
class Proof:
    """The verdict, what it rests on, and what each op took on the device.

    `raw` are the samples before the features, if any.
    """

    verdict: Verdict
    oracle: list[list[npt.NDArray[Any]]]
    device: Measurement
    ops: OpTicks
    raw: RawSamples | None = None


def measure(
    device: Device,
    label: str,
    plan: Plan,
    samples: Sequence[Sample],
    on_stage: OnStage,
    counting_runs: int = 1,
    steps: int | None = None,
    raw: RawSamples | None = None,
) -> Measurement:
    """Run all samples on a device whose firmware is that of `plan`. Raises `DeviceError`.

    With `raw` the device makes its inputs itself, and runs with them where they are right.

    Each `steps` samples of a model with state are a sequence, from its reset on; None: all are one.
    Where there are fewer samples than `counting_runs`, the first one runs again for the ticks.
    """
    _require_tensors(plan, device.hello(plan.graph.model_hash))
    outputs, ticks = [], []
    made: list[FeaturesResult] = []
    on_stage(label, 0, len(samples))
    for number, sample in enumerate(samples):
        if steps and number and number % steps == 0:
            device.reset()
        result = _run(device, number, sample, raw, made)
        outputs.append(result.outputs)
        ticks.append(result.ticks)
        on_stage(label, number + 1, len(samples))
    if raw is not None:
        made += [device.features(each) for each in raw.raw[len(made) :]]
    for _ in range(len(ticks), counting_runs):
        device.reset()
        ticks.append(device.run(samples[0]).ticks)
    return Measurement(
        outputs,
        tuple(ticks),
        device.stats(),
        [each.input for each in made],
        tuple(each.ticks for each in made),
    )


def _run(
    device: Device,
    number: int,
    sample: Sample,
    raw: RawSamples | None,
    made: list[FeaturesResult],
) -> RunResult:
    """One inference, of the features that the device makes itself where there are raw samples.

    Where they are wrong it is given the right ones: one fault is not to look like two.
    """
    if raw is None or number >= raw.count:
        return device.run(sample)
    made.append(device.features(raw.raw[number]))
    is_right = made[-1].input.tobytes() == sample[0].tobytes()
    return device.run_made() if is_right else device.run(sample)


def _require_tensors(plan: Plan, hello: Hello) -> None:
    """Raise where the device says the model's hash, but not its state, inputs and outputs."""
    graph = plan.graph
    if hello.state_bytes != plan.state_bytes:
        raise DeviceError(
            f"The device keeps {hello.state_bytes:,} B of state, and the plan of '{hello.model}' "
            f"{plan.state_bytes:,} B. Emit, build and flash the project again."
        )
    for named, tensors in ((graph.inputs, hello.inputs), (graph.outputs, hello.outputs)):
        expected = [(graph.tensor(t).dtype.value, tuple(graph.tensor(t).shape)) for t in named]
        if [(t.dtype, t.shape) for t in tensors] != expected:
            raise DeviceError(
                f"The device has other inputs or outputs than the model '{hello.model}' whose "
                "SHA-256 it sends. Emit, build and flash the project again."
            )


def prove(
    plan: Plan,
    tflite: bytes,
    samples: Sequence[Sample],
    reference: Reference,
    host: Device | None,
    device: Device,
    device_name: str,
    on_stage: OnStage,
    counting_runs: int = 1,
    steps: int | None = None,
    raw: RawSamples | None = None,
) -> Proof:
    """Compare the device and the host build with the oracle on every sample.

    The device runs at least `counting_runs` times, for its ticks. There is no host build (None)
    where the engine is TFLM itself: that is the oracle. `steps`, `raw`: see `measure`.

    Raises `DeviceError` where a device does not answer.
    """
    expected = reference.expected
    compare = partial(parity.compare, decides=True, names=border_names.output_names(plan.graph))
    deciding, features = [], []
    if host is not None:
        on_host = measure(host, "host", plan, samples, on_stage, steps=steps, raw=raw)
        deciding.append(compare(HOST, expected, on_host.outputs))
        features += [front_end.compare(HOST, raw, on_host.made)] if raw else []
    on_device = measure(device, "device", plan, samples, on_stage, counting_runs, steps, raw)
    deciding.insert(0, compare(device_name, expected, on_device.outputs))
    features[:0] = [front_end.compare(device_name, raw, on_device.made)] if raw else []
    comparisons = (*deciding, *features, *reference.others)
    verdict = Verdict(len(samples), comparisons, front_end.divergence(features))
    if any(c.bytes_differing for c in deciding):
        text = _locate(plan, tflite, samples, comparisons, host, device, device_name, steps)
        told = [verdict.divergence, text] if verdict.divergence else [text]
        verdict = Verdict(len(samples), comparisons, "\n".join(told))
    ops = op_ticks.measure(device, plan.graph, samples[0], on_device.ticks, counting_runs)
    return Proof(verdict, reference.expected, on_device, ops, raw)


def _locate(
    plan: Plan,
    tflite: bytes,
    samples: Sequence[Sample],
    comparisons: Sequence[Comparison],
    host: Device | None,
    device: Device,
    device_name: str,
    steps: int | None,
) -> str:
    """Where the first engine that failed leaves the oracle."""
    failed = next(
        c for c in comparisons if c.decides and c.bytes_differing and c.against == parity.ORACLE
    )
    culprit = device if host is None or failed.engine == device_name else host
    number = failed.first_sample or 0
    sample, before = samples[number], plan.graph.before(samples, number, steps)
    tensors = op_outputs(plan.graph)
    model = folded_file.fold(tflite, plan.graph).model
    known = TFLM.trace(model, [*before, sample], tensors)[-1]
    expected = divergence.trace_outputs(parity.ORACLE, computed(plan.graph, tensors, known))
    try:
        actual = divergence.trace_device(failed.engine, culprit, sample, before)
    except DeviceError as error:
        if host is not None:
            raise
        return (
            f"{failed.engine} differs from {parity.ORACLE} in {failed.first_difference}. Where it "
            f"starts cannot be found: {error.message} A TFLM built with BUILD_TYPE=release cannot "
            "be traced; BUILD_TYPE=release_with_logs can."
        )
    found = divergence.first(plan, expected, actual, ours=host is not None)
    return found or (
        f"{failed.engine} differs from {parity.ORACLE} in {failed.first_difference}, but not when "
        "it is traced: its result depends on timing or on memory that nobody wrote."
    )
