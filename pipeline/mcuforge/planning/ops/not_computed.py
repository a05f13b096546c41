"""Why operators that TensorFlow Lite Micro has are computed nowhere here, in words.

Those that only take shapes, or that a pass resolves, are never met by the planner.
"""

from __future__ import annotations

_FLOAT = "TFLM computes it in float32 alone"
_STARTS_ELSEWHERE = (
    "TFLM begins its sum at the value of byte 0 in place of 0, and sums beyond 15 elements leave "
    "an int32"
)

REASONS: dict[str, str] = {
    "ADD_N": _STARTS_ELSEWHERE,
    "CUMSUM": _STARTS_ELSEWHERE,
    "FLOOR_DIV": _FLOAT,
    "FLOOR_MOD": _FLOAT,
    "L2_POOL_2D": _FLOAT,
}
