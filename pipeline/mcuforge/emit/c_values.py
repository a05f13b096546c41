"""Python values as C constants."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt

_LINE = 96
# Their digits without the sign would not fit their types.
_LOWEST = {"int32_t": (-(2**31), "INT32_MIN"), "int64_t": (-(2**63), "INT64_MIN")}


def scalar(c_type: str, value: int | float) -> str:
    """A constant of that C type that compiles without a conversion warning."""
    if c_type == "float":
        return floating(float(value))
    if c_type in _LOWEST and value == _LOWEST[c_type][0]:
        return _LOWEST[c_type][1]
    if c_type == "int64_t":
        return f"INT64_C({int(value)})"
    return f"{int(value)}u" if c_type.startswith("uint") else str(value)


def floating(value: float) -> str:
    """A float32 constant: the shortest decimal that reads back as the same value."""
    if not math.isfinite(value):
        raise ValueError("a model holds only finite constants")
    text = str(np.float32(value))
    return f"{text}f" if any(c in text for c in ".e") else f"{text}.0f"


def repeated_byte(values: npt.NDArray[Any]) -> int | None:
    """The byte, 0 to 255, that all bytes of an array are; None where they differ."""
    first: bytes = values.flat[0].tobytes()
    if len(set(first)) != 1 or not (any(values.strides) or np.ndim(values) == 0):
        return first[0] if len(set(first)) == 1 else None  # one element, seen everywhere
    content = np.frombuffer(np.ascontiguousarray(values).tobytes(), np.uint8)
    return first[0] if bool(np.all(content == first[0])) else None


def initializer(c_type: str, values: npt.NDArray[Any]) -> str:
    """The lines between the braces of an array initialiser, wrapped and indented."""
    lines: list[str] = []
    line = "   "
    for value in values.ravel().tolist():
        item = f" {scalar(c_type, value)},"
        if len(line) + len(item) > _LINE:
            lines.append(line)
            line = "   "
        line += item
    return "\n".join([*lines, line])
