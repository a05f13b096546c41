"""What TensorFlow's converter says, in the words of Keras."""

from __future__ import annotations

import json
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mcuforge.wording import keras_words

_UNSUPPORTED_OP = re.compile(r"'(?:tf|tfl)\.(\w+)' op is neither a custom op nor a flex op")
_NOT_KNOWN = "Replace the layer by one that the int8 converter knows."


def explained(error: str, keras_file: Path) -> str:
    """The converter's error: ops once each, with the layer where it tells it.

    An op that is only a part of one of keras.ops is called by that, if `keras_file` holds one.
    """
    found = list(dict.fromkeys(_UNSUPPORTED_OP.findall(error)))
    if not found:
        first = " ".join(error.split())[:300]
        return f"the TensorFlow Lite converter refuses the model ({first}). {_NOT_KNOWN}"
    operations = list(_operations(keras_file))
    return "\n".join(_unsupported(op, error, operations) for op in found)


def _unsupported(op: str, error: str, operations: list[tuple[str, str]]) -> str:
    classes, kind = keras_words.OF_TENSORFLOW.get(op, ((), op.upper()))
    made_of = next((o for o in operations if o[0] in classes), None)
    if made_of is not None:
        name, place = f"keras.ops.{made_of[0].lower()}", f" (layer '{made_of[1]}')"
    else:
        location = re.search(rf'fused\["{op}:", "([^"@]+)', error)
        name, place = f"the op {op}", f" (layer '{location.group(1)}')" if location else ""
    return f"{name}{place} has no int8 version in TensorFlow Lite. {keras_words.advice(kind)}"


def _operations(keras_file: Path) -> Iterator[tuple[str, str]]:
    """Class and name of every layer and operation of a `.keras` file; none of another file."""
    try:
        with zipfile.ZipFile(keras_file) as archive:
            config = json.loads(archive.read("config.json"))
    except (OSError, KeyError, ValueError, zipfile.BadZipFile):
        return
    waiting: list[Any] = [config]
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict):
            yield str(value.get("class_name", "")), str(value.get("name", ""))
            waiting += value.values()
        elif isinstance(value, list):
            waiting += value
