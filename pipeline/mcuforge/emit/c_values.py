"""Python values as C constants."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt

_LINE = 96


def scalar(c_type: str, value: int | float) -> str:
    """A constant of that C type that compiles without a conversion warning."""
    if c_type == "float":
        return floating(float(value))
    if c_type == "int32_t" and value == -(2**31):
        return "INT32_MIN"  # the literal 2147483648 would not be an int
    return f"{value}u" if c_type.startswith("uint") else str(value)


def floating(value: float) -> str:
    """A float32 constant: the shortest decimal that reads back as the same value."""
    if not math.isfinite(value):
        raise ValueError("a model holds only finite constants")
    text = str(np.float32(value))
    return f"{text}f" if any(c in text for c in ".e") else f"{text}.0f"


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
