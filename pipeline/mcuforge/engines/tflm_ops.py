"""TFLite's operators as TFLM's MicroMutableOpResolver registers them."""

from __future__ import annotations

from collections.abc import Sequence

from mcuforge.errors import UnsupportedError
from mcuforge.frontend.graph import Op

# Every built-in operator that the resolver of August 2026 has a method for.
_KINDS = """
ABS ADD ADD_N ARG_MAX ARG_MIN ASSIGN_VARIABLE AVERAGE_POOL_2D BATCH_MATMUL BATCH_TO_SPACE_ND
BROADCAST_ARGS BROADCAST_TO CALL_ONCE CAST CEIL CONCATENATION CONV_2D COS CUMSUM
DEPTHWISE_CONV_2D DEPTH_TO_SPACE DEQUANTIZE DIV DYNAMIC_UPDATE_SLICE ELU EMBEDDING_LOOKUP EQUAL
EXP EXPAND_DIMS FILL FLOOR FLOOR_DIV FLOOR_MOD FULLY_CONNECTED GATHER GATHER_ND GREATER
GREATER_EQUAL HARD_SWISH IF L2_NORMALIZATION L2_POOL_2D LEAKY_RELU LESS LESS_EQUAL LOG
LOGICAL_AND LOGICAL_NOT LOGICAL_OR LOGISTIC LOG_SOFTMAX MAXIMUM MAX_POOL_2D MEAN MINIMUM
MIRROR_PAD MUL NEG NOT_EQUAL PACK PAD PADV2 PRELU QUANTIZE READ_VARIABLE REDUCE_ALL REDUCE_MAX
REDUCE_MIN RELU RELU6 RESHAPE RESIZE_BILINEAR RESIZE_NEAREST_NEIGHBOR REVERSE_V2 ROUND RSQRT
SELECT_V2 SHAPE SIN SLICE SOFTMAX SPACE_TO_BATCH_ND SPACE_TO_DEPTH SPLIT SPLIT_V SQRT SQUARE
SQUARED_DIFFERENCE SQUEEZE STRIDED_SLICE SUB SUM SVDF TANH TRANSPOSE TRANSPOSE_CONV
UNIDIRECTIONAL_SEQUENCE_LSTM UNPACK VAR_HANDLE WHILE ZEROS_LIKE
"""
KINDS = frozenset(_KINDS.split())
_IRREGULAR = {
    "BATCH_MATMUL": "AddBatchMatMul",
    "CUMSUM": "AddCumSum",
    "PADV2": "AddPadV2",
    "UNIDIRECTIONAL_SEQUENCE_LSTM": "AddUnidirectionalSequenceLSTM",
}


def method(kind: str) -> str:
    """The resolver's method that adds an operator: `CONV_2D` -> `AddConv2D`."""
    if kind in _IRREGULAR:
        return _IRREGULAR[kind]
    return "Add" + "".join(p if p[0].isdigit() else p.capitalize() for p in kind.split("_"))


def methods(ops: Sequence[Op]) -> tuple[str, ...]:
    """The methods that add exactly the operators that occur, each once, sorted.

    `ops` are those of the file: TFLM looks every one up, also those that nothing reads. Raises
    `UnsupportedError` where TFLM has no kernel for one.
    """
    for op in ops:
        if op.kind not in KINDS:
            raise UnsupportedError(
                f"{op.kind} (op {op.index}): TensorFlow Lite Micro has no such operator. "
                "Replace the layer, or take --engine aot where it supports it."
            )
    return tuple(sorted({method(op.kind) for op in ops}))
