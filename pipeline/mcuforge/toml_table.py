"""A TOML table read key by key, with messages that name file, key and what is allowed."""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Any

from mcuforge.errors import UsageError


class Table:
    """Hands out values by type; `finish` refuses the keys that nobody asked for.

    Every method raises `UsageError` where a key is missing or holds something else.
    """

    def __init__(self, file: str, name: str, content: dict[str, Any]) -> None:
        self._file = file
        self._name = name
        self._content = content
        self._known: dict[str, None] = {}

    def error(self, key: str, message: str) -> UsageError:
        """The error about a key, to be raised."""
        return UsageError(f"{self._file}: '{self._path(key)}' {message}.")

    def _path(self, key: str) -> str:
        return f"{self._name}.{key}" if self._name else key

    def _get(self, key: str, kind: type, what: str) -> Any:
        self._known[key] = None
        if key not in self._content:
            raise self.error(key, f"is missing; it must be {what}")
        value = self._content[key]
        if type(value) is not kind:
            raise self.error(key, f"is {value!r}; it must be {what}")
        return value

    def text(self, key: str, pattern: re.Pattern[str] | None = None) -> str:
        """A string that is not empty and, where given, matches `pattern` as a whole."""
        value: str = self._get(key, str, "a text")
        if not value or (pattern and not pattern.fullmatch(value)):
            wanted = f"must match {pattern.pattern}" if pattern else "must not be empty"
            raise self.error(key, f"is {value!r}; it {wanted}")
        return value

    def has(self, key: str) -> bool:
        """Whether a key that may be missing is there."""
        self._known[key] = None
        return key in self._content

    def texts(self, key: str, pattern: re.Pattern[str]) -> tuple[str, ...]:
        """An array of strings, each of which matches `pattern` as a whole."""
        values: list[Any] = self._get(key, list, "an array of texts")
        for value in values:
            if not isinstance(value, str) or not pattern.fullmatch(value):
                raise self.error(key, f"holds {value!r}; each must match {pattern.pattern}")
        return tuple(values)

    def choice(self, key: str, allowed: Collection[str]) -> str:
        """A string out of `allowed`."""
        what = f"one of: {', '.join(allowed)}"
        value: str = self._get(key, str, what)
        if value not in allowed:
            raise self.error(key, f"is {value!r}; it must be {what}")
        return value

    def optional_choice(self, key: str, allowed: Collection[str], default: str) -> str:
        """A string out of `allowed`, or `default` where there is none."""
        self._known[key] = None
        return self.choice(key, allowed) if key in self._content else default

    def optional_integer(self, key: str, *, minimum: int, maximum: int, default: int) -> int:
        """An integer in [minimum, maximum], or `default` where there is none."""
        self._known[key] = None
        present = key in self._content
        return self.integer(key, minimum=minimum, maximum=maximum) if present else default

    def integer(self, key: str, *, minimum: int, maximum: int = 2**63) -> int:
        """An integer in [minimum, maximum]."""
        value: int = self._get(key, int, "an integer")
        if not minimum <= value <= maximum:
            raise self.error(key, f"is {value}; it must lie in [{minimum}, {maximum}]")
        return value

    def flag(self, key: str, allowed: Collection[bool] = (True, False)) -> bool:
        """A boolean out of `allowed`."""
        value: bool = self._get(key, bool, "true or false")
        if value not in allowed:
            raise self.error(key, f"must be {str(not value).lower()} here")
        return value

    def optional_flag(self, key: str, allowed: Collection[bool], *, default: bool) -> bool:
        """A boolean out of `allowed`, or `default` where there is none."""
        self._known[key] = None
        return self.flag(key, allowed) if key in self._content else default

    def table(self, key: str) -> Table:
        """A table inside this one."""
        content: dict[str, Any] = self._get(key, dict, "a table")
        return Table(self._file, self._path(key), content)

    def optional_table(self, key: str) -> Table | None:
        """A table inside this one, or None where there is none."""
        self._known[key] = None
        return self.table(key) if key in self._content else None

    def tables(self, key: str) -> list[Table]:
        """An array of at least one table."""
        items: list[Any] = self._get(key, list, "an array of tables")
        if not items or not all(isinstance(item, dict) for item in items):
            raise self.error(key, "must hold at least one table")
        return [Table(self._file, f"{self._path(key)}[{n}]", item) for n, item in enumerate(items)]

    def optional_tables(self, key: str) -> list[Table]:
        """An array of tables, or an empty list where there is none."""
        self._known[key] = None
        return self.tables(key) if key in self._content else []

    def finish(self) -> None:
        """Refuse keys that were not asked for."""
        for key in self._content:
            if key not in self._known:
                raise self.error(key, f"is unknown; known here: {', '.join(self._known)}")
