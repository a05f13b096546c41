"""No name from a model may reach C unescaped."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcuforge.emit import c_names
from mcuforge.wording import escape


@given(st.text())
def test_identifiers_are_plain(name: str) -> None:
    assert re.fullmatch(r"[a-z][a-z0-9]*(_[a-z0-9]+)*", c_names.identifier(name))


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("conv2d_3", "conv2d_3"),
        ("functional_1/Conv 2D", "functional_1_conv_2d"),
        ("int", "m_int"),
        ("model", "model"),
        ("t0_input", "m_t0_input"),
        ("3x3", "m_3x3"),
        ("", "m"),
        ("__proto__", "proto"),
        ("naïve", "na_ve"),
        ("../../etc/passwd", "etc_passwd"),
    ],
)
def test_identifiers(name: str, expected: str) -> None:
    assert c_names.identifier(name) == expected


@given(st.text(alphabet=st.sampled_from("*/\\? ab\n\x00é")))
def test_comments_cannot_be_left(text: str) -> None:
    comment = escape.comment(text)
    assert "*/" not in comment and "/*" not in comment
    assert "\\" not in comment and "??" not in comment
    assert comment.isprintable() and comment.isascii()
    assert len(comment) >= len(text)
