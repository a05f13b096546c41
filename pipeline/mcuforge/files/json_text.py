"""Results as JSON that every parser takes. JSON has no NaN and no infinity: these become null."""

from __future__ import annotations

import json
import math
from typing import Any


def dumps(content: Any) -> str:
    """The JSON text of a result, with the line end of a file."""
    text = json.dumps(_finite(content), indent=2, allow_nan=False)
    return text.replace("\x7f", "\\u007f") + "\n"  # JSON leaves this one control character


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
