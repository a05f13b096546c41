"""Compiled templates that are kept: used while whole and of the same source, else made again."""

from __future__ import annotations

from pathlib import Path

import jinja2
import pytest

from mcuforge.files import template_cache, user_cache


@pytest.fixture
def compiled(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The sources that were compiled."""
    sources: list[str] = []
    compile_ = jinja2.Environment._compile

    def counted(self: jinja2.Environment, source: str, filename: str) -> object:
        sources.append(source)
        return compile_(self, source, filename)

    monkeypatch.setattr(jinja2.Environment, "_compile", counted)
    return sources


def rendered(folder: Path, owner: str = __file__) -> str:
    loader = jinja2.FileSystemLoader(folder)
    cache = template_cache.of(owner)
    return jinja2.Environment(loader=loader, bytecode_cache=cache).get_template("t").render(x=1)


def test_a_template_is_compiled_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, compiled: list[str]
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    (tmp_path / "t").write_text("{{ x }}a")
    assert rendered(tmp_path) == "1a"  # the suite keeps nothing
    monkeypatch.delenv(user_cache.SWITCH)
    assert [rendered(tmp_path), rendered(tmp_path)] == ["1a", "1a"] and len(compiled) == 2
    (kept,) = (tmp_path / "mcuforge" / "templates").iterdir()
    whole = kept.read_bytes()
    for content in (whole[:-1], b"", whole[:50] + b"\0" + whole[51:]):
        kept.write_bytes(content)
        assert rendered(tmp_path) == "1a" and kept.read_bytes() == whole
    assert len(compiled) == 5
    (tmp_path / "t").write_text("{{ x }}b")
    assert rendered(tmp_path) == "1b" and len(compiled) == 6
    (tmp_path / "maker.py").write_text("other filters")
    assert rendered(tmp_path, str(tmp_path / "maker.py")) == "1b" and len(compiled) == 7
