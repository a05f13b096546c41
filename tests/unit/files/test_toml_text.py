"""What is written as TOML is read as it was."""

from __future__ import annotations

import tomllib
from typing import Any

import pytest

from mcuforge.files import toml_text


@pytest.mark.parametrize(
    "content",
    [
        {},
        {"a": 1, "b": True, "c": -1.5, "d": 1e-4, "e": "text"},
        {"text": 'a "quote", a \\ and more', "names": ["x", "y"], "empty": []},
        {"t": {"u": {"v": [1, 2.5, False]}, "w": 1}, "plain": "first"},
        {"a name with spaces": {"ü": 1, "": 2}, "empty": {}},
        {"list": [{"a": 1}, {"b": "x"}]},
    ],
)
def test_round_trip(content: dict[str, Any]) -> None:
    assert tomllib.loads(toml_text.dumps(content)) == content


def test_a_comment_stays_one() -> None:
    text = toml_text.dumps({"a": 1}, "of trial 3\na = 2")
    assert tomllib.loads(text) == {"a": 1}
    assert text.startswith("# of trial 3")
