"""What each op takes: a trace that may be disturbed, and may fail, without failing the proof."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

import numpy as np
import pytest
from graphs import relu_chain

from mcuforge.device.client import Device
from mcuforge.device.replies import Digest
from mcuforge.errors import DeviceError
from mcuforge.frontend.graph import Graph, Op
from mcuforge.proof import op_ticks

SAMPLE = [np.zeros((1, 64), np.int8)]


class Tracing:
    """A device that answers each TRACE with the next of `readings`."""

    def __init__(self, *readings: Sequence[int]) -> None:
        self._readings = list(readings)

    def trace(self, inputs: Any) -> list[Digest]:
        assert inputs is SAMPLE
        if not self._readings:
            raise DeviceError("The device refused TRACE: its engine could not run the model.")
        return [Digest(n, 1, 0, ticks) for n, ticks in enumerate(self._readings.pop(0))]


def measured(
    device: Tracing, graph: Graph, ticks: Sequence[int], runs: int = 1
) -> op_ticks.OpTicks:
    return op_ticks.measure(cast(Device, device), graph, SAMPLE, ticks, runs)


def test_the_trace_stands_beside_the_run_of_the_same_sample() -> None:
    found = measured(Tracing([5, 7]), relu_chain(2), [12, 90])
    assert found == op_ticks.OpTicks((5, 7), 12)


def test_results_of_an_op_add_up() -> None:
    chain = relu_chain(2)
    split = Op(0, "SPLIT", 1, (0,), (1, 2))
    graph = Graph(chain.name, chain.tensors, (split,), chain.inputs, (1, 2), chain.model_hash)
    assert measured(Tracing([5, 1]), graph, [6]).ops == (6,)


def test_what_a_busy_computer_adds_is_left_out_op_by_op() -> None:
    found = measured(Tracing([5, 70], [50, 7], [6, 8]), relu_chain(2), [40, 13, 12], runs=3)
    assert found == op_ticks.OpTicks((5, 7), 12)


def test_a_model_without_ops_has_none() -> None:
    chain = relu_chain(0)
    assert measured(Tracing([]), chain, [3]) == op_ticks.OpTicks((), 3)


@pytest.mark.parametrize(
    ("device", "says"), [(Tracing(), "could not run the model"), (Tracing([1]), "2 outputs")]
)
def test_a_device_that_cannot_trace_is_no_failure(device: Tracing, says: str) -> None:
    found = measured(device, relu_chain(2), [12])
    assert (found.ops, found.whole) == ((), 12) and says in found.problem
