"""Plain values as TOML: what recipes that mcuforge writes are made with."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from typing import Any

from mcuforge.wording import escape

_BARE = re.compile(r"[A-Za-z0-9_-]+", re.ASCII)


def dumps(content: Mapping[str, Any], comment: str = "") -> str:
    """A table of tables, texts, numbers, truth values and lists as the text of a TOML file.

    What is no table comes first, as TOML wants it; otherwise the order stays. `comment` is the
    first line, if there is any.
    """
    lines = [f"# {escape.comment(comment)}"] if comment else []
    return "\n".join([*lines, *_table(content, ())]).lstrip("\n") + "\n"


def _table(content: Mapping[str, Any], path: tuple[str, ...]) -> Iterator[str]:
    plain = {key: value for key, value in content.items() if not isinstance(value, Mapping)}
    if path and (plain or not content):
        yield ""
        yield f"[{'.'.join(map(_key, path))}]"
    for key, value in plain.items():
        yield f"{_key(key)} = {_value(value)}"
    for key, value in content.items():
        if isinstance(value, Mapping):
            yield from _table(value, (*path, key))


def _key(name: str) -> str:
    return name if _BARE.fullmatch(name) else str(escape.toml_string(name))


def _value(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        return repr(value) if math.isfinite(value) else "nan" if math.isnan(value) else (
            "inf" if value > 0 else "-inf"
        )  # fmt: skip
    if isinstance(value, str):
        return str(escape.toml_string(value))
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{_key(k)} = {_value(v)}" for k, v in value.items()) + " }"
    return "[" + ", ".join(map(_value, value)) + "]"
