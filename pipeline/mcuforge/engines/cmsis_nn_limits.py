"""What TensorFlow Lite Micro computes with its own kernels, and refuses with those of CMSIS-NN.

The oracle has the former, so that a model may be proven and still not start, or stop for ever in
TFLM's `AbortImpl`, where the library was built with OPTIMIZED_KERNEL_DIR=cmsis_nn. Source: the
checks of TFLM's kernels/cmsis_nn/fully_connected.cc and maximum_minimum.cc.
"""

from __future__ import annotations

from mcuforge.engines.tflm_library import TflmLibrary
from mcuforge.errors import UnsupportedError
from mcuforge.frontend.graph import DType, Graph, Op

_MOST_DIMENSIONS = 4


def check(graph: Graph, library: TflmLibrary | None) -> None:
    """Raise `UnsupportedError` where the kernels in `library` do not take an op."""
    if library is None or not library.cmsis_nn:
        return
    found = [f"{graph.describe(op)}: {why}" for op in graph.ops if (why := _reason(graph, op))]
    if found:
        raise UnsupportedError(
            f"TensorFlow Lite Micro with CMSIS-NN does not run '{graph.name}':\n"
            + "\n".join(found)
            + "\nUse --engine aot, or a library without OPTIMIZED_KERNEL_DIR=cmsis_nn.",
            problems=found,
        )


def _reason(graph: Graph, op: Op) -> str | None:
    if op.kind == "FULLY_CONNECTED":
        return _of_fully_connected(graph, op)
    if op.kind in ("MAXIMUM", "MINIMUM"):
        most = max(len(graph.tensor(i).shape) for i in (*op.inputs, *op.outputs))
        return f"it takes up to {_MOST_DIMENSIONS} dimensions." if most > _MOST_DIMENSIONS else None
    return None


def _of_fully_connected(graph: Graph, op: Op) -> str | None:
    source, weights = graph.input(op, 0), graph.input(op, 1)
    per_channel = weights.quantization is not None and weights.quantization.per_channel
    if per_channel and (source.dtype is DType.INT16 or weights.packed):
        kind = "int16" if source.dtype is DType.INT16 else "int4 weights"
        return f"with {kind} it takes weights of one scale, and these have one for each channel."
    if not 2 <= len(graph.tensor(op.outputs[0]).shape) <= _MOST_DIMENSIONS:
        return f"its output has 2 to {_MOST_DIMENSIONS} dimensions there."
    return None
