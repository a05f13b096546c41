"""The interface of an interpreter on the host."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from mcuforge.frontend.graph import Graph

Sample = Sequence[npt.NDArray[Any]]  # one array for each input or output of the model


class Engine(Protocol):
    """Something that runs a `.tflite` on the host. Raises `ModelError` or `ToolError`."""

    @property
    def name(self) -> str:
        """How reports call it."""
        ...

    def run(self, model: bytes, inputs: Sequence[Sample]) -> list[list[npt.NDArray[Any]]]:
        """Outputs of every sample. Samples run in order; variables carry over between them."""
        ...

    def trace(
        self, model: bytes, inputs: Sequence[Sample], tensors: Sequence[int]
    ) -> list[dict[int, npt.NDArray[Any]]]:
        """For every sample, the values of activations by tensor index of the `.tflite`.

        Only outputs of ops have values.
        """
        ...


def op_outputs(graph: Graph) -> tuple[int, ...]:
    """Tensor indices of every op's outputs, in execution order: what to trace.

    Of an op that writes a variable, which the file gives no tensor, it is what is written.
    """
    return tuple(
        graph.ops[position].inputs[0] if graph.ops[position].kind == "ASSIGN_VARIABLE" else tensor
        for position, tensor in graph.results()
    )


def computed(
    graph: Graph, tensors: Sequence[int], known: Mapping[int, npt.NDArray[Any]]
) -> list[npt.NDArray[Any]]:
    """The values of a file's tensors, of each the channels that `graph` computes."""
    found = []
    for index in tensors:
        channels = graph.tensor(index).channels
        found.append(known[index] if channels is None else known[index][..., list(channels)])
    return found


def difference(a: npt.NDArray[Any], b: npt.NDArray[Any]) -> tuple[int, float]:
    """Number of elements that differ, and the largest absolute difference.

    The difference is in quantised steps for integers and in real units for floats. NaN equals NaN.
    Raises `ValueError` where the shapes differ.
    """
    if a.shape != b.shape:
        raise ValueError(f"shapes {a.shape} and {b.shape} cannot be compared")
    wide = np.int64 if a.dtype.kind in "biu" and b.dtype.kind in "biu" else np.float64
    left, right = a.astype(wide), b.astype(wide)
    differs = (left != right) & ~((left != left) & (right != right))
    gaps = np.abs(left[differs] - right[differs])
    return int(np.count_nonzero(differs)), float(np.max(gaps, initial=0))
