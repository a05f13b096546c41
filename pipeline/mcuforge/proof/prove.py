"""Runs the generated C, on the host and on a device, and compares both with the oracle."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy.typing as npt

from mcuforge.device.client import Device
from mcuforge.device.replies import Hello, Stats
from mcuforge.errors import DeviceError
from mcuforge.frontend import border_names
from mcuforge.oracle.engine import computed, op_outputs
from mcuforge.oracle.tflm import TFLM
from mcuforge.planning.plan import Plan
from mcuforge.proof import divergence, parity
from mcuforge.proof.parity import Comparison, Sample, Verdict
from mcuforge.proof.reference import Reference
from mcuforge.tflite import folded_file

# Called with what is being done, how much of it is done, and how much there is.
OnStage = Callable[[str, int, int], None]

HOST = "generated C on this computer"


@dataclass(frozen=True, eq=False)
class Measurement:
    """One device's run of all samples. `ticks` holds a stopwatch reading for every run."""

    outputs: list[list[npt.NDArray[Any]]]
    ticks: tuple[int, ...]
    stats: Stats


@dataclass(frozen=True, eq=False)
class Proof:
    """The verdict, and what it rests on."""

    verdict: Verdict
    oracle: list[list[npt.NDArray[Any]]]
    device: Measurement


def measure(
    device: Device,
    label: str,
    plan: Plan,
    samples: Sequence[Sample],
    on_stage: OnStage,
    counting_runs: int = 1,
    steps: int | None = None,
) -> Measurement:
    """Run all samples on a device whose firmware is that of `plan`. Raises `DeviceError`.

    Each `steps` samples of a model with state are a sequence, from its reset on; None: all are one.
    Where there are fewer samples than `counting_runs`, the first one runs again for the ticks.
    """
    _require_tensors(plan, device.hello(plan.graph.model_hash))
    outputs, ticks = [], []
    on_stage(label, 0, len(samples))
    for number, sample in enumerate(samples):
        if steps and number and number % steps == 0:
            device.reset()
        result = device.run(sample)
        outputs.append(result.outputs)
        ticks.append(result.ticks)
        on_stage(label, number + 1, len(samples))
    for _ in range(len(ticks), counting_runs):
        device.reset()
        ticks.append(device.run(samples[0]).ticks)
    return Measurement(outputs, tuple(ticks), device.stats())


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
) -> Proof:
    """Compare the device and the host build with the oracle on every sample.

    The device runs at least `counting_runs` times, for its ticks. There is no host build (None)
    where the engine is TFLM itself: that is the oracle. `steps`: see `measure`.

    Raises `DeviceError` where a device does not answer.
    """
    expected = reference.expected
    compare = partial(parity.compare, decides=True, names=border_names.output_names(plan.graph))
    deciding = []
    if host is not None:
        on_host = measure(host, "host", plan, samples, on_stage, steps=steps)
        deciding.append(compare(HOST, expected, on_host.outputs))
    on_device = measure(device, "device", plan, samples, on_stage, counting_runs, steps)
    deciding.insert(0, compare(device_name, expected, on_device.outputs))
    comparisons = (*deciding, *reference.others)
    verdict = Verdict(len(samples), comparisons)
    if not verdict.exact:
        text = _locate(plan, tflite, samples, comparisons, host, device, device_name, steps)
        verdict = Verdict(len(samples), comparisons, text)
    return Proof(verdict, reference.expected, on_device)


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
    failed = next(c for c in comparisons if c.decides and c.bytes_differing)
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
