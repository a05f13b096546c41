"""The JSON schema of board files, for editors: what the reader asks for in all shipped boards.

It is not written down a second time. Where boards differ in what they may hold, such as the pins of
families of chips, the schema allows what any of them may.
"""

from __future__ import annotations

import re
import tomllib
from typing import Any

from mcuforge import boards
from mcuforge.boards import description
from mcuforge.files import paths
from mcuforge.files.toml_table import Problems, Table

_ITEM = re.compile(r"\[\d+\]")
_WIDEN = {"minimum": min, "maximum": max}


class _Recorder(Problems):
    """Notes for each table what its keys may hold, and how often each was required."""

    def __init__(self) -> None:
        super().__init__("")
        self.keys: dict[str, dict[str, dict[str, Any]]] = {}
        self.required: dict[tuple[str, str], int] = {}

    def asked(self, path: str, key: str, spec: dict[str, Any], required: bool) -> None:
        """See `Problems.asked`."""
        known = self.keys.setdefault(_ITEM.sub("[]", path), {})
        known[key] = _either(known.get(key, {}), spec)
        if required:
            place = (_ITEM.sub("[]", path), key)
            self.required[place] = self.required.get(place, 0) + 1


def schema() -> dict[str, Any]:
    """What a board file may hold, as a JSON schema."""
    recorder = _Recorder()
    seen: dict[str, int] = {}
    for name in boards.shipped():
        file = paths.data_dir("firmware") / "boards" / f"{name}.toml"
        content = tomllib.loads(file.read_text(encoding="utf-8"))
        description.read(Table(recorder, "", content))
        _count(content, "", seen)
    return _object(recorder, seen, "")


def _count(content: dict[str, Any], path: str, seen: dict[str, int]) -> None:
    """How often each table is there."""
    seen[path] = seen.get(path, 0) + 1
    for key, value in content.items():
        below = f"{path}.{key}" if path else key
        if isinstance(value, dict):
            _count(value, below, seen)
        for item in value if isinstance(value, list) else ():
            if isinstance(item, dict):
                _count(item, f"{below}[]", seen)


def _object(recorder: _Recorder, seen: dict[str, int], path: str) -> dict[str, Any]:
    properties: dict[str, Any] = {}
    for key, spec in recorder.keys.get(path, {}).items():
        below = f"{path}.{key}" if path else key
        if f"{below}[]" in recorder.keys:
            items = _object(recorder, seen, f"{below}[]")
            properties[key] = {**spec, "items": items, "minItems": 1}
        elif below in recorder.keys:
            properties[key] = _object(recorder, seen, below)
        else:
            properties[key] = spec
    always = [k for k in properties if recorder.required.get((path, k), 0) == seen.get(path)]
    return {
        "type": "object",
        "properties": properties,
        "required": always,
        "additionalProperties": False,
    }


def _either(first: dict[str, Any], second: dict[str, Any]) -> dict[str, Any]:
    """A schema that allows what one of the two does; an empty one knows nothing yet."""
    if not first or not second or first == second:
        return first or second
    if "enum" in first and "enum" in second:
        return {**first, "enum": list(dict.fromkeys([*first["enum"], *second["enum"]]))}
    if "pattern" in first and "pattern" in second:
        known, more = first["pattern"], second["pattern"]
        return first if more in known else {**first, "pattern": f"{known}|{more}"}
    return {k: _WIDEN[k](v, second[k]) if k in _WIDEN else v for k, v in first.items()}
