"""What a device's outputs reach of their range, and how far they are from the float model's."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mcuforge.frontend import border_names
from mcuforge.frontend.graph import Graph, Tensor
from mcuforge.report.accuracy import histogram
from mcuforge.report.accuracy.histogram import Histogram
from mcuforge.report.accuracy.plain import DEVICE, Array, number
from mcuforge.samples import quantised
from mcuforge.samples.quantised import QUANTIZED

_MOST_OUTPUTS = 8
_MOST_STEPS = 12  # to either side that have a bin of their own


@dataclass(frozen=True)
class Steps:
    """The device's output less the float model's, in steps of the output.

    `distribution` has a bin for each whole step. `within` is the share of at most one step.
    """

    distribution: Histogram | None
    mean: float
    largest: float
    within: float


@dataclass(frozen=True)
class Output:
    """One output over all samples.

    `lowest` and `highest` are the ends of what its type can say, in real values; `at_lowest` and
    `at_highest` the shares of values that lie there. These, and the scale, are None where it is
    not quantised. `seen_low` and `seen_high` are what was reached. `finite` is false where NaN or
    infinity was among the values.
    """

    name: str
    dtype: str
    shape: tuple[int, ...]
    scale: float | None
    zero_point: int | None
    lowest: float | None
    highest: float | None
    at_lowest: float | None
    at_highest: float | None
    seen_low: float | None
    seen_high: float | None
    distribution: Histogram | None
    steps: Steps | None = None
    finite: bool = True


def of(
    graph: Graph, outputs: Sequence[Sequence[Array]], floats: Sequence[Array] | None
) -> tuple[Output, ...]:
    """The first outputs of the graph; `outputs` holds each sample's, as the device gave them.

    `floats` are the float model's, [N, ...] each, None without.
    """
    names = border_names.output_names(graph)
    made = []
    for place, index in enumerate(graph.outputs[:_MOST_OUTPUTS]):
        values = np.stack([np.asarray(sample[place]) for sample in outputs])
        expected = floats[place] if floats is not None and place < len(floats) else None
        made.append(_output(names[place], graph.tensor(index), values, expected))
    return tuple(made)


def _output(name: str, tensor: Tensor, values: Array, floats: Array | None) -> Output:
    real = np.asarray(quantised.dequantize(values, tensor), np.float64)
    finite = real[np.isfinite(real)]
    q = tensor.quantization if tensor.dtype in QUANTIZED else None
    ends = np.iinfo(tensor.dtype.value) if q else None
    reached = None if ends is None else (values == ends.min, values == ends.max)
    return Output(
        name=name,
        dtype=tensor.dtype.value,
        shape=tuple(tensor.shape),
        scale=float(q.scale) if q else None,
        zero_point=int(q.zero_point) if q else None,
        lowest=number((ends.min - q.zero_point) * q.scale) if ends and q else None,
        highest=number((ends.max - q.zero_point) * q.scale) if ends and q else None,
        at_lowest=number(reached[0].mean()) if reached and values.size else None,
        at_highest=number(reached[1].mean()) if reached and values.size else None,
        seen_low=number(finite.min()) if finite.size else None,
        seen_high=number(finite.max()) if finite.size else None,
        distribution=histogram.of({DEVICE: finite}),
        steps=_steps(real, floats, float(q.scale)) if q and floats is not None else None,
        finite=finite.size == real.size,
    )


def _steps(real: Array, floats: Array, step: float) -> Steps | None:
    if real.size != floats.size or not np.isfinite(floats).all() or not step > 0 or not real.size:
        return None
    apart = (real.reshape(-1) - np.asarray(floats, np.float64).reshape(-1)) / step
    largest = float(np.abs(apart).max())
    reach = min(max(round(largest), 1), _MOST_STEPS)
    return Steps(
        histogram.of({DEVICE: apart}, -reach - 0.5, reach + 0.5, 2 * reach + 1),
        number(apart.mean()),
        number(largest),
        number((np.abs(apart) <= 1 + 1e-6).mean()),
    )
