"""TensorFlow Lite Micro on the host: the oracle.

The `tflite-micro` package holds TFLM's real kernels. Its wheels exist for Linux on x86-64 only.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any

import numpy.typing as npt

from mcuforge.errors import ToolError
from mcuforge.oracle import child, stand_ins
from mcuforge.oracle.engine import Engine, Sample
from mcuforge.wording import extras


@dataclass(frozen=True)
class Tflm:
    """TFLM with its reference kernels."""

    name: str = "TFLM on the host"

    def run(self, model: bytes, inputs: Sequence[Sample]) -> list[list[npt.NDArray[Any]]]:
        """See `Engine.run`."""
        return self._ask(model, inputs).outputs

    def trace(
        self, model: bytes, inputs: Sequence[Sample], tensors: Sequence[int]
    ) -> list[dict[int, npt.NDArray[Any]]]:
        """See `Engine.trace`."""
        return self._ask(model, inputs, tensors).tensors

    def _ask(
        self, model: bytes, inputs: Sequence[Sample], tensors: Sequence[int] = ()
    ) -> child.Reply:
        require()
        return child.run(self.name, "tflm", stand_ins.applied(model), inputs, tensors)


TFLM: Engine = Tflm()


def available() -> bool:
    """True where the `tflite-micro` package is installed."""
    return find_spec("tflite_micro") is not None


def require() -> None:
    """Raise `ToolError` where the oracle is not installed."""
    if not available():
        raise ToolError(
            "The oracle is missing: the Python package `tflite-micro`, which holds the kernels "
            "that every result is checked against. It exists for Linux on x86-64 only; there, "
            f"`{extras.pip_package('tflite-micro')}` installs it. Elsewhere run "
            "mcuforge in a Linux x86-64 virtual machine or container."
        )


def allocation_log(model: bytes) -> str:
    """What TFLM prints about the arena of `model`. Raises `ModelError` or `ToolError`."""
    require()
    return child.allocation_log(Tflm.name, model)


def run_tflm(model: bytes, inputs: Sequence[Sample]) -> list[list[npt.NDArray[Any]]]:
    """Outputs of TFLM for every sample. Raises `ModelError` or `ToolError`."""
    return TFLM.run(model, inputs)
