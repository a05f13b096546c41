"""What a model may ask of the computer that plans it: arrays count wherever a struct holds them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pytest
from graphs import relu_chain

from mcuforge.errors import ModelError
from mcuforge.planning import effort
from mcuforge.planning.plan import ArrayI32, CStruct, KernelCall, KernelParams, PlannedOp


@dataclass(frozen=True, eq=False)
class Inner(CStruct):
    """A struct in a struct."""

    c_type: ClassVar[str] = "inner"
    bias: ArrayI32


@dataclass(frozen=True, eq=False)
class Outer(KernelParams):
    """Parameters with an array in a struct."""

    c_type: ClassVar[str] = "outer"
    inner: Inner


def planned(elements: int) -> PlannedOp:
    params = Outer(Inner(np.zeros(elements, np.int32)))
    return PlannedOp(0, (KernelCall("none", params, (0,), 1, "a test"),))


def test_arrays_in_structs_of_the_parameters_count() -> None:
    graph = relu_chain(1)
    assert len(effort.lowered(graph, [planned(1000)])) == 1
    with pytest.raises(ModelError, match="far more than the file holds"):
        effort.lowered(graph, [planned(effort.MAX_MORE_BYTES // 4 + 1000)])
