"""TOML as typed data: all problems of a file at once, and a JSON schema for editors.

What a file may hold is a `msgspec.Struct` for each table. msgspec checks and converts values, and
ends with the first that is wrong; so that a person sees all of them, the tables are walked here and
msgspec is asked value by value.
"""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, TypeVar, get_args, get_origin

import msgspec
from msgspec import Meta, Struct, UnsetType, inspect, structs

from mcuforge.errors import UsageError
from mcuforge.files import untrusted

T = TypeVar("T", bound=Struct)

# One line that can be shown: no control characters, not only spaces.
Text = Annotated[str, Meta(pattern=r"^[^\x00-\x1f\x7f-\x9f]*\S[^\x00-\x1f\x7f-\x9f]*$(?!\n)")]
_TEXT = "must be one line of text, in quotes"
_DIALECT = "https://json-schema.org/draft/2020-12/schema"


@dataclass(frozen=True)
class Problem:
    """What is wrong with the value at `key`, such as `train.epochs`."""

    key: str
    text: str


class Table(Struct, frozen=True, forbid_unknown_fields=True):
    """A table whose keys are its fields. `T | UnsetType = UNSET` is a key that may be missing."""


def parse(file: Path, missing: str = "no such file.") -> dict[str, Any]:
    """The content of a TOML file. Raises `UsageError`; `missing` is said where there is none."""
    try:
        return untrusted.read_toml(file)[1]
    except FileNotFoundError:
        raise UsageError(f"{file}: {missing}") from None
    except OSError as error:
        raise UsageError(f"{file}: cannot be read ({error.strerror}).") from None


def convert(content: Mapping[str, Any], kind: type[T]) -> T:
    """The typed content, known to have no `problems`."""
    return msgspec.convert(content, kind)


def error(file: str | Path, found: Sequence[Problem]) -> UsageError:
    """One error about all problems of a file."""
    lines = [f"{p.key}: {p.text}." for p in found]
    whole = [f"{file}: {line}" for line in lines]
    if len(lines) == 1:
        return UsageError(whole[0])
    listed = "\n".join(f"  {line}" for line in lines)
    return UsageError(f"{file}: {len(lines)} problems:\n{listed}", problems=whole)


def problems(content: Any, kind: Any, key: str = "") -> list[Problem]:
    """All that keeps `content` from being a `kind`, in the order of its fields; empty if nothing.

    `kind` is a `Table`, or what msgspec converts to.
    """
    return list(_problems(content, _given(kind), key))


def schema(kind: type[Struct]) -> dict[str, Any]:
    """The JSON schema of a kind of file."""
    return msgspec.json.schema(kind)


def schema_text(content: Mapping[str, Any], title: str) -> str:
    """A JSON schema (2020-12) as a file of its own."""
    return json.dumps({"$schema": _DIALECT, "title": title, **content}, indent=2) + "\n"


def _problems(value: Any, kind: Any, key: str) -> Iterator[Problem]:
    if isinstance(kind, type) and issubclass(kind, Struct):
        yield from _of_table(value, kind, key)
    elif get_origin(kind) is dict:
        yield from _of_names(value, get_args(kind)[1], key)
    elif get_origin(kind) is list and _is_struct(get_args(kind)[0]):
        yield from _of_tables(value, get_args(kind)[0], key)
    else:
        text = _of_value(value, kind)
        if text:
            yield Problem(key, text)


def _is_struct(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, Struct)


def _of_table(value: Any, kind: type[Struct], key: str) -> Iterator[Problem]:
    if not isinstance(value, dict):
        yield Problem(key, f"must be a table, written as [{key}]")
        return
    fields = {field.encode_name: field for field in structs.fields(kind)}
    for name in value:
        if name not in fields:
            yield Problem(_below(key, name), _unknown(name, fields, value))
    for name, field in fields.items():
        kind_of_field = _given(field.type)
        if name in value:
            yield from _problems(value[name], kind_of_field, _below(key, name))
        elif field.required:
            wanted = "" if _is_struct(kind_of_field) else _wanted(kind_of_field)
            yield Problem(_below(key, name), f"is missing{f'; it {wanted}' if wanted else ''}")


def _unknown(name: str, fields: Iterable[str], given: Mapping[str, Any]) -> str:
    free = [field for field in fields if field not in given]
    near = difflib.get_close_matches(name, free, 1)
    hint = f" (did you mean '{near[0]}'?)" if near else ""
    return f"unknown key{hint}; allowed here: {_listed(fields)}"


def _of_names(value: Any, kind: Any, key: str) -> Iterator[Problem]:
    """A table whose keys are names of the user's: they are shown, so they are printable."""
    if not isinstance(value, dict):
        yield Problem(key, f"must be a table, written as [{key}]")
        return
    for name, item in value.items():
        if not name.strip() or not name.isprintable():
            yield Problem(_below(key, repr(name)), "must be one line of text")
        else:
            yield from _problems(item, kind, _below(key, name))


def _of_tables(value: Any, kind: type[Struct], key: str) -> Iterator[Problem]:
    if not isinstance(value, list) or not value or not all(isinstance(v, dict) for v in value):
        yield Problem(key, f"must be at least one table, each written as [[{key}]]")
        return
    for number, item in enumerate(value):
        yield from _of_table(item, kind, f"{key}[{number}]")


def _of_value(value: Any, kind: Any) -> str | None:
    try:
        msgspec.convert(value, kind)
    except msgspec.ValidationError:
        return f"is {_shown(value)}; it {_wanted(kind)}"
    texts = value if isinstance(value, list) else [value]
    if any(isinstance(text, str) and not text.isprintable() for text in texts):
        return f"is {_shown(value)}; it {_TEXT}"
    return None


def _wanted(kind: Any) -> str:
    """What a value must be, in words; those of the type's `description` come first."""
    told = _description(kind)
    if told:
        return told
    found = inspect.type_info(kind)
    match found:
        case inspect.LiteralType(values=values):
            return f"must be one of: {_listed(values)}"
        case inspect.EnumType(cls=cls):
            return f"must be one of: {_listed(member.value for member in cls)}"
        case inspect.IntType(ge=low, le=high) if low is not None and high is not None:
            return f"must be a whole number in {low} ... {high}"
        case inspect.IntType(ge=low) if low is not None:
            return f"must be a whole number, at least {low}"
        case inspect.IntType():
            return "must be a whole number"
        case inspect.FloatType(ge=low, le=high) if low is not None and high is not None:
            return f"must be a number in {low:g} ... {high:g}"
        case inspect.FloatType(gt=low, le=high) if low is not None and high is not None:
            return f"must be a number above {low:g}, at most {high:g}"
        case inspect.FloatType(ge=low) if low is not None:
            return f"must be a number, at least {low:g}"
        case inspect.FloatType():
            return "must be a number"
        case inspect.BoolType():
            return "must be true or false"
        case inspect.StrType():
            return _TEXT
    return "has the wrong type"


def _description(kind: Any) -> str | None:
    """Of `Annotated[..., Meta(description="must be ...")]`."""
    metas = [m for m in get_args(kind)[1:] if isinstance(m, Meta)] if _is_annotated(kind) else []
    return next((m.description for m in metas if m.description), None)


def _is_annotated(kind: Any) -> bool:
    return get_origin(kind) is Annotated


def _given(kind: Any) -> Any:
    """The type of a value that is there: without the `UnsetType` of one that may be missing."""
    rest = [a for a in get_args(kind) if a is not UnsetType] if UnsetType in get_args(kind) else []
    if not rest:
        return kind
    first, *others = rest
    for other in others:
        first = first | other
    return first


def _shown(value: Any) -> str:
    text = "true" if value is True else "false" if value is False else repr(value)
    return text if len(text) <= 80 else f"{text[:77]}..."


def _below(key: str, name: str) -> str:
    return f"{key}.{name}" if key else name


def _listed(values: Iterable[Any]) -> str:
    return ", ".join(f"'{value}'" for value in values)
