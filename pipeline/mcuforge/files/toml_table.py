"""A TOML table read key by key, with messages that name file, key and what is allowed.

All problems of a file are collected, and told at once by `Problems.check`. Until then a value that
is wrong has a stand-in of the right type, so that reading goes on. Where other values depend on one
that is wrong, the table is stopped: nothing more is said about it.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Any

from mcuforge.errors import UsageError

_UNBOUNDED = 2**63
_JSON_TYPES = {str: "string", int: "integer", bool: "boolean", list: "array", dict: "object"}


class Problems:
    """What is wrong with a file, in the order in which it was found."""

    def __init__(self, file: str) -> None:
        self._file = file
        self._found: list[str] = []

    def add(self, text: str) -> None:
        """Note a problem: a sentence that names the key."""
        self._found.append(text)

    def asked(self, path: str, key: str, spec: dict[str, Any], required: bool) -> None:
        """Called for each key that is asked for, with what its value may be, as a JSON schema."""

    def check(self) -> None:
        """Raise a `UsageError` that names the file and all that was found."""
        whole = [f"{self._file}: {text}" for text in self._found]
        if len(whole) > 1:
            listed = "\n".join(f"  {text}" for text in self._found)
            raise UsageError(f"{self._file}: {len(whole)} problems:\n{listed}", problems=whole)
        if whole:
            raise UsageError(whole[0])


class Table:
    """Hands out values by type; `finish` refuses the keys that nobody asked for."""

    def __init__(self, problems: Problems, name: str, content: dict[str, Any]) -> None:
        self._problems = problems
        self._name = name
        self._content = content
        self._known: dict[str, None] = {}
        self._optional: set[str] = set()
        self.sound = True  # so far, its own values
        self.stopped = False

    def stop(self) -> None:
        """Say nothing more about this table: what it may hold depends on what is wrong."""
        self.stopped = True

    def complain(self, key: str, message: str) -> None:
        """Note that a value does not go with others, unless one of this table is wrong itself."""
        if self.sound:
            self._wrong(key, message)

    def _wrong(self, key: str, message: str) -> None:
        self._tell(key, message)
        self.sound = False

    def _tell(self, key: str, message: str) -> None:
        if not self.stopped:
            self._problems.add(f"'{self._path(key)}' {message}.")

    def _path(self, key: str) -> str:
        return f"{self._name}.{key}" if self._name else key

    def _below(self, key: str, content: dict[str, Any]) -> Table:
        table = Table(self._problems, self._path(key), content)
        table.stopped = self.stopped
        return table

    def _ask(self, key: str, spec: dict[str, Any], *, required: bool = False) -> None:
        self._problems.asked(self._name, key, spec, required and key not in self._optional)
        self._known[key] = None

    def _get(self, key: str, kind: type, what: str, **spec: Any) -> Any:
        """The value, or None where it is missing or of another type; `spec` says what it may be."""
        self._ask(key, {"type": _JSON_TYPES[kind], **spec}, required=True)
        if key not in self._content:
            self._wrong(key, f"is missing; it must be {what}")
            return None
        value = self._content[key]
        if type(value) is not kind:
            self._wrong(key, f"is {value!r}; it must be {what}")
            return None
        return value

    def text(
        self, key: str, pattern: re.Pattern[str] | None = None, what: str | None = None
    ) -> str:
        """A string that is not empty and, where given, matches `pattern` as a whole.

        `what` says in words what the pattern asks for: "must ...".
        """
        spec = {"pattern": f"^(?:{pattern.pattern})$"} if pattern else {"minLength": 1}
        value: str | None = self._get(key, str, "a text", **spec)
        if value is None:
            return ""
        if not value or (pattern and not pattern.fullmatch(value)):
            wanted = what or (f"must match {pattern.pattern}" if pattern else "must not be empty")
            self._wrong(key, f"is {value!r}; it {wanted}")
        return value

    def has(self, key: str) -> bool:
        """Whether a key that may be missing is there."""
        self._optional.add(key)
        self._ask(key, {})
        return key in self._content

    def texts(self, key: str, pattern: re.Pattern[str]) -> tuple[str, ...]:
        """An array of strings, each of which matches `pattern` as a whole."""
        each = {"type": "string", "pattern": f"^(?:{pattern.pattern})$"}
        values: list[Any] = self._get(key, list, "an array of texts", items=each) or []
        sound = [v for v in values if isinstance(v, str) and pattern.fullmatch(v)]
        for value in values:
            if value not in sound:
                self._wrong(key, f"holds {value!r}; each must match {pattern.pattern}")
        return tuple(sound)

    def choice(self, key: str, allowed: Collection[str], *, names: bool = False) -> str:
        """A string out of `allowed`; `names`: which are names that the file itself gives."""
        what = f"one of: {', '.join(allowed)}"
        spec = {} if names else {"enum": list(allowed)}
        value: str | None = self._get(key, str, what, **spec)
        if value is not None and value in allowed:
            return value
        if value is not None:
            self._wrong(key, f"is {value!r}; it must be {what}")
        return next(iter(allowed), "")

    def optional_name(self, key: str, allowed: Collection[str], default: str) -> str:
        """A string out of `allowed`, names that the file gives, or `default` without one."""
        present = self.has(key)
        self._ask(key, {"type": "string"})
        return self.choice(key, allowed, names=True) if present else default

    def optional_integer(self, key: str, *, minimum: int, maximum: int, default: int) -> int:
        """An integer in [minimum, maximum], or `default` where there is none."""
        present = self.has(key)
        self._ask(key, {"type": "integer", "minimum": minimum, "maximum": maximum})
        return self.integer(key, minimum=minimum, maximum=maximum) if present else default

    def integer(self, key: str, *, minimum: int, maximum: int = _UNBOUNDED) -> int:
        """An integer in [minimum, maximum]."""
        spec = {"minimum": minimum} | ({"maximum": maximum} if maximum < _UNBOUNDED else {})
        value: int | None = self._get(key, int, "an integer", **spec)
        if value is not None and minimum <= value <= maximum:
            return value
        if value is not None:
            self._wrong(key, f"is {value}; it must lie in [{minimum}, {maximum}]")
        return minimum

    def flag(self, key: str, allowed: Collection[bool] = (True, False)) -> bool:
        """A boolean out of `allowed`."""
        value: bool | None = self._get(key, bool, "true or false")
        if value is not None and value in allowed:
            return value
        if value is not None:
            self._wrong(key, f"must be {str(not value).lower()} here")
        return next(iter(allowed))

    def optional_flag(self, key: str, allowed: Collection[bool], *, default: bool) -> bool:
        """A boolean out of `allowed`, or `default` where there is none."""
        present = self.has(key)
        self._ask(key, {"type": "boolean"})
        return self.flag(key, allowed) if present else default

    def table(self, key: str) -> Table:
        """A table inside this one; one that is not there is empty, and stopped."""
        content: dict[str, Any] | None = self._get(key, dict, "a table")
        table = self._below(key, content or {})
        if content is None:
            table.stop()
        return table

    def optional_table(self, key: str) -> Table | None:
        """A table inside this one, or None where there is none."""
        return self.table(key) if self.has(key) else None

    def tables(self, key: str) -> list[Table]:
        """An array of at least one table; empty where it is none."""
        items: list[Any] | None = self._get(key, list, "an array of tables")
        if items is None:
            return []
        if not items or not all(isinstance(item, dict) for item in items):
            self._wrong(key, "must hold at least one table")
            return []
        return [self._below(f"{key}[{n}]", item) for n, item in enumerate(items)]

    def optional_tables(self, key: str) -> list[Table]:
        """An array of tables, or an empty list where there is none."""
        return self.tables(key) if self.has(key) else []

    def finish(self) -> None:
        """Refuse keys that were not asked for."""
        for key in self._content:
            if key not in self._known:
                self._tell(key, f"is unknown; known here: {', '.join(self._known)}")
