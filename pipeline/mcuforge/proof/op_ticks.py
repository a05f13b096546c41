"""What each op takes, by the stopwatch of the device that was just proven: one trace more."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from mcuforge.device.client import Device
from mcuforge.device.replies import Digest
from mcuforge.errors import DeviceError
from mcuforge.frontend.graph import Graph
from mcuforge.proof.parity import Sample


@dataclass(frozen=True)
class OpTicks:
    """Ticks of every op in one traced inference, and of the same inference without a trace.

    `ops` is empty where the device cannot tell, and `problem` says why. A trace reads the stopwatch
    at each result: what lies between two readings is the op, its entry and a part of the reading.
    """

    ops: tuple[int, ...]
    whole: int
    problem: str = ""


def measure(
    device: Device, graph: Graph, sample: Sample, ticks: Sequence[int], counting_runs: int = 1
) -> OpTicks:
    """Trace the first sample, whose RUNs took `ticks`, the first of them as a sequence's first.

    Where a busy computer may add to a reading, that many traces give the least of each op. A device
    that cannot trace is no failure: the result says why.
    """
    whole = ticks[0] if counting_runs == 1 else min(ticks)
    try:
        traces = [device.trace(sample) for _ in range(counting_runs)]
    except DeviceError as error:
        return OpTicks((), whole, error.message)
    results = graph.results()
    if any(len(trace) != len(results) for trace in traces):
        return OpTicks((), whole, f"The device traces another number than {len(results)} outputs.")
    return OpTicks(_of_ops(len(graph.ops), [at for at, _ in results], traces), whole)


def _of_ops(
    count: int, position: Sequence[int], traces: Sequence[Sequence[Digest]]
) -> tuple[int, ...]:
    """The least ticks of each op: the sum of what its results took."""
    totals = [[0] * count for _ in traces]
    for total, trace in zip(totals, traces, strict=True):
        for at, digest in zip(position, trace, strict=True):
            total[at] += digest.ticks
    return tuple(map(min, zip(*totals, strict=True))) if count else ()
