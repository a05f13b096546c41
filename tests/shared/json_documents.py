"""The JSON documents of commands, held against their schemas."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

import jsonschema

from mcuforge.cli import schema
from mcuforge.documents import schemas


@cache
def _validator(name: str) -> jsonschema.Draft202012Validator:
    content = json.loads(schema.text(name))
    jsonschema.Draft202012Validator.check_schema(content)
    return jsonschema.Draft202012Validator(content)


def checked(text: str) -> Any:
    """The content of a document. Fails unless it begins as ours do and its schema allows it."""
    content = json.loads(text, parse_constant=_refuse)
    assert list(content)[:2] == ["mcuforge", "schema"], text[:200]
    validator = _validator(_name(content["schema"]))
    problems = [f"{p.json_path}: {p.message[:300]}" for p in validator.iter_errors(content)]
    assert not problems, "\n".join(problems[:10])
    return content


def _refuse(constant: str) -> None:
    """JSON has no such number."""
    raise AssertionError(f"{constant} in a document")


def _name(version: str) -> str:
    """The command whose document has this schema."""
    (name,) = [name for name, (known, _) in schemas.TYPES.items() if known == version]
    return name
