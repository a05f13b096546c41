"""Why operators that TensorFlow Lite Micro has are computed nowhere here, in words.

Every kind that TFLM registers is in the registry of operators or in this table, which
`tests/unit/planning/ops/test_not_computed.py` holds. A reason continues "no kernel computes X:".
"""

from __future__ import annotations

_FLOAT = "TFLM computes it in float32 alone"
_SHAPES = "it is arithmetic on shapes, which is done before planning where its inputs are constant"
_SUBGRAPHS = "which part of the model runs depends on values, and the plan is one order of ops"
_SIGNAL = "it belongs to a front end for sound; compute its features in the application"

REASONS: dict[str, str] = {
    "BROADCAST_ARGS": f"{_SHAPES}, and these are not",
    "CALL_ONCE": "what prepares variables runs before planning, and this prepares something else",
    "FLOOR_DIV": _FLOAT,
    "FLOOR_MOD": _FLOAT,
    "IF": _SUBGRAPHS,
    "L2_POOL_2D": _FLOAT,
    "SHAPE": f"{_SHAPES}, and this shape is only known at run time",
    "VAR_HANDLE": "variables are resolved before planning, and nothing resolves this one",
    "WHILE": _SUBGRAPHS,
    "CUSTOM TFLM_DECODE": "weights that a tool of TFLM has compressed are not unpacked yet",
    "CUSTOM TFLite_Detection_PostProcess": "it sorts the boxes of a detector in float32",
    **dict.fromkeys(
        (
            "CUSTOM SignalDelay",
            "CUSTOM SignalEnergy",
            "CUSTOM SignalFftAutoScale",
            "CUSTOM SignalFilterBank",
            "CUSTOM SignalFilterBankLog",
            "CUSTOM SignalFilterBankSpectralSubtraction",
            "CUSTOM SignalFilterBankSquareRoot",
            "CUSTOM SignalFramer",
            "CUSTOM SignalIrfft",
            "CUSTOM SignalOverlapAdd",
            "CUSTOM SignalPCAN",
            "CUSTOM SignalRfft",
            "CUSTOM SignalStacker",
            "CUSTOM SignalWindow",
        ),
        _SIGNAL,
    ),
}
