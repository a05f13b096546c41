"""Markdown of JSON schemas: the keys of a settings file, and the documents that `--json` prints."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

Schema = dict[str, Any]
_SETTINGS = ("recipe.schema.json", "board.schema.json")
_ERROR = "error.schema.json"  # the same in every document that a failed command prints
_LARGEST = 1 << 31  # limits above it are those of the format, not of the setting


def settings(path: Path) -> str:
    """A table for each table of a TOML file: its keys, what they hold, which must be there."""
    root = _read(path)
    parts = []
    for name, schema in _tables(root, root, ""):
        parts.append(f"### {f'`{name}`' if name else 'At the top'}\n\n{_described(schema)}")
        parts.append(_keys(root, schema))
    return "\n\n".join(parts)


def documents(folder: Path) -> str:
    """A part for each schema of a document, in the order of their names."""
    parts = []
    for path in sorted(folder.rglob("*.schema.json")):
        if path.name in _SETTINGS:
            continue
        root = _read(path)
        title = root.get("title", path.name.removesuffix(".schema.json"))
        link = f"../{path.relative_to(folder.parent).as_posix()}"
        parts.append(f"### {title}\n\n{_described(root)}\n\n[`{path.name}`]({link})")
        parts += [
            f"{f'In `{name}`:' if name else ''}\n\n{_keys(root, schema, missing=True)}".strip()
            for name, schema in _tables(root, root, "")
            if _properties(root, schema) and (name != "error" or path.name == _ERROR)
        ]
    return "\n\n".join(parts)


def _read(path: Path) -> Schema:
    schema: Schema = json.loads(path.read_text(encoding="utf-8"))
    return schema


def _resolved(root: Schema, schema: Schema) -> Schema:
    """The schema that a `$ref` names, with what stands beside it."""
    seen = 0
    while "$ref" in schema and seen < len(root.get("$defs", {})) + 1:
        target = root["$defs"][schema["$ref"].removeprefix("#/$defs/")]
        schema = {**target, **{k: v for k, v in schema.items() if k != "$ref"}}
        seen += 1
    return schema


def _properties(root: Schema, schema: Schema) -> dict[str, Schema]:
    found: dict[str, Schema] = _resolved(root, schema).get("properties", {})
    return found


def _tables(
    root: Schema, schema: Schema, name: str, above: tuple[str, ...] = ()
) -> Iterator[tuple[str, Schema]]:
    """Every object that has properties, by its path; `[]` marks the entries of a list."""
    schema = _resolved(root, schema)
    title = schema.get("title", name)
    if title in above:
        return  # a schema that holds itself
    if name == "" or schema.get("properties"):
        yield name, schema
    for key, inner in _properties(root, schema).items():
        inner = _resolved(root, inner)
        path = f"{name}.{key}" if name else key
        for suffix, part in _inside(root, inner):
            yield from _tables(root, part, path + suffix, (*above, title))


def _inside(root: Schema, schema: Schema) -> Iterator[tuple[str, Schema]]:
    """The objects in a value: itself, or the entries of a list or of a map."""
    if schema.get("properties"):
        yield "", schema
    if schema.get("type") == "array" and isinstance(schema.get("items"), dict):
        for suffix, part in _inside(root, _resolved(root, schema["items"])):
            yield f"[]{suffix}", part
    if isinstance(schema.get("additionalProperties"), dict):
        for suffix, part in _inside(root, _resolved(root, schema["additionalProperties"])):
            yield f".NAME{suffix}", part
    for part in (*schema.get("anyOf", ()), *schema.get("oneOf", ())):
        yield from _inside(root, _resolved(root, part))


def _keys(root: Schema, schema: Schema, *, missing: bool = False) -> str:
    """Its keys; those that must be there are marked, or with `missing` those that need not."""
    required = schema.get("required", ())
    lines = ["| key | value | |", "|---|---|---|"]
    for key, value in _properties(root, schema).items():
        value = _resolved(root, value)
        note = "" if (key in required) == missing else "may be missing" if missing else "required"
        text = ". ".join(part for part in (_said(value), note) if part)
        lines.append(f"| `{key}` | {_value(root, value)} | {text} |")
    return "\n".join(lines)


def _described(schema: Schema) -> str:
    return _plain(schema.get("description", ""))


def _said(schema: Schema) -> str:
    return _plain(schema.get("description", "")).rstrip(".")


def _plain(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|").replace("<", "&lt;")


def _value(root: Schema, schema: Schema) -> str:
    """What a key may hold, in words."""
    schema = _resolved(root, schema)
    if "const" in schema:
        return f"`{json.dumps(schema['const'])}`"
    if "enum" in schema:
        return ", ".join(f"`{json.dumps(value)}`" for value in schema["enum"])
    for choice in ("anyOf", "oneOf"):
        if choice in schema:
            kinds = dict.fromkeys(_value(root, part) for part in schema[choice])
            return " or ".join(kinds)
    kind = schema.get("type", "anything")
    if isinstance(kind, list):
        return " or ".join(_value(root, {**schema, "type": one}) for one in kind)
    return _WORDS.get(kind, _simple)(root, schema)


def _simple(_root: Schema, schema: Schema) -> str:
    words = {"boolean": "true or false", "string": "text", "number": "number", "null": "nothing"}
    kind = str(schema.get("type", "anything"))
    return words.get(kind, kind)


def _integer(_root: Schema, schema: Schema) -> str:
    low, high = schema.get("minimum"), schema.get("maximum")
    if low is not None and high is not None and high < _LARGEST:
        return f"whole number, {low} to {high}"
    return "whole number" + (f" from {low}" if low is not None else "")


def _list(root: Schema, schema: Schema) -> str:
    items = schema.get("items")
    return f"list of {_value(root, items)}" if isinstance(items, dict) else "list"


def _object(root: Schema, schema: Schema) -> str:
    if schema.get("properties"):
        return "table"
    values = schema.get("additionalProperties")
    return f"table: {_value(root, values)} by name" if isinstance(values, dict) else "table"


_WORDS = {"integer": _integer, "array": _list, "object": _object}
