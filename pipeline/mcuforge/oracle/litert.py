"""LiteRT on the host, with each of its op resolvers: shown beside the oracle, never trusted.

The package is `ai-edge-litert`, or `tflite-runtime`, its predecessor (which needs numpy<2).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any

import numpy.typing as npt

from mcuforge.errors import ToolError
from mcuforge.oracle import child
from mcuforge.oracle.engine import Engine, Sample
from mcuforge.wording import extras

REFERENCE = "LiteRT, reference kernels"  # what the file means, as far as a step or two


@dataclass(frozen=True)
class LiteRt:
    """LiteRT; `resolver` is a member of its `OpResolverType`."""

    name: str
    resolver: str

    def run(self, model: bytes, inputs: Sequence[Sample]) -> list[list[npt.NDArray[Any]]]:
        """See `Engine.run`."""
        return self._ask(model, inputs).outputs

    def trace(
        self, model: bytes, inputs: Sequence[Sample], tensors: Sequence[int]
    ) -> list[dict[int, npt.NDArray[Any]]]:
        """See `Engine.trace`. XNNPACK is then applied op by op, with the same results."""
        return self._ask(model, inputs, tensors).tensors

    def _ask(
        self, model: bytes, inputs: Sequence[Sample], tensors: Sequence[int] = ()
    ) -> child.Reply:
        if not available():
            raise ToolError(
                f"{self.name} is missing: install the Python package `ai-edge-litert` "
                f"(`{extras.pip_package('ai-edge-litert')}`)."
            )
        return child.run(self.name, self.resolver, model, inputs, tensors)


LITERT: tuple[Engine, ...] = (
    LiteRt("LiteRT, XNNPACK (its default)", "AUTO"),
    LiteRt("LiteRT, built-in kernels", "BUILTIN_WITHOUT_DEFAULT_DELEGATES"),
    LiteRt(REFERENCE, "BUILTIN_REF"),
)


def available() -> bool:
    """True where ai-edge-litert or tflite-runtime is installed."""
    return any(find_spec(name) is not None for name in ("ai_edge_litert", "tflite_runtime"))
