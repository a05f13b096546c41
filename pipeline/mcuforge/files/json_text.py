"""Results as JSON that every parser takes.

JSON has no NaN and no infinity: these become null. What is no Unicode, such as bytes of a file's
name that are no UTF-8, becomes `?`.
"""

from __future__ import annotations

import json
import math
from typing import Any


def dumps(content: Any) -> str:
    """The JSON text of a result, with the line end of a file."""
    text = json.dumps(_sound(content), indent=2, allow_nan=False)
    return text.replace("\x7f", "\\u007f") + "\n"  # JSON leaves this one control character


def _sound(value: Any) -> Any:
    if isinstance(value, dict):
        return {_sound(key): _sound(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_sound(item) for item in value]
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode("utf-8")
    return None if isinstance(value, float) and not math.isfinite(value) else value
