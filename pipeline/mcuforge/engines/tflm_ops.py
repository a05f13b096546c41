"""TFLite's operators as TFLM's MicroMutableOpResolver registers them."""

from __future__ import annotations

from collections.abc import Sequence

from mcuforge.errors import UnsupportedError
from mcuforge.frontend.graph import DType, Graph, Op
from mcuforge.planning.ops.tflm_kinds import KINDS

_IRREGULAR = {
    "BATCH_MATMUL": "AddBatchMatMul",
    "CUMSUM": "AddCumSum",
    "PADV2": "AddPadV2",
    "UNIDIRECTIONAL_SEQUENCE_LSTM": "AddUnidirectionalSequenceLSTM",
}
# What it has methods for beside built-in ones, as far as we compute it.
_CUSTOM = {"CUSTOM CIRCULAR_BUFFER": "AddCircularBuffer"}
REGISTERED = KINDS | _CUSTOM.keys()
_FLOAT_ALONE = ("EXP", "LOG")  # what we compute in int8, as LiteRT does


def method(kind: str) -> str:
    """The resolver's method that adds an operator: `CONV_2D` -> `AddConv2D`."""
    known = (_IRREGULAR | _CUSTOM).get(kind)
    if known is not None:
        return known
    return "Add" + "".join(p if p[0].isdigit() else p.capitalize() for p in kind.split("_"))


def methods(ops: Sequence[Op]) -> tuple[str, ...]:
    """The methods that add exactly the operators that occur, each once, sorted.

    `ops` are those of the file: TFLM looks every one up, also those that nothing reads. Raises
    `UnsupportedError` where TFLM has no kernel for one.
    """
    for op in ops:
        if op.kind not in REGISTERED:
            raise UnsupportedError(
                f"{op.title}: TensorFlow Lite Micro has no such operator. "
                "Replace the layer, or take --engine aot where it supports it."
            )
    return tuple(sorted({method(op.kind) for op in ops}))


def check_types(graph: Graph) -> None:
    """Raise `UnsupportedError` where TFLM computes an op of `graph` in float32 alone."""
    for op in graph.ops:
        if op.kind not in _FLOAT_ALONE or not op.has_first_input:
            continue
        if graph.input(op, 0).dtype is not DType.FLOAT32:
            raise UnsupportedError(
                f"{graph.describe(op)}: TensorFlow Lite Micro computes it in float32 alone. "
                "Replace the layer, or take --engine aot."
            )
