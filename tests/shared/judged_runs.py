"""What a run leaves of a network of one input and one output, made up: for what judges it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import numpy as np
import numpy.typing as npt

from mcuforge.frontend.graph import DType, Graph, Quantization, Tensor
from mcuforge.recipe import Metric
from mcuforge.samples import quantised

Array = npt.NDArray[Any]


@dataclass(frozen=True)
class Side:
    """The shape of one sample, and how it is quantised; not at all where the scale is None."""

    shape: tuple[int, ...]
    scale: float | None = 1 / 256
    zero_point: int = -128
    dtype: DType = DType.INT8

    def tensor(self, index: int, name: str) -> Tensor:
        """The tensor of the graph."""
        q = None
        if self.scale is not None:
            q = Quantization((float(np.float32(self.scale)),), (self.zero_point,), 0)
        return Tensor(index, name, (1, *self.shape), self.dtype, q)


@dataclass(frozen=True)
class Run:
    """One run: real inputs and outputs [N, ...]; `device` are quantised for its outputs."""

    metric: Metric
    into: Side
    out: Side
    inputs: Array
    device: Array
    golden: Mapping[str, Array] = field(default_factory=dict)
    floats: Array | None = None
    labels: tuple[str, ...] = ()
    name: str = "net"

    @property
    def graph(self) -> Graph:
        """The graph, without ops."""
        tensors = (self.into.tensor(0, "into"), self.out.tensor(1, "out"))
        return Graph(self.name, tensors, (), (0,), (1,), "ab" * 32)

    def facts(self, *, recipe: bool = True) -> Any:
        """As `RunFacts`, of which it has what accuracy looks at."""
        q = self.out.tensor(1, "out").quantization
        taken = [
            [s if q is None else quantised.quantize(s, q, self.out.dtype)]
            for s in self.device[:, np.newaxis].astype(np.float32)
        ]
        return SimpleNamespace(
            plan=SimpleNamespace(graph=self.graph),
            recipe=SimpleNamespace(metric=self.metric, labels=self.labels) if recipe else None,
            inputs=[self.inputs.astype(np.float32)] if recipe else None,
            golden=self.golden if recipe else None,
            floats=None if self.floats is None else [self.floats.astype(np.float32)],
            proof=SimpleNamespace(device=SimpleNamespace(outputs=taken)),
        )
